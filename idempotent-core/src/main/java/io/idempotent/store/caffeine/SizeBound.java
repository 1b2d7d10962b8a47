package io.idempotent.store.caffeine;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Policy;
import io.idempotent.IdempotencyKey;
import io.idempotent.store.IdempotencyRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Keeps a cache at its maximum size without regard to what is read how often. Called after each entry that was added:
 *
 * <ol>
 *   <li>At or below the maximum there is nothing to do.
 *   <li>One thread evicts at a time. Another that comes meanwhile leaves its entry to that one, which looks again when
 *       it is done.
 *   <li>Caffeine purges what has expired, by its timer wheel.
 *   <li>If there are still too many, candidates are taken from the wheel, soonest end first and never one in progress:
 *       as many as there are too many, and {@value #WINDOW} more, since within a bucket of the wheel they are in the
 *       order in which they were completed.
 *   <li>Of these, the ones nearest their end by their own time are removed, each only if it still is the entry that was
 *       looked at. One whose retention is over had expired; any other is an early eviction: it is counted.
 *   <li>The lock is given back, then the listener is told of each early eviction. If anything was removed, it begins
 *       again with step 1.
 *   <li>A look that had to pass over many entries in progress is paid for by as many calls that do not look, so that
 *       the cost of one call stays the same on average when nearly all is in progress.
 * </ol>
 */
final class SizeBound {

    private static final int WINDOW = 64;

    private static final Comparator<Entry.Completed> NEAREST_END_FIRST =
            Comparator.comparingLong(entry -> entry.endsAt);

    private final long maximumSize;
    private final Cache<IdempotencyKey, Entry> cache;
    private final Policy.VarExpiration<IdempotencyKey, Entry> wheel;
    private final StoreTime time;
    private final Consumer<IdempotencyRecord> listener;
    private final LongAdder evictedEarly = new LongAdder();
    private final ReentrantLock evicting = new ReentrantLock();

    // Only touched by the thread that holds the lock.
    private long callsToPassOver;

    SizeBound(
            long maximumSize,
            Cache<IdempotencyKey, Entry> cache,
            StoreTime time,
            Consumer<IdempotencyRecord> listener) {
        this.maximumSize = maximumSize;
        this.cache = cache;
        this.wheel = cache.policy().expireVariably().orElseThrow();
        this.time = time;
        this.listener = listener;
    }

    /** How many entries were evicted before their end. */
    long evictedEarly() {
        return evictedEarly.sum();
    }

    /** Evicts, if there are too many entries. */
    void enforce() {
        while (cache.estimatedSize() > maximumSize && evicting.tryLock()) {
            List<Entry.Completed> evicted = new ArrayList<>();
            boolean removedAny;
            try {
                if (callsToPassOver > 0) {
                    callsToPassOver--;
                    return;
                }
                removedAny = evict(evicted);
            } finally {
                evicting.unlock();
            }
            for (Entry.Completed entry : evicted) {
                tell(entry.answer.record());
            }
            if (!removedAny) {
                return;
            }
        }
    }

    private boolean evict(List<Entry.Completed> evicted) {
        long sizeBefore = cache.estimatedSize();
        cache.cleanUp();
        long excess = cache.estimatedSize() - maximumSize;
        if (excess <= 0) {
            return true;
        }
        List<Entry.Completed> candidates = candidates(excess + WINDOW);
        candidates.sort(NEAREST_END_FIRST);
        long now = time.read();
        boolean removedAny = cache.estimatedSize() < sizeBefore;
        for (Entry.Completed candidate : candidates) {
            boolean expired = candidate.isOver(now);
            if (excess <= 0 && !expired) {
                break;
            }
            if (cache.asMap().remove(candidate.claim.key(), candidate)) {
                excess--;
                removedAny = true;
                if (!expired) {
                    evictedEarly.increment();
                    evicted.add(candidate);
                }
            }
        }
        return removedAny;
    }

    private List<Entry.Completed> candidates(long wanted) {
        return wheel.oldest(entries -> {
            List<Entry.Completed> found = new ArrayList<>();
            long seen = 0;
            for (var position = entries.iterator(); found.size() < wanted && position.hasNext(); seen++) {
                if (position.next().getValue() instanceof Entry.Completed completed) {
                    found.add(completed);
                }
            }
            callsToPassOver = (seen - found.size()) / WINDOW;
            return found;
        });
    }

    /** A listener's failure must cost neither the claim, which is made, nor the other evictions' telling. */
    private void tell(IdempotencyRecord record) {
        try {
            listener.accept(record);
        } catch (RuntimeException failure) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
        }
    }
}
