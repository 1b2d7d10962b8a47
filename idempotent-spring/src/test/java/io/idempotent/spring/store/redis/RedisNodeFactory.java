package io.idempotent.spring.store.redis;

import io.idempotent.kill.JdbcNodeFactory;
import io.idempotent.kill.Journal;
import io.idempotent.kill.LeasedNode;
import io.idempotent.kill.Node;
import io.idempotent.kill.NodeFactory;
import java.time.Duration;
import java.util.List;

/**
 * Leased operations on the Redis store, whose port is the first argument; payments in the database whose URL is the
 * second.
 */
public final class RedisNodeFactory implements NodeFactory {

    /** A database of Redis of its own: what is left there is in nobody's way. */
    private static final int DATABASE = 1;

    /** For the JVM that is told its name. */
    public RedisNodeFactory() {}

    /** With the driver that starts faster: a JVM that lives for a second or two has no time to waste. */
    @Override
    public Node open(List<String> arguments, Journal journal) {
        var connections = Driver.JEDIS.connect(Integer.parseInt(arguments.get(0)), DATABASE, Duration.ofSeconds(60));
        return new LeasedNode(new RedisIdempotencyStore(connections), JdbcNodeFactory.pool(arguments.get(1)), journal);
    }
}
