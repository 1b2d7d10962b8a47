package io.idempotent.spring.test;

import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The time of the Caffeine store, which stands still until a test moves it: as a bean it makes retention and leases
 * elapse without waiting. Safe for use by many threads.
 */
public final class FakeTicker implements Ticker {

    private final AtomicLong nanoseconds = new AtomicLong();

    /** Makes a ticker that stands at zero. */
    public FakeTicker() {}

    /**
     * Lets time pass.
     *
     * @throws IllegalArgumentException if the duration is negative
     */
    public void advance(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("Time does not go back: " + duration);
        }
        nanoseconds.addAndGet(duration.toNanos());
    }

    @Override
    public long read() {
        return nanoseconds.get();
    }
}
