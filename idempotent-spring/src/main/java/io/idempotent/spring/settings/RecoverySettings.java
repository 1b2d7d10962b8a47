package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * How abandoned executions are finished without their callers. A null stands for the default.
 *
 * @param enabled Whether this node recovers and verifies at all.
 * @param interval How long after a sweep the next one begins at most; each pause is between half of it and all of it.
 * @param batch How many records of an operation one query lists.
 * @param threads How many records are recovered at the same time.
 */
@ConfigurationProperties("idempotent.recovery")
public record RecoverySettings(Boolean enabled, Duration interval, Integer batch, Integer threads) {

    private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(10);

    private static final Duration LONGEST_INTERVAL = Duration.ofDays(30);

    /**
     * Makes settings.
     *
     * @throws IdempotencyConfigurationException if a number is not positive, or the interval is shorter than 10
     *     milliseconds or longer than 30 days
     */
    public RecoverySettings {
        enabled = Defaults.or(enabled, true);
        interval = Defaults.or(interval, Duration.ofSeconds(30));
        batch = Defaults.or(batch, 100);
        threads = Defaults.or(threads, 2);
        if (interval.compareTo(SHORTEST_INTERVAL) < 0 || interval.compareTo(LONGEST_INTERVAL) > 0) {
            throw new IdempotencyConfigurationException(
                    "idempotent.recovery.interval is " + interval, "It has to be 10 milliseconds to 30 days");
        }
        checkPositive("batch", batch);
        checkPositive("threads", threads);
    }

    private static void checkPositive(String name, int number) {
        if (number < 1) {
            throw new IdempotencyConfigurationException(
                    "idempotent.recovery." + name + " is " + number, "It has to be one or more");
        }
    }
}
