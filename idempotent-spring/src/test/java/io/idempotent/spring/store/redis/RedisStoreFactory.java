package io.idempotent.spring.store.redis;

import io.idempotent.kill.order.StoreFactory;
import io.idempotent.store.IdempotencyStore;
import java.time.Duration;
import java.util.List;

/** The Redis store on the server whose port is the only argument. */
public final class RedisStoreFactory implements StoreFactory {

    /** A database of Redis of its own: what is left there is in nobody's way. */
    private static final int DATABASE = 2;

    /** For the JVM that is told its name. */
    public RedisStoreFactory() {}

    /** With the driver that starts faster: a JVM that lives for a second or two has no time to waste. */
    @Override
    public IdempotencyStore open(List<String> arguments) {
        return new RedisIdempotencyStore(
                Driver.JEDIS.connect(Integer.parseInt(arguments.get(0)), DATABASE, Duration.ofSeconds(60)));
    }
}
