package io.idempotent.spring;

import io.idempotent.OnOneJdk;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;
import io.idempotent.store.IdempotencyStore;
import java.time.Duration;

/** On Redis. */
@OnOneJdk("the Caffeine store's runs on both")
@NeedsServer(Server.REDIS)
class RedisRivalsFailuresTest extends RivalsFailuresContract {

    private static final IdempotencyStore STORE =
            DurableBackend.REDIS.connect(DurableBackend.REDIS.newAddress()).store();
    private static final IdempotencyStore OTHER_STORE =
            DurableBackend.REDIS.connect(DurableBackend.REDIS.newAddress()).store();

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
