package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** Interrupted callers of the JDBC store on MariaDB. */
@NeedsServer(Server.MARIADB)
final class MariaDbInterruptTest extends JdbcInterruptContract {

    MariaDbInterruptTest() {
        super(TestDatabase.MARIADB);
    }
}
