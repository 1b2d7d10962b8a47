package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** The JDBC store on PostgreSQL 18. */
@NeedsServer(Server.POSTGRES_18)
final class Postgres18StoreTest extends JdbcStoreContract {

    Postgres18StoreTest() {
        super(TestDatabase.POSTGRES_18);
    }
}
