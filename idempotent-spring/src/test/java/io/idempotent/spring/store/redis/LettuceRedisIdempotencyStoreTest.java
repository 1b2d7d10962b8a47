package io.idempotent.spring.store.redis;

import io.idempotent.OnOneJdk;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/** With Lettuce. */
@OnOneJdk("the scripts are those that JedisRedisIdempotencyStoreTest runs on both")
@NeedsServer(Server.REDIS)
class LettuceRedisIdempotencyStoreTest extends RedisContract {

    private static final RedisConnectionFactory ONE =
            Driver.LETTUCE.connect(RedisServer.shared().port());
    private static final RedisConnectionFactory OTHER =
            Driver.LETTUCE.connect(RedisServer.shared().port());

    LettuceRedisIdempotencyStoreTest() {
        super(ONE, OTHER);
    }
}
