package io.idempotent.spring.store.redis;

import io.idempotent.codec.OutcomeFidelityContract;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import io.idempotent.store.IdempotencyStore;

/** Outcomes through Redis with Jedis. */
@NeedsServer(Server.REDIS)
class JedisRedisOutcomeFidelityTest extends OutcomeFidelityContract {

    private static final RedisIdempotencyStore STORE =
            new RedisIdempotencyStore(Driver.JEDIS.connect(RedisServer.shared().port()), "fidelity:");

    @Override
    protected IdempotencyStore store() {
        return STORE;
    }
}
