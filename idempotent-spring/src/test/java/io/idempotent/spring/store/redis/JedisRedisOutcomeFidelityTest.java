package io.idempotent.spring.store.redis;

import io.idempotent.RecordedOutcome;
import io.idempotent.codec.OutcomeFidelityContract;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;

/** Outcomes through Redis with Jedis. */
@NeedsServer(Server.REDIS)
class JedisRedisOutcomeFidelityTest extends OutcomeFidelityContract {

    private static final RedisIdempotencyStore STORE =
            new RedisIdempotencyStore(Driver.JEDIS.connect(RedisServer.shared().port()), "fidelity:");

    @Override
    protected RecordedOutcome store(RecordedOutcome outcome) {
        return StoredOutcome.through(STORE, outcome);
    }
}
