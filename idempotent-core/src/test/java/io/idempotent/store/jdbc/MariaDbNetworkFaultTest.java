package io.idempotent.store.jdbc;

import io.idempotent.OnOneJdk;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** The network between the JDBC store and MariaDB. */
@NeedsServer(Server.MARIADB)
@OnOneJdk("the same faults of the network")
final class MariaDbNetworkFaultTest extends JdbcNetworkFaultContract {

    MariaDbNetworkFaultTest() {
        super(MariaDbServer.shared().newDatabase("fault"), Dialect.MARIADB);
    }
}
