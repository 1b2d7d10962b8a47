package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.util.unit.DataSize;

/**
 * The store in this JVM's memory. A null stands for the default.
 *
 * @param maximumSize How many records are kept at most; beyond that the completed record nearest the end of its
 *     retention goes.
 * @param maximumWeight How much the records may weigh, which is about how many bytes of memory they take; a quarter of
 *     the heap if it is not set. Beyond that, too, the completed record nearest the end of its retention goes.
 * @param storeByValue Whether outcomes are kept as JSON, so that callers never share an object.
 */
@ConfigurationProperties("idempotent.caffeine")
public record CaffeineSettings(Long maximumSize, @Nullable DataSize maximumWeight, Boolean storeByValue) {

    /**
     * Makes settings.
     *
     * @throws IdempotencyConfigurationException if there would be no room for a record
     */
    public CaffeineSettings {
        maximumSize = Defaults.or(maximumSize, CaffeineIdempotencyStore.DEFAULT_MAXIMUM_SIZE);
        storeByValue = Defaults.or(storeByValue, false);
        if (maximumSize < 1) {
            throw new IdempotencyConfigurationException(
                    "idempotent.caffeine.maximum-size is " + maximumSize, "It has to be one or more");
        }
        if (maximumWeight != null && maximumWeight.toBytes() < 1) {
            throw new IdempotencyConfigurationException(
                    "idempotent.caffeine.maximum-weight is " + maximumWeight, "It has to be one byte or more");
        }
    }
}
