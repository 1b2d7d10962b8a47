package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyContext;
import io.idempotent.engine.CallScope;
import io.idempotent.engine.Execution;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How a method returns what it produces later. One for each method. Safe for use by many threads. */
public interface AsyncReturn {

    /** Returns the type of the value that a type gives later, whose type variables are resolved. */
    static Type valueType(Type returned) {
        if (!(returned instanceof ParameterizedType parameterized)) {
            return Object.class;
        }
        Type value = parameterized.getActualTypeArguments()[0];
        return value == Void.class ? void.class : value;
    }

    /** Returns the type of what is produced. */
    Type valueType();

    /** Tells whether more than one call may be made of an invocation. */
    boolean isRepeatable();

    /** Returns what the caller gets, and makes a call each time that it asks for the result. */
    Object answer(Calls calls);

    /** Returns what a caller gets whose call cannot be made. */
    Object failed(Throwable failure);

    /** Asks, as a caller does, for the result of what the call returned. */
    CompletionStage<?> end(Object returned);

    /** Makes calls of one invocation of a method. */
    @FunctionalInterface
    interface Calls {

        /**
         * Makes a call.
         *
         * @param cancelling is given what cancels the call, unless it has ended
         * @return what its caller is answered by, and may complete or cancel itself without any effect on the call
         */
        CompletableFuture<@Nullable Object> make(Caller caller, Consumer<Runnable> cancelling);
    }

    /** Who asks for the result of a call. */
    interface Caller {

        /** Returns the context that it asks in, or null. Asked by the thread that asks for the result. */
        @Nullable
        IdempotencyContext context();

        /** Returns what parts of the call run in. Asked by the thread that asks for the result, if the call is made. */
        CallScope scope();

        /**
         * Begins the work that the method returned.
         *
         * @return completes when it has ended; null if the method returned null
         */
        @Nullable
        CompletionStage<@Nullable Object> begin(@Nullable Object returned, Execution execution);
    }
}
