package io.idempotent.fault;

import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.server.Database;
import io.idempotent.server.TcpProxy;
import java.time.Duration;
import javax.sql.DataSource;

/**
 * A database whose connections go through a proxy, all opened before they are needed: only one is used at a time, so
 * that requests can be told by their number.
 */
public final class DatabaseThroughProxy implements AutoCloseable {

    private static final int CONNECTIONS = 3;

    private final HikariDataSource pool;

    /**
     * Opens the connections.
     *
     * @param database the database
     * @param proxy in front of its server
     * @param patience how long a connection waits for an answer before it breaks
     * @param isolation of transactions, as {@link java.sql.Connection} calls it
     */
    public DatabaseThroughProxy(Database database, TcpProxy proxy, Duration patience, String isolation) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(database.through(proxy).dataSource(patience));
        config.setTransactionIsolation(isolation);
        config.setMaximumPoolSize(CONNECTIONS);
        config.setConnectionTimeout(5_000);
        // Asked before each use only if it was idle for longer, which would be one more request to count.
        System.setProperty("com.zaxxer.hikari.aliveBypassWindowMs", "600000");
        pool = new HikariDataSource(config);
    }

    /** Where the connections come from; always the same. */
    public DataSource dataSource() {
        return pool;
    }

    /** Waits until broken connections are replaced. */
    public void awaitConnections() {
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(2))
                .until(() -> pool.getHikariPoolMXBean().getIdleConnections() == CONNECTIONS);
    }

    @Override
    public void close() {
        pool.close();
    }
}
