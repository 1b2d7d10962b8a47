package io.idempotent.spring;

import io.idempotent.OnOneJdk;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;
import io.idempotent.store.IdempotencyStore;
import java.time.Duration;

/** On PostgreSQL. */
@OnOneJdk("the Caffeine store's runs on both")
@NeedsServer(Server.POSTGRES_18)
class PostgresRivalsFailuresTest extends RivalsFailuresContract {

    private static final IdempotencyStore STORE = DurableBackend.POSTGRES
            .connect(DurableBackend.POSTGRES.newAddress())
            .store();
    private static final IdempotencyStore OTHER_STORE = DurableBackend.POSTGRES
            .connect(DurableBackend.POSTGRES.newAddress())
            .store();

    @Override
    IdempotencyStore store() {
        return STORE;
    }

    @Override
    IdempotencyStore otherStore() {
        return OTHER_STORE;
    }

    @Override
    Duration lease() {
        return Duration.ofSeconds(2);
    }
}
