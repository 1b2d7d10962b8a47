package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

/** Locked records on MariaDB. */
@NeedsServer(Server.MARIADB)
final class MariaDbLockedRecordsTest extends LockedRecordsContract {

    MariaDbLockedRecordsTest() {
        super(TestDatabase.MARIADB);
    }

    @Test
    void aLockOnTheTableMakesARenewalFailWithinAThirdOfTheLease() throws SQLException {
        isRefusedInTimeWhileLockedBy("LOCK TABLES locked_record WRITE", "UNLOCK TABLES");
    }
}
