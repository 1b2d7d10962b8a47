package io.idempotent.store.jdbc;

import java.util.Locale;

/** Steps in the JDBC store on H2. */
final class H2StepTest extends JdbcStepContract {

    H2StepTest() {
        super(TestDatabase.H2, "SELECT COUNT(*) FROM information_schema.sessions WHERE blocker_id IS NOT NULL");
    }

    @Override
    String longer(int turn) {
        return "record_key || CAST('%c' AS VARBINARY)".formatted('a' + turn);
    }

    @Override
    boolean finds(String plan) {
        return plan.toLowerCase(Locale.ROOT).contains("stepping_purge");
    }

    @Override
    boolean findsDue(String plan) {
        return plan.matches("(?is).*stepping_purge: retained_until >= .*and retained_until <= .*");
    }
}
