package io.idempotent.spring.store.redis;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.IdempotencyStoreContract;
import java.time.Duration;
import java.util.UUID;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/** The contract with Jedis. */
@NeedsServer(Server.REDIS)
class JedisRedisIdempotencyStoreTest extends IdempotencyStoreContract {

    private static final RedisConnectionFactory ONE =
            Driver.JEDIS.connect(RedisServer.shared().port());
    private static final RedisConnectionFactory OTHER =
            Driver.JEDIS.connect(RedisServer.shared().port());

    private final String keyPrefix = UUID.randomUUID() + ":";
    private final ShiftedTime time = new ShiftedTime(ONE, keyPrefix);
    private final IdempotencyStore store = time.over(new RedisIdempotencyStore(ONE, keyPrefix));
    private final IdempotencyStore otherNode = time.over(new RedisIdempotencyStore(OTHER, keyPrefix));

    @Override
    protected IdempotencyStore store() {
        return store;
    }

    @Override
    protected IdempotencyStore otherNode() {
        return otherNode;
    }

    @Override
    protected void elapse(Duration duration) {
        time.elapse(duration);
    }
}
