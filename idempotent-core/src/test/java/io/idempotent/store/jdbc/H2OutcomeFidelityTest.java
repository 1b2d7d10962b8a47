package io.idempotent.store.jdbc;

/** What H2 keeps comes back as it was. */
final class H2OutcomeFidelityTest extends JdbcOutcomeFidelityContract {

    H2OutcomeFidelityTest() {
        super(TestDatabase.H2);
    }
}
