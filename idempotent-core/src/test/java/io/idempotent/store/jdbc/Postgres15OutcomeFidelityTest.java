package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** What PostgreSQL 15 keeps comes back as it was. */
@NeedsServer(Server.POSTGRES_15)
final class Postgres15OutcomeFidelityTest extends JdbcOutcomeFidelityContract {

    Postgres15OutcomeFidelityTest() {
        super(TestDatabase.POSTGRES_15);
    }
}
