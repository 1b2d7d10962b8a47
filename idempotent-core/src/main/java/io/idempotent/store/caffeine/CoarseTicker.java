package io.idempotent.store.caffeine;

import com.github.benmanes.caffeine.cache.Ticker;
import java.util.concurrent.TimeUnit;

/**
 * Shows Caffeine the store's time as it was at about the last write. Caffeine asks for the time at every read, which
 * would double the cost of a replay, although it is the store that compares retentions. The time shown is never ahead
 * of the store's, so Caffeine drops nothing early. Caffeine purges when there are writes, and these move the time on.
 */
final class CoarseTicker implements Ticker {

    // In nanoseconds; writes within it do not fight for the field.
    private static final long PRECISION = TimeUnit.MILLISECONDS.toNanos(1);

    private volatile long shown;

    @Override
    public long read() {
        return shown;
    }

    /** Moves on to the store's time. */
    void reach(long now) {
        if (now - shown >= PRECISION) {
            shown = now;
        }
    }
}
