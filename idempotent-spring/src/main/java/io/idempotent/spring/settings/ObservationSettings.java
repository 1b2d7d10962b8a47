package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * What metrics, traces and logs tell of calls. A null stands for the default.
 *
 * @param includeKey Whether spans have the key's value, the attempt, the take-overs and the fencing token. Never a tag
 *     of a metric.
 * @param mdc Whether the operation and the key's value are in SLF4J's MDC, as idempotency.operation and
 *     idempotency.key, while an operation runs.
 * @param countInterval How long a count of the records in progress is good for: a store is asked once in that time,
 *     however often its metrics are scraped.
 */
@ConfigurationProperties("idempotent.observation")
public record ObservationSettings(Boolean includeKey, Boolean mdc, Duration countInterval) {

    /**
     * Makes settings.
     *
     * @throws IdempotencyConfigurationException if the interval is not positive
     */
    public ObservationSettings {
        includeKey = Defaults.or(includeKey, false);
        mdc = Defaults.or(mdc, false);
        countInterval = Defaults.or(countInterval, Duration.ofSeconds(30));
        if (countInterval.isNegative() || countInterval.isZero()) {
            throw new IdempotencyConfigurationException(
                    "idempotent.observation.count-interval is " + countInterval, "It has to be positive");
        }
    }
}
