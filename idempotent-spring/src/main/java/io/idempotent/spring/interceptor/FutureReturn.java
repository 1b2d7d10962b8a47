package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyContext;
import io.idempotent.codec.GenericTypes;
import io.idempotent.engine.CallScope;
import io.idempotent.engine.Execution;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Returns a {@link CompletableFuture}, also where a {@link CompletionStage} is declared. The call is made at once, and
 * goes on if the caller cancels the future.
 *
 * @param returns gives what parts of the call run in; null where there is nothing to give
 */
record FutureReturn(Type valueType, @Nullable AsyncReturns returns) implements AsyncReturn, AsyncReturn.Caller {

    /** Finds how a method returns; null if it returns no future of the JDK's. */
    static @Nullable AsyncReturn find(Method method, Class<?> targetClass, @Nullable AsyncReturns returns) {
        // Asked of each method at startup, so what can be told at once is.
        if (!method.getReturnType().isAssignableFrom(CompletableFuture.class)) {
            return null;
        }
        Type returned = GenericTypes.resolve(method.getGenericReturnType(), targetClass);
        Class<?> type = GenericTypes.erase(returned);
        return type == CompletableFuture.class || type == CompletionStage.class
                ? new FutureReturn(AsyncReturn.valueType(returned), returns)
                : null;
    }

    @Override
    public boolean isRepeatable() {
        return false;
    }

    // Errors of the future are the caller's, as those of the method's own.
    @Override
    @SuppressWarnings("FutureReturnValueIgnored")
    public Object answer(Calls calls) {
        return calls.make(this, uncancelled -> {});
    }

    @Override
    public @Nullable IdempotencyContext context() {
        return IdempotencyContext.currentOrNull();
    }

    @Override
    public CallScope scope() {
        return returns == null ? Runnable::run : returns.scope();
    }

    // What the method returned is of its own return type.
    @Override
    @SuppressWarnings("unchecked")
    public @Nullable CompletionStage<@Nullable Object> begin(@Nullable Object returned, Execution execution) {
        return (CompletionStage<@Nullable Object>) returned;
    }

    @Override
    public CompletionStage<?> end(Object returned) {
        return (CompletionStage<?>) returned;
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored")
    public Object failed(Throwable failure) {
        return CompletableFuture.failedFuture(failure);
    }
}
