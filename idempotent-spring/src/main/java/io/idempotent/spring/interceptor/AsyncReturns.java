package io.idempotent.spring.interceptor;

import io.idempotent.engine.CallScope;
import java.lang.reflect.Method;
import java.util.concurrent.CompletionStage;
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
     * Makes attempts until one succeeds, or there is to be no further one.
     *
     * @return completes with the first success or the last failure; if it is cancelled, so is the attempt that runs
     */
    CompletionStage<@Nullable Object> retry(Attempts attempts);

    /** Attempts that end later, one after the other. */
    interface Attempts {

        /** Begins an attempt, in a thread that may block. Does not throw. */
        CompletionStage<@Nullable Object> begin();

        /** Takes note that an attempt succeeded. */
        void succeeded();

        /**
         * Tells for how many milliseconds to pause after an attempt failed. Does not block.
         *
         * @throws Throwable what all of them fail with, if there is no further attempt
         */
        long pauseAfter(Throwable failure) throws Throwable;
    }
}
