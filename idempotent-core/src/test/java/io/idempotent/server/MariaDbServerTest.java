package io.idempotent.server;

/** {@link MariaDbServer}. */
@NeedsServer(Server.MARIADB)
class MariaDbServerTest extends DatabaseServerContract {

    @Override
    DatabaseServer server() {
        return MariaDbServer.shared();
    }

    @Override
    String version() {
        return "11.4.5-MariaDB";
    }
}
