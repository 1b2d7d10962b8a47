package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** The JDBC store on MariaDB. */
@NeedsServer(Server.MARIADB)
final class MariaDbStoreTest extends JdbcStoreContract {

    MariaDbStoreTest() {
        super(TestDatabase.MARIADB);
    }
}
