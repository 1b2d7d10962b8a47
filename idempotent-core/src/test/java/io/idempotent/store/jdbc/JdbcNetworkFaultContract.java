package io.idempotent.store.jdbc;

import io.idempotent.fault.DatabaseThroughProxy;
import io.idempotent.fault.NetworkFaultContract;
import io.idempotent.server.Database;
import io.idempotent.server.TcpProxy;
import io.idempotent.store.IdempotencyStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;

/** The network between the JDBC store and a database's server. */
abstract class JdbcNetworkFaultContract extends NetworkFaultContract {

    private final Database database;
    private final Dialect dialect;
    private final IdempotencyStore otherNode;

    private DatabaseThroughProxy connections;

    JdbcNetworkFaultContract(Database database, Dialect dialect) {
        this.database = database;
        this.dialect = dialect;
        execute("CREATE TABLE elapsed (microseconds BIGINT NOT NULL)");
        execute("INSERT INTO elapsed VALUES (0)");
        this.otherNode = store(database.dataSource());
    }

    private IdempotencyStore store(DataSource dataSource) {
        return JdbcIdempotencyStore.builder(dataSource)
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .clock("(" + dialect.clock() + " + (SELECT microseconds FROM elapsed))")
                .build();
    }

    private void execute(String sql) {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException failure) {
            throw new IllegalStateException(sql, failure);
        }
    }

    @Override
    protected final TcpProxy newProxy() {
        return new TcpProxy(database.host(), database.port());
    }

    @Override
    protected final IdempotencyStore connect(TcpProxy proxy, Duration patience) {
        connections = new DatabaseThroughProxy(database, proxy, patience, "TRANSACTION_READ_COMMITTED");
        return store(connections.dataSource());
    }

    @Override
    protected final IdempotencyStore otherNode() {
        return otherNode;
    }

    @Override
    protected final void elapse(Duration time) {
        execute("UPDATE elapsed SET microseconds = microseconds + " + time.toNanos() / 1_000);
    }

    @Override
    protected final void awaitConnections() {
        connections.awaitConnections();
    }

    @AfterEach
    void disconnect() {
        connections.close();
    }
}
