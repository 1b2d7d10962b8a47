package io.idempotent.server;

/** {@link PostgresServer}, the old version. */
@NeedsServer(Server.POSTGRES_15)
class Postgres15ServerTest extends DatabaseServerContract {

    @Override
    DatabaseServer server() {
        return PostgresServer.version15();
    }

    @Override
    String version() {
        return "PostgreSQL 15.";
    }
}
