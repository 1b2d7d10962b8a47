package io.idempotent.store.jdbc;

import io.idempotent.server.Database;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** The JDBC store and MariaDB. */
@NeedsServer(Server.MARIADB)
final class MariaDbBehaviourTest extends JdbcBehaviourContract {

    @Override
    Database newDatabase() {
        return MariaDbServer.shared().newDatabase("behaviour");
    }

    @Override
    int statementsOfClaim() {
        return 2;
    }

    @Override
    int roundTripsOfTransaction() {
        return 3;
    }

    @Override
    Dialect dialect() {
        return Dialect.MARIADB;
    }
}
