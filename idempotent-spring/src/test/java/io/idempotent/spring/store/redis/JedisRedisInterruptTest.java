package io.idempotent.spring.store.redis;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** With Jedis. */
@NeedsServer(Server.REDIS)
class JedisRedisInterruptTest extends RedisInterruptContract {

    JedisRedisInterruptTest() {
        super(Driver.JEDIS);
    }
}
