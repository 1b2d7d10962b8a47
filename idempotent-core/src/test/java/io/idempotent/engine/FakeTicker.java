package io.idempotent.engine;

import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** A clock that stands still until it is told to go on: one for a store and for the engines on it. */
final class FakeTicker implements Ticker, LongSupplier {

    // Begins below zero, where System.nanoTime may be, and passes zero.
    private final AtomicLong nanoseconds = new AtomicLong(-1_000_000);

    @Override
    public long read() {
        return nanoseconds.get();
    }

    @Override
    public long getAsLong() {
        return nanoseconds.get();
    }

    void elapse(Duration time) {
        nanoseconds.addAndGet(time.toNanos());
    }
}
