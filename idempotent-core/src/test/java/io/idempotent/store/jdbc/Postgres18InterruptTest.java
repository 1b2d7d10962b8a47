package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** Interrupted callers of the JDBC store on PostgreSQL 18. */
@NeedsServer(Server.POSTGRES_18)
final class Postgres18InterruptTest extends JdbcInterruptContract {

    Postgres18InterruptTest() {
        super(TestDatabase.POSTGRES_18);
    }
}
