package io.idempotent.store.jdbc;

import io.idempotent.OnOneJdk;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;

/** The network between the JDBC store and PostgreSQL 18. */
@NeedsServer(Server.POSTGRES_18)
@OnOneJdk("the same faults of the network")
final class Postgres18NetworkFaultTest extends JdbcNetworkFaultContract {

    Postgres18NetworkFaultTest() {
        super(PostgresServer.version18().newDatabase("fault"), Dialect.POSTGRESQL);
    }
}
