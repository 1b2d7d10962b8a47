package io.idempotent.store.jdbc;

import javax.sql.DataSource;
import org.h2.jdbcx.JdbcConnectionPool;

/** The JDBC store on H2, in memory. */
final class H2StoreTest extends JdbcStoreContract {

    private static final DataSource DATABASE =
            JdbcConnectionPool.create("jdbc:h2:mem:store-contract;DB_CLOSE_DELAY=-1", "sa", "");

    @Override
    DataSource dataSource() {
        return DATABASE;
    }

    @Override
    Dialect dialect() {
        return Dialect.H2;
    }
}
