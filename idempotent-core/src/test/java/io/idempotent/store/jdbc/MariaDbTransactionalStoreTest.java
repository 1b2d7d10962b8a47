package io.idempotent.store.jdbc;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** The JDBC store in transactions of others on MariaDB. */
@NeedsServer(Server.MARIADB)
final class MariaDbTransactionalStoreTest extends TransactionalStoreContract {

    MariaDbTransactionalStoreTest() {
        super(TestDatabase.MARIADB);
    }
}
