package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyKey;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.Test;

/** The JDBC store on H2. */
final class H2StoreTest extends JdbcStoreContract {

    H2StoreTest() {
        super(TestDatabase.H2);
    }

    @Test
    void theNextOneToUseAConnectionMayTakeAsLongAsBefore() throws SQLException {
        JdbcConnectionPool single = JdbcConnectionPool.create("jdbc:h2:mem:single", "sa", "");
        single.setMaxConnections(1);
        JdbcIdempotencyStore store = JdbcIdempotencyStore.builder(single).build();
        assertThat(store.find(IdempotencyKey.of("pay", "4711"))).isNull();
        try (Connection connection = single.getConnection();
                Statement statement = connection.createStatement()) {
            assertThat(statement.getQueryTimeout()).isZero();
        } finally {
            single.dispose();
        }
    }
}
