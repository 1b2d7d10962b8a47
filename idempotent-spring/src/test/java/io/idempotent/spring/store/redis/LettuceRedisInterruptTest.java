package io.idempotent.spring.store.redis;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;

/** With Lettuce. */
@NeedsServer(Server.REDIS)
class LettuceRedisInterruptTest extends RedisInterruptContract {

    LettuceRedisInterruptTest() {
        super(Driver.LETTUCE);
    }
}
