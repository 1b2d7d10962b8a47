package io.idempotent.spring.observation;

import io.idempotent.store.RecordCounts;
import io.idempotent.store.RecordCounts.InProgress;
import io.idempotent.store.TimeLimit;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Counts the records in progress at most once in an interval, whoever asks how often. Who asks while somebody else
 * counts gets the count before. A count that failed, or took longer than two seconds, is not known, and repeated after
 * the interval. Safe for use by many threads.
 */
final class CachedCounts {

    private static final Log LOG = LogFactory.getLog(CachedCounts.class);

    // Whoever scrapes gives up soon, and then has none of the application's metrics.
    private static final Duration LONGEST = Duration.ofSeconds(2);

    // An interrupt would break an embedded database.
    private final TimeLimit limit = new TimeLimit("idempotent-counts", false);

    private final RecordCounts counts;
    private final long interval;
    private final Duration longest;
    private final LongSupplier ticker;
    private final ReentrantLock counting = new ReentrantLock();
    private volatile Counted last;

    CachedCounts(RecordCounts counts, Duration interval) {
        this(counts, interval, LONGEST, System::nanoTime);
    }

    CachedCounts(RecordCounts counts, Duration interval, Duration longest, LongSupplier ticker) {
        this.counts = counts;
        this.interval = interval.toNanos();
        this.longest = longest;
        this.ticker = ticker;
        this.last = new Counted(null, ticker.getAsLong() - this.interval);
    }

    /** Returns one of the numbers; not a number if they are not known. */
    double value(ToDoubleFunction<InProgress> number) {
        Counted counted = last;
        if (ticker.getAsLong() - counted.at() >= interval && counting.tryLock()) {
            try {
                // Another thread may have counted before this one had the lock.
                if (ticker.getAsLong() - last.at() >= interval) {
                    last = new Counted(count(), ticker.getAsLong());
                }
                counted = last;
            } finally {
                counting.unlock();
            }
        }
        InProgress found = counted.found();
        return found == null ? Double.NaN : number.applyAsDouble(found);
    }

    private @Nullable InProgress count() {
        try {
            return limit.call(longest, counts::countInProgress);
        } catch (Exception failure) {
            LOG.warn("The idempotency records in progress could not be counted; it is tried again", failure);
            return null;
        }
    }

    /**
     * What was counted.
     *
     * @param found null if it is not known
     * @param at by the ticker
     */
    private record Counted(@Nullable InProgress found, long at) {}
}
