package io.idempotent.spring.operation;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A bean that tells of failures how long to pause before the next attempt, because what failed has said so. Safe for
 * use by many threads.
 *
 * <p>All such beans are asked about each failure that is going to be retried, and about its causes; the longest answer
 * counts. It stands in for the delay that is configured. Jitter comes on top of it, and {@code max-delay} limits both.
 * If the operation has not so much time left, its caller gets the failure at once.
 *
 * <p>The library itself knows {@code Retry-After} of the exceptions of {@code RestClient} and {@code RestTemplate}, and
 * {@link io.idempotent.IdempotencyInProgressException#retryAfter()} of an exception that is the cause of another.
 */
@FunctionalInterface
public interface RetryHint {

    /**
     * Returns how long to pause after a failure. What it throws is added to the failure, as suppressed.
     *
     * @param failure what an attempt threw, or a cause of that
     * @return how long, at least; null if the failure does not say
     */
    @Nullable
    Duration after(Throwable failure);
}
