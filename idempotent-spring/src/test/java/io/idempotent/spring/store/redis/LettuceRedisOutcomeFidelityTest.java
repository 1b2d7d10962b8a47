package io.idempotent.spring.store.redis;

import io.idempotent.codec.OutcomeFidelityContract;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import io.idempotent.store.IdempotencyStore;

/** Outcomes through Redis with Lettuce. */
@NeedsServer(Server.REDIS)
class LettuceRedisOutcomeFidelityTest extends OutcomeFidelityContract {

    private static final RedisIdempotencyStore STORE = new RedisIdempotencyStore(
            Driver.LETTUCE.connect(RedisServer.shared().port()), "fidelity:");

    @Override
    protected IdempotencyStore store() {
        return STORE;
    }
}
