package io.idempotent.store.caffeine;

import com.github.benmanes.caffeine.cache.Ticker;
import java.util.concurrent.TimeUnit;

/**
 * The time that Caffeine is shown: the store's, as it was at about the last write. Caffeine asks for the time at every
 * read, and so would double the cost of a replay, though it is the store that compares retentions. Never ahead of the
 * store's time, so that Caffeine drops nothing early; Caffeine purges when there are writes, and then this time moves.
 */
final class PurgeTime implements Ticker {

    /** In nanoseconds; writes within it do not fight for the field. */
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
