package io.idempotent.store.caffeine;

import com.github.benmanes.caffeine.cache.Expiry;
import io.idempotent.IdempotencyKey;
import java.util.concurrent.TimeUnit;

/** When Caffeine may drop an entry: what is in progress never, what is completed soon after its retention. */
final class RetentionExpiry implements Expiry<IdempotencyKey, Entry> {

    /**
     * How long a completed entry stays after its retention, in nanoseconds. Caffeine hides what it takes for expired at
     * once, but removes it up to 1.07 s later; with this time between, the size bound finds what has expired first.
     */
    static final long GRACE = TimeUnit.SECONDS.toNanos(2);

    @Override
    public long expireAfterCreate(IdempotencyKey key, Entry entry, long currentTime) {
        return remaining(entry, currentTime);
    }

    @Override
    public long expireAfterUpdate(IdempotencyKey key, Entry entry, long currentTime, long currentDuration) {
        return remaining(entry, currentTime);
    }

    @Override
    public long expireAfterRead(IdempotencyKey key, Entry entry, long currentTime, long currentDuration) {
        return currentDuration;
    }

    private static long remaining(Entry entry, long currentTime) {
        if (entry instanceof Entry.InProgress) {
            return StoreClock.NEVER;
        }
        return Math.max(0, StoreClock.plus(entry.endsAt, GRACE) - currentTime);
    }
}
