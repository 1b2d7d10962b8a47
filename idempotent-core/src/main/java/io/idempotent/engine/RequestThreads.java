package io.idempotent.engine;

import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The threads of calls that nobody waits for: some that ask the store, and others that run what is not ours. Safe for
 * use by many threads.
 *
 * <ol>
 *   <li>A bounded number of threads ask the store, since what is behind it, such as a pool of connections, is bounded
 *       too. Further requests queue up. No thread of these runs the work of an operation, or what depends on its
 *       result, so that neither keeps a request waiting that it waits for itself.
 *   <li>Work begins, and callers get their results, on virtual threads where the JVM has them, and else on as many
 *       threads as there is to do at the same time.
 *   <li>A pause is a timer's, and holds no thread.
 * </ol>
 */
final class RequestThreads {

    private static final long IDLE_SECONDS = 10;

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final Executor requests;
    private final Executor work;
    private final Pacing pacing;

    /**
     * Makes threads that start when they are needed and end when they are not. Nobody closes them, so that work that
     * outlasts its engine can still be recorded.
     *
     * @param number how many ask the store at the same time
     * @param work runs what is not ours; null for the default
     */
    RequestThreads(int number, @Nullable Executor work, Pacing pacing) {
        this.requests = pacing.requestThreads(number);
        this.work = work != null ? work : newWorkers();
        this.pacing = pacing;
    }

    /** Makes so many threads that ask the store. */
    static Executor bounded(int number) {
        ThreadPoolExecutor bounded = new ThreadPoolExecutor(
                number,
                number,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                daemons("idempotent-request-"));
        bounded.allowCoreThreadTimeOut(true);
        return bounded;
    }

    private static ExecutorService newWorkers() {
        try {
            // Since Java 21.
            return (ExecutorService)
                    Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
        } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException olderJvm) {
            return new ThreadPoolExecutor(
                    0,
                    Integer.MAX_VALUE,
                    IDLE_SECONDS,
                    TimeUnit.SECONDS,
                    new SynchronousQueue<>(),
                    daemons("idempotent-work-"));
        }
    }

    private static ThreadFactory daemons(String prefix) {
        AtomicLong made = new AtomicLong();
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        return task -> {
            // It inherits nothing from the caller that happens to be there. Work looks up classes as elsewhere.
            Thread thread = new Thread(null, task, prefix + made.incrementAndGet(), 0, false);
            thread.setContextClassLoader(loader);
            thread.setDaemon(true);
            return thread;
        };
    }

    /** Lets a thread ask the store; a little later, if there is no further thread now. */
    void request(Runnable request) {
        try {
            requests.execute(request);
        } catch (OutOfMemoryError noThread) {
            var unused = timer(PAUSE_NANOS).thenRun(() -> request(request));
        }
    }

    /** Lets a thread run what is not ours; this thread, if the executor refuses it or there is no further thread. */
    void work(Runnable task) {
        try {
            work.execute(task);
        } catch (RejectedExecutionException | OutOfMemoryError refused) {
            // What waits for it must not wait for ever.
            task.run();
        }
    }

    /** Returns what a stage failed with. */
    static Throwable unwrap(Throwable failure) {
        Throwable cause = failure.getCause();
        return failure instanceof CompletionException && cause != null ? cause : failure;
    }

    /** Returns a future that completes after so many nanoseconds, or when somebody completes it earlier. */
    CompletableFuture<@Nullable Void> timer(long nanos) {
        return pacing.timer(nanos);
    }
}
