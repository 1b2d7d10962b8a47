package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** What PostgreSQL 18 keeps comes back as it was. */
@NeedsServer(Server.POSTGRES_18)
final class Postgres18OutcomeFidelityTest extends JdbcOutcomeFidelityContract {

    Postgres18OutcomeFidelityTest() {
        super(TestDatabase.POSTGRES_18);
    }
}
