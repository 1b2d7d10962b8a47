package io.idempotent.store.jdbc;

import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.IdempotencyStoreContract;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;

/**
 * What every store promises, on a database; time elapses by moving the database's clock, as the store sees it, ahead by
 * what a table says.
 */
abstract class JdbcStoreContract extends IdempotencyStoreContract {

    private final TestDatabase database;
    private JdbcIdempotencyStore store;
    private JdbcIdempotencyStore otherNode;

    JdbcStoreContract(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void prepare() throws SQLException {
        execute("CREATE TABLE IF NOT EXISTS elapsed (microseconds BIGINT NOT NULL)");
        execute("DELETE FROM elapsed");
        execute("INSERT INTO elapsed VALUES (0)");
        store = node();
        otherNode = node();
    }

    private JdbcIdempotencyStore node() {
        return JdbcIdempotencyStore.builder(database.pool())
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .clock("(" + database.dialect().clock() + " + (SELECT microseconds FROM elapsed))")
                .build();
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = database.pool().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    protected IdempotencyStore store() {
        return store;
    }

    @Override
    protected IdempotencyStore otherNode() {
        return otherNode;
    }

    @Override
    protected void elapse(Duration time) {
        try (Connection connection = database.pool().getConnection();
                PreparedStatement statement =
                        connection.prepareStatement("UPDATE elapsed SET microseconds = microseconds + ?")) {
            statement.setLong(1, time.toNanos() / 1_000);
            statement.executeUpdate();
        } catch (SQLException failure) {
            throw new AssertionError(failure);
        }
    }

    @Override
    protected boolean counts() {
        return true;
    }

    @Override
    protected boolean keepsRequests() {
        return true;
    }

    @Override
    protected void purge() {
        store.purge(1_000);
    }
}
