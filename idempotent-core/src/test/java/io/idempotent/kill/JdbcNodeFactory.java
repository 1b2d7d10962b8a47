package io.idempotent.kill;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.util.List;
import javax.sql.DataSource;

/** Leased operations on the JDBC store; records and payments in one database, whose URL is the only argument. */
public class JdbcNodeFactory implements NodeFactory {

    /** For the JVM that is told its name. */
    public JdbcNodeFactory() {}

    @Override
    public final Node open(List<String> arguments, Journal journal) {
        DataSource database = pool(arguments.get(0));
        return new LeasedNode(store(database), database, journal);
    }

    /** The store under test. */
    IdempotencyStore store(DataSource database) {
        return JdbcIdempotencyStore.builder(database).build();
    }

    /** A pool that opens its connections when they are needed: a JVM that lives for a second has no time to waste. */
    public static DataSource pool(String url) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(NodeProgram.THREADS + 2);
        config.setMinimumIdle(0);
        return new HikariDataSource(config);
    }
}
