package io.idempotent.store.caffeine;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Policy;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.IdempotencyRecord;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a cache at its maximum size and weight, however often entries are read. It is called after each entry that was
 * added or became heavier:
 *
 * <ol>
 *   <li>At or below both maxima there is nothing to do.
 *   <li>One thread evicts at a time. Another that comes meanwhile leaves its entry to that one, which looks again when
 *       it is done.
 *   <li>Caffeine purges what has expired, by its timer wheel.
 *   <li>If there are still too many, or they are too heavy, those that are too many are removed, from a list of
 *       candidates, nearest end first. Each is removed only if it still is the entry that was looked at. One whose
 *       retention is over had expired; any other is an early eviction: it is counted.
 *   <li>The candidates are taken from the wheel, soonest end first and never one in progress: as many as there are too
 *       many, and twice {@value #WINDOW} more. They are sorted by their own end, since within a bucket of the wheel
 *       they are in the order in which they were completed. They are taken anew when no more than {@value #WINDOW} are
 *       left, so that each evicted one is the nearest of at least so many, or when an entry was completed since that
 *       ends before the last of them.
 *   <li>The lock is given back, then the listener is told of each early eviction. If anything was removed, it begins
 *       again with step 1.
 *   <li>A look at the wheel that had to pass over many entries in progress is paid for by as many calls that do not
 *       look, so that the cost of one call stays the same on average when nearly all is in progress.
 * </ol>
 */
final class SizeBound {

    private static final int WINDOW = 64;

    private static final Comparator<Entry> NEAREST_END_FIRST = Comparator.comparingLong(entry -> entry.endsAt);

    private final long maximumSize;
    private final long maximumWeight;
    private final Cache<IdempotencyKey, Entry> cache;
    private final Policy.VarExpiration<IdempotencyKey, Entry> wheel;
    private final StoreClock clock;
    private final Consumer<IdempotencyRecord> listener;
    private final LongAdder evictedEarly = new LongAdder();

    /** The weight of all entries. */
    private final LongAdder weight = new LongAdder();

    private final ReentrantLock evicting = new ReentrantLock();

    // These three are touched only by the thread that holds the lock.
    private final ArrayDeque<Entry> candidates = new ArrayDeque<>();
    private boolean candidatesAreAll;
    private long callsToPassOver;

    /** When the last candidate ends; what ends later need not be told. */
    private volatile long horizon;

    /** The soonest end of what was completed within the horizon since the candidates were taken. */
    private final AtomicLong soonestNew = new AtomicLong(StoreClock.NEVER);

    SizeBound(
            long maximumSize,
            long maximumWeight,
            Cache<IdempotencyKey, Entry> cache,
            StoreClock clock,
            Consumer<IdempotencyRecord> listener) {
        this.maximumSize = maximumSize;
        this.maximumWeight = maximumWeight;
        this.cache = cache;
        this.wheel = cache.policy().expireVariably().orElseThrow();
        this.clock = clock;
        this.listener = listener;
    }

    /** Counts what entries weigh more, or less if it is negative. */
    void weigh(long heavier) {
        weight.add(heavier);
    }

    long weight() {
        return weight.sum();
    }

    /**
     * Refuses an outcome that alone is heavier than the maximum weight: nothing else would be left. A record that only
     * says that there was an outcome always fits.
     */
    void requireFits(IdempotencyKey key, RecordedOutcome outcome) {
        long outcomeWeight = Weights.of(outcome);
        if (outcomeWeight > maximumWeight && !(outcome instanceof RecordedOutcome.NotReplayable)) {
            String problem = "it takes about " + outcomeWeight
                    + " bytes of memory, and all records of the Caffeine store at most " + maximumWeight;
            throw IdempotencyStoreException.refusal(
                    "The outcome of idempotency key '" + key + "' is too large: " + problem
                            + "; raise the store's maximum weight, or keep the record in a database",
                    key,
                    new IllegalArgumentException(problem));
        }
    }

    /** How many entries were evicted before their end. */
    long evictedEarly() {
        return evictedEarly.sum();
    }

    /** Is told of each entry that was completed, or released with steps, after it was. */
    void completed(long endsAt) {
        if (endsAt < horizon) {
            soonestNew.accumulateAndGet(endsAt, Math::min);
        }
    }

    /** Evicts, if there are too many entries, or they are too heavy. */
    void enforce() {
        while ((cache.estimatedSize() > maximumSize || weight.sum() > maximumWeight) && evicting.tryLock()) {
            List<Entry> evicted = new ArrayList<>();
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
            for (Entry entry : evicted) {
                tell(entry.observedAt(clock, clock.read()));
            }
            if (!removedAny) {
                return;
            }
        }
    }

    private boolean evict(List<Entry> evicted) {
        long sizeBefore = cache.estimatedSize();
        cache.cleanUp();
        long excess = cache.estimatedSize() - maximumSize;
        long excessWeight = weight.sum() - maximumWeight;
        if (excess <= 0 && excessWeight <= 0) {
            return true;
        }
        boolean removedAny = cache.estimatedSize() < sizeBefore;
        long now = clock.read();
        while (excess > 0 || excessWeight > 0) {
            Entry nearest = nearest(Math.max(1, excess));
            if (nearest == null) {
                break;
            }
            if (cache.asMap().remove(nearest.key(), nearest)) {
                excess--;
                excessWeight -= nearest.weight();
                weight.add(-nearest.weight());
                removedAny = true;
                if (!nearest.isOver(now)) {
                    evictedEarly.increment();
                    evicted.add(nearest);
                }
            }
        }
        return removedAny;
    }

    private @Nullable Entry nearest(long excess) {
        boolean tooFew = candidatesAreAll ? candidates.isEmpty() : candidates.size() <= WINDOW;
        if (tooFew || soonestNew.get() < horizon) {
            look(excess + 2 * WINDOW);
        }
        return candidates.pollFirst();
    }

    private void look(long wanted) {
        // From here on every completion is noted, for it is not certain whether the wheel has it already.
        soonestNew.set(StoreClock.NEVER);
        horizon = StoreClock.NEVER;
        List<Entry> found = wheel.oldest(entries -> {
            List<Entry> completed = new ArrayList<>();
            long seen = 0;
            for (var position = entries.iterator(); completed.size() < wanted && position.hasNext(); seen++) {
                Entry each = position.next().getValue();
                if (!(each instanceof Entry.InProgress)) {
                    completed.add(each);
                }
            }
            callsToPassOver = (seen - completed.size()) / WINDOW;
            return completed;
        });
        found.sort(NEAREST_END_FIRST);
        candidates.clear();
        candidates.addAll(found);
        candidatesAreAll = found.size() < wanted;
        horizon = found.isEmpty() ? 0 : found.get(found.size() - 1).endsAt;
    }

    /** A listener's failure must cost neither the claim, which is made, nor the other evictions' telling. */
    private void tell(IdempotencyRecord record) {
        try {
            listener.accept(record);
        } catch (RuntimeException | Error failure) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
        }
    }
}
