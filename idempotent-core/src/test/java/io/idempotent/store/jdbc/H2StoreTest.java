package io.idempotent.store.jdbc;

/** The JDBC store on H2. */
final class H2StoreTest extends JdbcStoreContract {

    H2StoreTest() {
        super(TestDatabase.H2);
    }
}
