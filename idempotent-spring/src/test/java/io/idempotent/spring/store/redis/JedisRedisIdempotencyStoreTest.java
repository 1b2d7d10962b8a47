package io.idempotent.spring.store.redis;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/** With Jedis. */
@NeedsServer(Server.REDIS)
class JedisRedisIdempotencyStoreTest extends RedisContract {

    private static final RedisConnectionFactory ONE =
            Driver.JEDIS.connect(RedisServer.shared().port());
    private static final RedisConnectionFactory OTHER =
            Driver.JEDIS.connect(RedisServer.shared().port());

    JedisRedisIdempotencyStoreTest() {
        super(ONE, OTHER);
    }
}
