package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** Steps in the JDBC store on PostgreSQL 18. */
@NeedsServer(Server.POSTGRES_18)
final class Postgres18StepTest extends JdbcStepContract {

    Postgres18StepTest() {
        super(
                TestDatabase.POSTGRES_18,
                "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname ="
                        + " current_database()");
    }

    @Override
    String longer(int turn) {
        return "record_key || decode('%02x', 'hex')".formatted((int) 'a' + turn);
    }

    @Override
    String analyze() {
        return "ANALYZE stepping";
    }

    @Override
    boolean finds(String plan) {
        // The index of what has ended finds what has not as well.
        return plan.contains("stepping_open") || plan.contains("Index Cond: (retained_until IS NULL)");
    }

    @Override
    boolean findsDue(String plan) {
        return plan.matches("(?s).*Index Cond: \\(\\(retained_until >= .*\\) AND \\(retained_until <= .*");
    }
}
