package io.idempotent.spring.reactive;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.CallScope;
import io.idempotent.spring.interceptor.AsyncReturn;
import io.idempotent.spring.interceptor.AsyncReturns;
import io.idempotent.spring.operation.MethodNames;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.springframework.core.KotlinDetector;
import org.springframework.core.ReactiveAdapter;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.core.ResolvableType;
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
        ResolvableType returned = ResolvableType.forMethodReturnType(method, targetClass);
        ReactiveAdapter adapter = adapters.getAdapter(returned.toClass());
        if (KotlinDetector.isSuspendingFunction(method)) {
            if (adapter != null) {
                throw manyValues(method, targetClass);
            }
            return new ReactiveReturn(
                    Objects.requireNonNull(adapters.getAdapter(Mono.class)), ofContinuation(method, targetClass));
        }
        if (adapter == null) {
            return null;
        }
        if (adapter.isMultiValue()) {
            throw manyValues(method, targetClass);
        }
        return new ReactiveReturn(
                adapter, adapter.isNoValue() ? void.class : AsyncReturn.typeOf(returned.getGeneric(0)));
    }

    private static IdempotencyConfigurationException manyValues(Method method, Class<?> targetClass) {
        return new IdempotencyConfigurationException(
                MethodNames.describe(method, targetClass) + " returns "
                        + method.getReturnType().getName()
                        + ", which gives many values one after the other: what would be recorded is not known before"
                        + " the last",
                "Let it collect them, to Mono<List<…>> for example, or let it return one value that is recorded and"
                        + " get the others by another method");
    }

    /** The last parameter says what a suspending function returns. */
    private static Type ofContinuation(Method method, Class<?> targetClass) {
        ResolvableType continuation =
                ResolvableType.forMethodParameter(method, method.getParameterCount() - 1, targetClass);
        Type value = continuation.getGeneric(0).getType();
        Type bound = value instanceof WildcardType wildcard && wildcard.getLowerBounds().length == 1
                ? wildcard.getLowerBounds()[0]
                : value;
        return bound.getTypeName().equals(UNIT) ? void.class : AsyncReturn.typeOf(ResolvableType.forType(bound));
    }

    @Override
    public CallScope scope() {
        return PropagatedContext.capture();
    }

    @Override
    public CompletionStage<@Nullable Object> retry(
            Supplier<CompletionStage<@Nullable Object>> attempt, ToLongFunction<Throwable> pause) {
        // Attempts may block, so they begin on threads that may.
        Retry spec = Retry.from(failures -> failures.concatMap(signal -> {
            Throwable failure = signal.failure();
            long millis = pause.applyAsLong(failure);
            return millis < 0
                    ? Mono.error(failure)
                    : Mono.delay(Duration.ofMillis(millis), Schedulers.boundedElastic());
        }));
        return Mono.fromCompletionStage(attempt).retryWhen(spec).toFuture();
    }
}
