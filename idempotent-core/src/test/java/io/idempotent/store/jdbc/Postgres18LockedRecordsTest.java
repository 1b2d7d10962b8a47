package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

/** Locked records on PostgreSQL. */
@NeedsServer(Server.POSTGRES_18)
final class Postgres18LockedRecordsTest extends LockedRecordsContract {

    Postgres18LockedRecordsTest() {
        super(TestDatabase.POSTGRES_18);
    }

    @Test
    void a_lock_on_the_table_makes_a_renewal_fail_within_a_third_of_the_lease() throws SQLException {
        isRefusedInTimeWhileLockedBy("LOCK TABLE locked_record IN ACCESS EXCLUSIVE MODE", "SELECT 1");
    }
}
