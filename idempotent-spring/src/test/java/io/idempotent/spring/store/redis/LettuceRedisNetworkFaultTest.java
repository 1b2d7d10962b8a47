package io.idempotent.spring.store.redis;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** With Lettuce. */
@NeedsServer(Server.REDIS)
class LettuceRedisNetworkFaultTest extends RedisNetworkFaultContract {

    LettuceRedisNetworkFaultTest() {
        super(Driver.LETTUCE);
    }
}
