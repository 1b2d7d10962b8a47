package io.idempotent.store.jdbc;

import io.idempotent.server.Database;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;
import java.util.List;

/** Atomic calls on MariaDB, over a network that fails. */
@NeedsServer(Server.MARIADB)
final class MariaDbAtomicFaultTest extends AtomicFaultContract {

    @Override
    Database newDatabase() {
        return MariaDbServer.shared().newDatabase("fault");
    }

    @Override
    List<Purpose> requests() {
        return List.of(
                Purpose.BEGIN,
                Purpose.CLAIM,
                Purpose.CLAIM,
                Purpose.WORK,
                Purpose.COMPLETION,
                Purpose.COMMIT,
                Purpose.END);
    }
}
