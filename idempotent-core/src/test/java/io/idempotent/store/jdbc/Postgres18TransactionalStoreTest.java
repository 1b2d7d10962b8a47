package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** The JDBC store in transactions of others on PostgreSQL 18. */
@NeedsServer(Server.POSTGRES_18)
final class Postgres18TransactionalStoreTest extends TransactionalStoreContract {

    Postgres18TransactionalStoreTest() {
        super(TestDatabase.POSTGRES_18);
    }
}
