package io.idempotent.store.jdbc;

/** Interrupted callers of the JDBC store on H2 in memory. */
final class H2InterruptTest extends JdbcInterruptContract {

    H2InterruptTest() {
        super(TestDatabase.H2);
    }
}
