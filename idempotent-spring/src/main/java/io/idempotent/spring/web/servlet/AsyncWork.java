package io.idempotent.spring.web.servlet;

import io.idempotent.engine.OpenExecution;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.web.context.request.NativeWebRequest;
import org.springframework.web.context.request.async.AsyncWebRequest;
import org.springframework.web.context.request.async.CallableProcessingInterceptor;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.context.request.async.DeferredResultProcessingInterceptor;

/**
 * Follows what a request begins in other threads. A {@code Callable} runs inside the execution. When its time is over
 * or its client is gone, the work may still go on; only of a {@code Callable} is it known when it returns.
 */
final class AsyncWork implements CallableProcessingInterceptor, DeferredResultProcessingInterceptor {

    private static final Runnable NOTHING = AsyncWork::nothing;

    private final Supplier<OpenExecution.Binding> execution;

    // What is to be done when the callable that runs returns; null while none runs.
    private final AtomicReference<@Nullable Runnable> afterwards = new AtomicReference<>();

    // Written by the container's threads that watch the time and the line.
    private volatile boolean late;
    private volatile boolean broken;

    // Of the one thread that runs the callable.
    private OpenExecution.@Nullable Binding binding;

    /**
     * Follows a request.
     *
     * @param execution makes the execution the context of the calling thread
     */
    AsyncWork(Supplier<OpenExecution.Binding> execution) {
        this.execution = execution;
    }

    private static void nothing() {
        // Until there is something to do.
    }

    /** Whether the client is gone, though the work may go on. */
    boolean isBroken() {
        return broken;
    }

    /** Whether the time is over, or the client is gone, though the work may go on. */
    boolean isGivenUp() {
        return late || broken;
    }

    /** Does something when the callable that runs returns; tells whether one does. */
    boolean whenReturned(Runnable action) {
        return afterwards.compareAndSet(NOTHING, action);
    }

    @Override
    public <T> void beforeConcurrentHandling(NativeWebRequest request, Callable<T> task) {
        watch(request);
    }

    @Override
    public <T> void beforeConcurrentHandling(NativeWebRequest request, DeferredResult<T> deferredResult) {
        watch(request);
    }

    private void watch(NativeWebRequest request) {
        if (request instanceof AsyncWebRequest asyncRequest) {
            asyncRequest.addTimeoutHandler(() -> late = true);
            asyncRequest.addErrorHandler(failure -> broken = true);
        }
    }

    @Override
    public <T> void preProcess(NativeWebRequest request, Callable<T> task) {
        afterwards.set(NOTHING);
        binding = execution.get();
    }

    @Override
    public <T> void postProcess(NativeWebRequest request, Callable<T> task, @Nullable Object concurrentResult) {
        if (binding != null) {
            binding.close();
            binding = null;
        }
        Runnable action = afterwards.getAndSet(null);
        if (action != null) {
            action.run();
        }
    }
}
