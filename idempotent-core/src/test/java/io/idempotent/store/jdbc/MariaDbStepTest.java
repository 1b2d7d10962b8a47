package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** Steps in the JDBC store on MariaDB. */
@NeedsServer(Server.MARIADB)
final class MariaDbStepTest extends JdbcStepContract {

    MariaDbStepTest() {
        super(TestDatabase.MARIADB, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'");
    }

    @Override
    String longer(int turn) {
        return "CONCAT(record_key, '%c')".formatted('a' + turn);
    }

    @Override
    boolean finds(String plan) {
        // The length of what is used of the index: the column alone, or the key that follows it as well.
        return plan.matches("(?s).* stepping_purge (9|1751) .*");
    }

    @Override
    boolean findsDue(String plan) {
        return plan.matches("(?s).* range stepping_purge stepping_purge 9 .*");
    }
}
