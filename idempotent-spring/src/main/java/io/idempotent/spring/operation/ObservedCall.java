package io.idempotent.spring.operation;

import io.idempotent.IdempotencyKey;
import org.jspecify.annotations.Nullable;

/**
 * One call that is observed. Its driver enters it in each thread that works on it, and answers it once, after it has
 * left it. Throws nothing.
 */
public interface ObservedCall {

    /** Makes this the call that the calling thread works on, until the scope is closed in the same thread. */
    Scope enter();

    /** Notes the key, once it is known and before the store is asked for it. */
    void identifiedBy(IdempotencyKey key);

    /** Notes that a failed attempt is made again. */
    void retried();

    /** Notes that the last failed attempt would have been made again if the retries were not used up. */
    void retriesExhausted();

    /** Notes that the last failed attempt would have been made again if the budget of retries were not used up. */
    void retryBudgetExhausted();

    /**
     * Notes that the caller has its answer.
     *
     * @param failure what it got instead of a result; null if it got one
     */
    void answered(@Nullable Throwable failure);

    /** The time that a thread works on a call. */
    @FunctionalInterface
    interface Scope {

        /** Ends it. Called once, and in the same thread. */
        void close();
    }
}
