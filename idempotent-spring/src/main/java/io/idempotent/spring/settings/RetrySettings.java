package io.idempotent.spring.settings;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How often and when a failed attempt is followed by another, in the words of Spring Framework's
 * {@code org.springframework.core.retry.RetryPolicy}; null stands for what was not said.
 *
 * @param maxRetries how many attempts may follow the first; 0 unless said otherwise
 * @param delay the pause before the first retry; one second unless said otherwise
 * @param multiplier by how much each pause is longer than the one before; 1 unless said otherwise
 * @param maxDelay the longest pause; unlimited unless said otherwise
 * @param jitter by how much a pause may be longer or shorter at random, never shorter than the delay; as much as the delay unless said otherwise
 * @param timeout how long all attempts and pauses may take; zero, without limit, unless said otherwise
 * @param includes the types of failures that are retried; all unless said otherwise
 * @param excludes the types of failures that are not retried; none unless said otherwise
 */
public record RetrySettings(
        @Nullable Long maxRetries,
        @Nullable Duration delay,
        @Nullable Double multiplier,
        @Nullable Duration maxDelay,
        @Nullable Duration jitter,
        @Nullable Duration timeout,
        @Nullable List<Class<? extends Throwable>> includes,
        @Nullable List<Class<? extends Throwable>> excludes) {

    /** Settings that say nothing. */
    public static final RetrySettings UNSAID = new RetrySettings(null, null, null, null, null, null, null, null);

    /** Makes settings. */
    public RetrySettings {
        includes = includes == null ? null : List.copyOf(includes);
        excludes = excludes == null ? null : List.copyOf(excludes);
    }

    /** Settings that say nothing but how many attempts may follow the first. */
    public static RetrySettings ofMaxRetries(long maxRetries) {
        return new RetrySettings(maxRetries, null, null, null, null, null, null, null);
    }

    /** These settings, and where they say nothing the others. */
    public RetrySettings orElse(RetrySettings others) {
        return new RetrySettings(
                OperationSettings.first(maxRetries, others.maxRetries),
                OperationSettings.first(delay, others.delay),
                OperationSettings.first(multiplier, others.multiplier),
                OperationSettings.first(maxDelay, others.maxDelay),
                OperationSettings.first(jitter, others.jitter),
                OperationSettings.first(timeout, others.timeout),
                OperationSettings.first(includes, others.includes),
                OperationSettings.first(excludes, others.excludes));
    }
}
