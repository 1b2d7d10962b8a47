package io.idempotent.spring.store.redis;

import io.idempotent.fault.InterruptContract;
import io.idempotent.server.RedisServer;
import io.idempotent.store.IdempotencyStore;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/** Interrupted callers of the Redis store, for all drivers. */
abstract class RedisInterruptContract extends InterruptContract {

    private final RedisConnectionFactory connections;
    private final IdempotencyStore store;

    RedisInterruptContract(Driver driver) {
        this.connections = driver.connect(RedisServer.shared().port());
        this.store = new RedisIdempotencyStore(connections, UUID.randomUUID() + ":");
    }

    @Override
    protected final IdempotencyStore store() {
        return store;
    }

    @AfterEach
    void disconnect() throws Exception {
        ((DisposableBean) connections).destroy();
    }
}
