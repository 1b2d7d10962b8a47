package io.idempotent.spring.settings;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.NestedConfigurationProperty;

/**
 * How often and when a failed attempt is followed by another, in the words of Spring Framework's
 * {@code org.springframework.core.retry.RetryPolicy}; null stands for what is not said.
 *
 * @param maxRetries How many attempts may follow the first, within one claim.
 * @param delay Pause before the first retry.
 * @param multiplier By how much each pause is longer than the one before.
 * @param maxDelay The longest pause. Without limit by default.
 * @param jitter By how much a pause may be longer or shorter at random, never shorter than the delay. As much as the
 *     delay by default.
 * @param timeout How long all attempts and pauses may take. Zero is without limit.
 * @param includes Types of failures that are retried, subtypes included. All by default, and if the list is empty.
 * @param excludes Types of failures that are not retried, subtypes included. None by default, and if the list is empty.
 * @param budget How many retries there may be for how many successful calls.
 */
public record RetrySettings(
        @Nullable Long maxRetries,
        @Nullable Duration delay,
        @Nullable Double multiplier,
        @Nullable Duration maxDelay,
        @Nullable Duration jitter,
        @Nullable Duration timeout,
        @Nullable List<Class<? extends Throwable>> includes,
        @Nullable List<Class<? extends Throwable>> excludes,
        @NestedConfigurationProperty RetryBudgetSettings budget) {

    /** Settings that say nothing. */
    public static final RetrySettings UNSAID = SettingRecords.read(RetrySettings.class, (name, type) -> null);

    /** Makes settings; a null budget says nothing. */
    public RetrySettings {
        includes = includes == null ? null : List.copyOf(includes);
        excludes = excludes == null ? null : List.copyOf(excludes);
        budget = Defaults.or(budget, RetryBudgetSettings.UNSAID);
    }

    /** Whether these settings say nothing. */
    public boolean isUnsaid() {
        // Written out: the first call of the equals that a record has takes as long as the start of many operations.
        return maxRetries == null
                && delay == null
                && multiplier == null
                && maxDelay == null
                && jitter == null
                && timeout == null
                && includes == null
                && excludes == null
                && budget.tokens() == null
                && budget.perSuccess() == null
                && budget.name() == null;
    }

    /** Makes settings that say nothing but how many attempts may follow the first. */
    public static RetrySettings ofMaxRetries(long maxRetries) {
        return new RetrySettings(maxRetries, null, null, null, null, null, null, null, RetryBudgetSettings.UNSAID);
    }
}
