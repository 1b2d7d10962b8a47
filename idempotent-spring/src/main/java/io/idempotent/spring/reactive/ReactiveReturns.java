package io.idempotent.spring.reactive;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.codec.GenericTypes;
import io.idempotent.engine.CallScope;
import io.idempotent.spring.interceptor.AsyncReturn;
import io.idempotent.spring.interceptor.AsyncReturns;
import io.idempotent.spring.operation.MethodNames;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.springframework.core.KotlinDetector;
import org.springframework.core.ReactiveAdapter;
import org.springframework.core.ReactiveAdapterRegistry;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.util.retry.Retry;

/**
 * Knows the types that Spring adapts to Reactor's: those of one value are a {@code Mono}, and so is what a suspending
 * function returns by the time that its call is intercepted.
 *
 * @param adapters Spring's
 */
record ReactiveReturns(ReactiveAdapterRegistry adapters) implements AsyncReturns {

    // Kotlin need not be there.
    private static final String UNIT = "kotlin.Unit";

    @Override
    public @Nullable AsyncReturn find(Method method, Class<?> targetClass) {
        if (KotlinDetector.isSuspendingFunction(method)) {
            Type produced = ofContinuation(method, targetClass);
            refuseManyValues(GenericTypes.erase(produced), method, targetClass);
            return new ReactiveReturn(
                    Objects.requireNonNull(adapters.getAdapter(Mono.class)),
                    produced.getTypeName().equals(UNIT) ? void.class : produced);
        }
        Type returned = GenericTypes.resolve(method.getGenericReturnType(), targetClass);
        Class<?> type = GenericTypes.erase(returned);
        refuseManyValues(type, method, targetClass);
        ReactiveAdapter adapter = adapters.getAdapter(type);
        // Of a subtype nobody knows how to make one.
        if (adapter == null || adapter.getReactiveType() != type) {
            return null;
        }
        return new ReactiveReturn(adapter, adapter.isNoValue() ? void.class : AsyncReturn.valueType(returned));
    }

    private void refuseManyValues(Class<?> type, Method method, Class<?> targetClass) {
        ReactiveAdapter adapter = adapters.getAdapter(type);
        if (adapter == null || !adapter.isMultiValue()) {
            return;
        }
        throw new IdempotencyConfigurationException(
                MethodNames.describe(method, targetClass) + " returns " + type.getName()
                        + ", which gives many values one after the other: what would be recorded is not known before"
                        + " the last",
                "Let it collect them, to Mono<List<…>> for example, or let it return one value that is recorded and"
                        + " get the others by another method");
    }

    /** The last parameter says what a suspending function returns. */
    private static Type ofContinuation(Method method, Class<?> targetClass) {
        Type[] parameters = method.getGenericParameterTypes();
        Type value = AsyncReturn.valueType(GenericTypes.resolve(parameters[parameters.length - 1], targetClass));
        return value instanceof WildcardType wildcard && wildcard.getLowerBounds().length == 1
                ? wildcard.getLowerBounds()[0]
                : value;
    }

    @Override
    public CallScope scope() {
        return PropagatedContext.capture();
    }

    @Override
    public CompletionStage<@Nullable Object> retry(Attempts attempts) {
        Retry spec = Retry.from(failures -> failures.concatMap(signal -> pause(attempts, signal.failure())));
        CompletableFuture<@Nullable Object> ended = new CompletableFuture<>();
        Disposable running = Mono.fromCompletionStage(attempts::begin)
                .doOnSuccess(value -> attempts.succeeded())
                .retryWhen(spec)
                .subscribe(
                        ended::complete,
                        failure -> ended.completeExceptionally(failure instanceof Last last ? last.failure : failure),
                        () -> ended.complete(null));
        var unused = ended.whenComplete((value, failure) -> {
            if (ended.isCancelled()) {
                running.dispose();
            }
        });
        return ended;
    }

    /** What all attempts failed with. Reactor throws some errors where it should hand them on. */
    private static final class Last extends RuntimeException {

        private static final long serialVersionUID = 1;

        private final Throwable failure;

        Last(Throwable failure) {
            super(null, failure, false, false);
            this.failure = failure;
        }
    }

    /** Ends, on a thread that may block, when the next attempt is to begin. */
    private static Mono<Long> pause(Attempts attempts, Throwable failure) {
        try {
            return Mono.delay(Duration.ofMillis(attempts.pauseAfter(failure)), Schedulers.boundedElastic());
        } catch (Throwable last) {
            return Mono.error(new Last(last));
        }
    }
}
