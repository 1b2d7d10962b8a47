package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** The JDBC store on PostgreSQL 15. */
@NeedsServer(Server.POSTGRES_15)
final class Postgres15StoreTest extends JdbcStoreContract {

    Postgres15StoreTest() {
        super(TestDatabase.POSTGRES_15);
    }
}
