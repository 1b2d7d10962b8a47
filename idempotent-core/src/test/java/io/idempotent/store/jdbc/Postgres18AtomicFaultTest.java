package io.idempotent.store.jdbc;

import io.idempotent.server.Database;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import java.util.List;

/** Atomic calls on PostgreSQL 18, over a network that fails. */
@NeedsServer(Server.POSTGRES_18)
final class Postgres18AtomicFaultTest extends AtomicFaultContract {

    @Override
    Database newDatabase() {
        return PostgresServer.version18().newDatabase("fault");
    }

    @Override
    List<Purpose> requests() {
        return List.of(Purpose.CLAIM, Purpose.WORK, Purpose.COMPLETION, Purpose.COMMIT);
    }
}
