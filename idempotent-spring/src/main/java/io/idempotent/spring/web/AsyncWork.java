package io.idempotent.spring.web;

import io.idempotent.engine.OpenExecution;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.springframework.web.context.request.NativeWebRequest;
import org.springframework.web.context.request.async.AsyncWebRequest;
import org.springframework.web.context.request.async.CallableProcessingInterceptor;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.context.request.async.DeferredResultProcessingInterceptor;

/**
 * What a request begins in other threads: a {@code Callable} sees the execution, and of what takes too long, or whose client is gone,
 * it is not known whether it goes on.
 */
final class AsyncWork implements CallableProcessingInterceptor, DeferredResultProcessingInterceptor {

    private final Exchange exchange;

    // Of the one thread that runs the callable.
    private OpenExecution.@Nullable Binding binding;

    AsyncWork(Exchange exchange) {
        this.exchange = exchange;
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
            asyncRequest.addTimeoutHandler(exchange::doubt);
            asyncRequest.addErrorHandler(failure -> exchange.doubt());
        }
    }

    @Override
    public <T> void preProcess(NativeWebRequest request, Callable<T> task) {
        binding = exchange.bind();
    }

    @Override
    public <T> void postProcess(NativeWebRequest request, Callable<T> task, @Nullable Object concurrentResult) {
        if (binding != null) {
            binding.close();
            binding = null;
        }
    }
}
