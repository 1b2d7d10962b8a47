package io.idempotent.store.jdbc;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.IntUnaryOperator;
import java.util.function.LongSupplier;

/**
 * Purges at intervals, batch by batch, in a thread of its own.
 *
 * <ol>
 *   <li>The first time is random, within an interval: nodes that were started at once do not meet.
 *   <li>After a full batch it rests as long as that one took. So half of the time is left to others, however much there
 *       is to purge, and however slow the database is.
 *   <li>After a batch that was not full, or failed, it is the next interval's turn.
 * </ol>
 */
final class PurgeSchedule implements AutoCloseable {

    private final IntUnaryOperator purge;
    private final long interval;
    private final int batchSize;
    private final BiConsumer<String, Throwable> errorHandler;
    private final ScheduledThreadPoolExecutor scheduler;
    private final LongSupplier ticker;

    /**
     * Begins to purge.
     *
     * @param purge removes at most so many records, and answers how many it removed
     * @param errorHandler takes failures; the next time it is tried again
     */
    PurgeSchedule(
            IntUnaryOperator purge, Duration interval, int batchSize, BiConsumer<String, Throwable> errorHandler) {
        this(purge, interval, batchSize, errorHandler, thread(), System::nanoTime);
    }

    PurgeSchedule(
            IntUnaryOperator purge,
            Duration interval,
            int batchSize,
            BiConsumer<String, Throwable> errorHandler,
            ScheduledThreadPoolExecutor scheduler,
            LongSupplier ticker) {
        this.purge = purge;
        this.interval = TimeUnit.NANOSECONDS.convert(interval);
        this.batchSize = batchSize;
        this.errorHandler = errorHandler;
        this.scheduler = scheduler;
        this.ticker = ticker;
        scheduler.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        purgeAfter(ThreadLocalRandom.current().nextLong(this.interval));
    }

    private static ScheduledThreadPoolExecutor thread() {
        return new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "idempotent-purge");
            thread.setDaemon(true);
            return thread;
        });
    }

    private void purgeAfter(long nanoseconds) {
        try {
            var unused = scheduler.schedule(this::purge, nanoseconds, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException closed) {
            // Nothing is purged any more.
        }
    }

    private void purge() {
        long pause = interval;
        try {
            long begin = ticker.getAsLong();
            if (purge.applyAsInt(batchSize) >= batchSize) {
                pause = ticker.getAsLong() - begin;
            }
        } catch (RuntimeException | Error failure) {
            tell(failure);
        } finally {
            purgeAfter(pause);
        }
    }

    /** A handler that fails does not end the schedule. */
    private void tell(Throwable failure) {
        try {
            errorHandler.accept("Purging idempotency records failed; it is tried again at the next interval", failure);
        } catch (RuntimeException | Error another) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, another);
        }
    }

    /** Ends the schedule; a batch that is on its way ends by itself. */
    @Override
    public void close() {
        scheduler.shutdown();
    }
}
