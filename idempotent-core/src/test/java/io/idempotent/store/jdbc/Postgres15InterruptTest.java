package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** Interrupted callers of the JDBC store on PostgreSQL 15. */
@NeedsServer(Server.POSTGRES_15)
final class Postgres15InterruptTest extends JdbcInterruptContract {

    Postgres15InterruptTest() {
        super(TestDatabase.POSTGRES_15);
    }
}
