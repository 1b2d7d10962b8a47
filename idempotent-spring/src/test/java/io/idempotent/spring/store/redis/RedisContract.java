package io.idempotent.spring.store.redis;

import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.IdempotencyStoreContract;
import java.time.Duration;
import java.util.UUID;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/** The contract for two nodes on one Redis, for all drivers and versions. */
abstract class RedisContract extends IdempotencyStoreContract {

    private final ShiftedTime time;
    private final IdempotencyStore store;
    private final IdempotencyStore otherNode;

    RedisContract(RedisConnectionFactory connections, RedisConnectionFactory otherConnections) {
        String keyPrefix = UUID.randomUUID() + ":";
        this.time = new ShiftedTime(connections, keyPrefix);
        this.store = time.over(new RedisIdempotencyStore(connections, keyPrefix));
        this.otherNode = time.over(new RedisIdempotencyStore(otherConnections, keyPrefix));
    }

    @Override
    protected final IdempotencyStore store() {
        return store;
    }

    @Override
    protected final IdempotencyStore otherNode() {
        return otherNode;
    }

    @Override
    protected final boolean keepsRequests() {
        return true;
    }

    @Override
    protected final void elapse(Duration duration) {
        time.elapse(duration);
    }
}
