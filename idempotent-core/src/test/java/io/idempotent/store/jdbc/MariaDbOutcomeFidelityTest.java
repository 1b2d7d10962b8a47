package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** What MariaDB keeps comes back as it was. */
@NeedsServer(Server.MARIADB)
final class MariaDbOutcomeFidelityTest extends JdbcOutcomeFidelityContract {

    MariaDbOutcomeFidelityTest() {
        super(TestDatabase.MARIADB);
    }
}
