package io.idempotent.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * How the threads of an engine wait, and who visits the leases that it renews. Defaults to what the JVM offers; a test
 * decides itself who goes on.
 */
interface Pacing {

    /** Waits so many nanoseconds, or less. An interrupt ends the wait, and the flag stays set. */
    default void park(long nanos) {
        LockSupport.parkNanos(nanos);
    }

    /** Waits so many nanoseconds. */
    default void sleep(long nanos) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        for (long left = nanos; left > 0; left = deadline - System.nanoTime()) {
            LockSupport.parkNanos(left);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    /** Like {@link Execution#awaitEnd}, for those that wait for another's execution. */
    default boolean awaitEnd(Execution owner, long nanos) throws InterruptedException {
        return owner.awaitEnd(nanos);
    }

    /** Returns a future that completes after so many nanoseconds, or when somebody completes it earlier. */
    default CompletableFuture<@Nullable Void> timer(long nanos) {
        return new CompletableFuture<@Nullable Void>().completeOnTimeout(null, nanos, TimeUnit.NANOSECONDS);
    }

    /** Makes what asks the store on behalf of calls that no thread waits for, so many at the same time. */
    default Executor requestThreads(int number) {
        return RequestThreads.bounded(number);
    }

    /** Makes the scheduler that visits the leases of one engine; it starts its thread with the first group. */
    default ScheduledThreadPoolExecutor renewalScheduler() {
        return new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "idempotent-lease-renewal");
            thread.setDaemon(true);
            return thread;
        });
    }
}
