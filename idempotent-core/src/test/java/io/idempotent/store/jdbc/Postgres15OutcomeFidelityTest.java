package io.idempotent.store.jdbc;

import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.codec.OutcomeFidelityContract;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import io.idempotent.store.IdempotencyStore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** What PostgreSQL 15 keeps comes back as it was. */
@NeedsServer(Server.POSTGRES_15)
final class Postgres15OutcomeFidelityTest extends OutcomeFidelityContract {

    private static HikariDataSource database;
    private static JdbcIdempotencyStore store;

    @BeforeAll
    static void open() {
        database = JdbcStoreContract.pool(PostgresServer.version15().newDatabase("fidelity"));
        store = JdbcIdempotencyStore.builder(database)
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build();
    }

    @AfterAll
    static void close() {
        database.close();
    }

    @Override
    protected IdempotencyStore store() {
        return store;
    }
}
