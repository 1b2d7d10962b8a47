package io.idempotent.store;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Waits for requests no longer than is useful, whatever the timeouts of drivers and pools are.
 *
 * <p>Each request runs in a thread of its own. The threads are daemons, end after some idle seconds and need not be
 * stopped. At most {@value #MAXIMUM_THREADS} requests run at once, including those that nobody waits for any more;
 * beyond that a request fails at once.
 *
 * <p>Safe for use by many threads.
 */
public final class TimeLimit {

    private static final int MAXIMUM_THREADS = 64;

    private final ThreadPoolExecutor threads;
    private final boolean interrupts;

    /**
     * Makes a limit that runs no thread yet.
     *
     * @param threadName the name of its threads
     * @param interrupts whether a request is interrupted when its time is over. An interrupt breaks some embedded
     *     databases; a request that is not interrupted has to end by itself
     */
    public TimeLimit(String threadName, boolean interrupts) {
        this.interrupts = interrupts;
        this.threads =
                new ThreadPoolExecutor(0, MAXIMUM_THREADS, 15, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                    Thread thread = new Thread(task, threadName);
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /**
     * Makes a request, and waits for its answer.
     *
     * @param limit how long it may take
     * @return what it answered
     * @throws TimeoutException if it took longer; it may go on for a while
     * @throws InterruptedException if the caller was interrupted; its thread stays interrupted
     * @throws Exception what the request threw
     */
    public <T> T call(Duration limit, Callable<T> request) throws Exception {
        Future<T> answer = threads.submit(request);
        try {
            return answer.get(TimeUnit.NANOSECONDS.convert(limit), TimeUnit.NANOSECONDS);
        } catch (ExecutionException failure) {
            throw failure.getCause() instanceof Exception cause ? cause : failure;
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt();
            throw interruption;
        } finally {
            answer.cancel(interrupts);
        }
    }
}
