package io.idempotent.store.jdbc;

import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;

/** The JDBC store in transactions of others on H2, whose connections wait for a lock for a tenth of a second. */
final class H2TransactionalStoreTest extends TransactionalStoreContract {

    H2TransactionalStoreTest() {
        super(TestDatabase.H2);
    }

    @Override
    DataSource source() {
        JdbcDataSource database = new JdbcDataSource();
        database.setUrl("jdbc:h2:mem:transactions;DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=100");
        return database;
    }
}
