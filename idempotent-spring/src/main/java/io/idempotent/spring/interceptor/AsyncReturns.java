package io.idempotent.spring.interceptor;

import io.idempotent.engine.CallScope;
import java.lang.reflect.Method;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Knows how methods return what they produce later, by types that are not the JDK's. There is one where Reactor is on
 * the class path. Safe for use by many threads.
 */
public interface AsyncReturns {

    /**
     * Finds how a method returns what it produces.
     *
     * @param method the method as it is declared
     * @param targetClass the class of the object that it is invoked on
     * @return null if it returns it by no such type
     * @throws io.idempotent.IdempotencyConfigurationException if it returns what cannot be recorded
     */
    @Nullable
    AsyncReturn find(Method method, Class<?> targetClass);

    /** Returns what parts of a call that this thread makes run in. */
    CallScope scope();

    /**
     * Attempts something that ends later until it succeeds, or is not to be attempted again.
     *
     * @param attempt begins an attempt
     * @param pause tells after a failure for how many milliseconds to pause; negative if there is no further attempt
     * @return completes with the first success or the last failure
     */
    CompletionStage<@Nullable Object> retry(
            Supplier<CompletionStage<@Nullable Object>> attempt, ToLongFunction<Throwable> pause);
}
