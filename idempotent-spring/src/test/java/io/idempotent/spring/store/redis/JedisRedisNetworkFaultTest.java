package io.idempotent.spring.store.redis;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** With Jedis. */
@NeedsServer(Server.REDIS)
class JedisRedisNetworkFaultTest extends RedisNetworkFaultContract {

    JedisRedisNetworkFaultTest() {
        super(Driver.JEDIS);
    }
}
