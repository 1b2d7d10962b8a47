package io.idempotent.spring.settings;

import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The store in Redis. A null stands for the default.
 *
 * @param keyPrefix What the Redis keys of records begin with: the same for all that share records, another for others.
 *     A blank one is no prefix.
 */
@ConfigurationProperties("idempotent.redis")
public record RedisSettings(String keyPrefix) {

    /** Makes settings. */
    public RedisSettings {
        keyPrefix = Defaults.or(keyPrefix, "idempotent:");
    }
}
