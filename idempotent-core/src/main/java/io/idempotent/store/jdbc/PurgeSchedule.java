package io.idempotent.store.jdbc;

import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.IntUnaryOperator;

/**
 * Purges at intervals, batch by batch, in a thread of its own. The first time is random, so that nodes that were started at
 * once do not meet.
 */
final class PurgeSchedule implements AutoCloseable {

    private final IntUnaryOperator purge;
    private final int batchSize;
    private final BiConsumer<String, Throwable> errorHandler;
    private final ScheduledThreadPoolExecutor scheduler;

    /**
     * Begins to purge.
     *
     * @param purge removes at most so many records, and answers how many it removed
     * @param errorHandler takes failures; the next time it is tried again
     */
    PurgeSchedule(
            IntUnaryOperator purge, Duration interval, int batchSize, BiConsumer<String, Throwable> errorHandler) {
        this.purge = purge;
        this.batchSize = batchSize;
        this.errorHandler = errorHandler;
        this.scheduler = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "idempotent-purge");
            thread.setDaemon(true);
            return thread;
        });
        long nanoseconds = TimeUnit.NANOSECONDS.convert(interval);
        var unused = scheduler.scheduleWithFixedDelay(
                this::purge, ThreadLocalRandom.current().nextLong(nanoseconds), nanoseconds, TimeUnit.NANOSECONDS);
    }

    private void purge() {
        try {
            int removed = batchSize;
            while (removed >= batchSize && !scheduler.isShutdown()) {
                removed = purge.applyAsInt(batchSize);
            }
        } catch (RuntimeException | Error failure) {
            // Thrown on, it would end the schedule without a word.
            errorHandler.accept("Purging idempotency records failed; it is tried again at the next interval", failure);
        }
    }

    /** Ends the schedule; a batch that is on its way ends by itself. */
    @Override
    public void close() {
        scheduler.shutdown();
    }
}
