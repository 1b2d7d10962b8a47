package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.store.caffeine.CompletedRecordCache;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * What is kept of a durable store in this JVM's memory. A null stands for the default.
 *
 * @param maximumSize How many completed records of a durable store are kept in this JVM's memory, so that a replay of
 *     one costs no round trip. Zero is no near cache. 10000 is a good size unless outcomes are large.
 * @param timeToLive How long a completed record is kept there, and so how long it may go unseen that another node
 *     forgot it.
 */
@ConfigurationProperties("idempotent.near-cache")
public record NearCacheSettings(Long maximumSize, Duration timeToLive) {

    /**
     * Makes settings.
     *
     * @throws IdempotencyConfigurationException if the size is negative, or the time is not positive
     */
    public NearCacheSettings {
        maximumSize = Defaults.or(maximumSize, 0L);
        timeToLive = Defaults.or(timeToLive, CompletedRecordCache.DEFAULT_TIME_TO_LIVE);
        if (maximumSize < 0) {
            throw new IdempotencyConfigurationException(
                    "idempotent.near-cache.maximum-size is " + maximumSize, "It has to be zero or more");
        }
        if (timeToLive.isNegative() || timeToLive.isZero()) {
            throw new IdempotencyConfigurationException(
                    "idempotent.near-cache.time-to-live is " + timeToLive, "It has to be positive");
        }
    }
}
