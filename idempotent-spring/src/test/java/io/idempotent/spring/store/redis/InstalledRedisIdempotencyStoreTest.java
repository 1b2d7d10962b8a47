package io.idempotent.spring.store.redis;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.RedisServer;
import io.idempotent.server.Server;
import org.junit.jupiter.api.condition.EnabledIf;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/** On the Redis of this machine, if it has one: a later version than the one that comes with the build. */
@NeedsServer(Server.REDIS)
@EnabledIf("io.idempotent.server.RedisServer#isInstalled")
class InstalledRedisIdempotencyStoreTest extends RedisContract {

    private static final RedisConnectionFactory ONE =
            Driver.LETTUCE.connect(RedisServer.installed().port());
    private static final RedisConnectionFactory OTHER =
            Driver.LETTUCE.connect(RedisServer.installed().port());

    InstalledRedisIdempotencyStoreTest() {
        super(ONE, OTHER);
    }
}
