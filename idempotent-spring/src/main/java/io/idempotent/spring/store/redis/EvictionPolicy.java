package io.idempotent.spring.store.redis;

import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/**
 * What Redis does when its memory is full: with idempotency records in it, it has to refuse writes and evict nothing.
 */
final class EvictionPolicy {

    private static final Log LOG = LogFactory.getLog(EvictionPolicy.class);

    private static final String PARAMETER = "maxmemory-policy";
    private static final String REQUIRED = "noeviction";

    private EvictionPolicy() {}

    /** Asks Redis, and warns if it may evict records; says so if Redis does not tell. Never fails. */
    static void check(RedisConnectionFactory connectionFactory) {
        Properties parameters;
        try (RedisConnection connection = connectionFactory.getConnection()) {
            parameters = connection.serverCommands().getConfig(PARAMETER);
        } catch (RuntimeException refused) {
            // Managed services often refuse the CONFIG command; and whether Redis can be reached is not asked here.
            tellNotChecked(String.valueOf(refused.getMessage()));
            return;
        }
        if (parameters == null || parameters.isEmpty()) {
            tellNotChecked("it answered nothing");
            return;
        }
        // One for each node of a cluster, whose name then stands before that of the parameter.
        Set<String> policies = new TreeSet<>();
        parameters.forEach((name, value) -> policies.add(value.toString()));
        policies.remove(REQUIRED);
        if (!policies.isEmpty()) {
            LOG.warn("Redis may evict idempotency records when its memory is full, since its " + PARAMETER + " is "
                    + String.join(", ", policies) + ": a key whose record was evicted is free, and its operation runs"
                    + " again. Set " + PARAMETER + " to " + REQUIRED
                    + ", or keep the records in a Redis apart from the caches");
        }
    }

    private static void tellNotChecked(String reason) {
        LOG.info("Whether Redis evicts idempotency records when its memory is full could not be checked (" + reason
                + "): make sure that its " + PARAMETER + " is " + REQUIRED);
    }
}
