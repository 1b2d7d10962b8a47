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
    void aLockOnTheTableMakesARenewalFailWithinAThirdOfTheLease() throws SQLException {
        isRefusedInTimeWhileLockedBy("LOCK TABLE locked_record IN ACCESS EXCLUSIVE MODE", "SELECT 1");
    }
}
