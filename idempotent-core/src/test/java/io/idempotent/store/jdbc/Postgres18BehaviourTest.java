package io.idempotent.store.jdbc;

import io.idempotent.server.Database;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;

/** The JDBC store and PostgreSQL 18. */
@NeedsServer(Server.POSTGRES_18)
final class Postgres18BehaviourTest extends JdbcBehaviourContract {

    @Override
    Database newDatabase() {
        return PostgresServer.version18().newDatabase("behaviour");
    }

    @Override
    int statementsOfClaim() {
        return 1;
    }

    @Override
    int roundTripsOfTransaction() {
        return 1;
    }

    @Override
    Dialect dialect() {
        return Dialect.POSTGRESQL;
    }
}
