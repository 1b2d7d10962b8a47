package io.idempotent.spring.web.reactive;

import java.util.List;
import java.util.function.Supplier;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.reactive.HandlerAdapter;
import org.springframework.web.reactive.HandlerResult;
import org.springframework.web.reactive.HandlerResultHandler;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebExceptionHandler;
import reactor.core.publisher.Mono;

/** Answers what failed, as the application does. Safe for use by many threads. */
final class Failures {

    private final Supplier<HandlerAdapter> adapter;
    private final Supplier<List<HandlerResultHandler>> resultHandlers;
    private final Supplier<List<WebExceptionHandler>> exceptionHandlers;

    /**
     * Answers by these beans, asked for at the first failure.
     *
     * @param adapter runs annotated methods, and the advice that answers their failures
     * @param resultHandlers write what advice returns
     * @param exceptionHandlers answer what no advice does
     */
    Failures(
            Supplier<HandlerAdapter> adapter,
            Supplier<List<HandlerResultHandler>> resultHandlers,
            Supplier<List<WebExceptionHandler>> exceptionHandlers) {
        this.adapter = adapter;
        this.resultHandlers = SingletonSupplier.of(resultHandlers);
        this.exceptionHandlers = SingletonSupplier.of(exceptionHandlers);
    }

    /** Lets advice answer a failure in place of a handler. Fails with it if there is none. */
    Mono<Void> refuse(ServerWebExchange exchange, HandlerMethod handler, Throwable failure) {
        return adapter.get()
                .handle(exchange, new Refusal(handler, failure))
                .flatMap(result -> handler(result).handleResult(exchange, result));
    }

    private HandlerResultHandler handler(HandlerResult result) {
        return resultHandlers.get().stream()
                .filter(handler -> handler.supports(result))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("Nothing handles the result of "
                        + result.getReturnTypeSource().getMethod()));
    }

    /** Lets the handlers of web exceptions answer a failure. Fails with it if none does. */
    Mono<Void> answer(ServerWebExchange exchange, Throwable failure) {
        Mono<Void> answer = Mono.error(failure);
        for (WebExceptionHandler handler : exceptionHandlers.get()) {
            answer = answer.onErrorResume(thrown -> handler.handle(exchange, thrown));
        }
        return answer;
    }
}
