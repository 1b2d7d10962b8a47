package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** The JDBC store in transactions of others on PostgreSQL 15. */
@NeedsServer(Server.POSTGRES_15)
final class Postgres15TransactionalStoreTest extends TransactionalStoreContract {

    Postgres15TransactionalStoreTest() {
        super(TestDatabase.POSTGRES_15);
    }
}
