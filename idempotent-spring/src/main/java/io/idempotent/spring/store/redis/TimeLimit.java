package io.idempotent.spring.store.redis;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Waits for requests no longer than is useful, whatever the driver's own time-out is.
 *
 * <p>A request runs in a thread of its own, which is interrupted when its time is over. Threads are daemons, are kept for
 * some seconds and need not be stopped. At most {@value #MAXIMUM_THREADS} requests run at once, those that hang included;
 * beyond that a request fails at once.
 */
final class TimeLimit {

    private static final int MAXIMUM_THREADS = 64;

    private final ThreadPoolExecutor threads =
            new ThreadPoolExecutor(0, MAXIMUM_THREADS, 15, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                Thread thread = new Thread(task, "idempotent-redis-renewal");
                thread.setDaemon(true);
                return thread;
            });

    /**
     * Makes a request.
     *
     * @param limit how long it may take
     * @return what it answered
     * @throws TimeoutException if it took longer; it may go on for a while
     * @throws InterruptedException if the caller was interrupted, which stays known to its thread
     * @throws Exception what the request threw
     */
    <T> T call(Duration limit, Callable<T> request) throws Exception {
        Future<T> answer = threads.submit(request);
        try {
            return answer.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException failure) {
            throw failure.getCause() instanceof Exception cause ? cause : failure;
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt();
            throw interruption;
        } finally {
            answer.cancel(true);
        }
    }
}
