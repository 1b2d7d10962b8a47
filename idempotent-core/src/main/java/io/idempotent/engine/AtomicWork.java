package io.idempotent.engine;

import org.jspecify.annotations.Nullable;

/**
 * What runs in the transaction that its key is claimed in.
 *
 * @param <T> what it returns
 */
public interface AtomicWork<T extends @Nullable Object> {

    /** One attempt, in a transaction of its own. */
    @FunctionalInterface
    interface Attempt<T extends @Nullable Object> {

        /**
         * Begins a transaction, claims the key and runs the operation; or replays what another call has recorded.
         *
         * @throws Throwable what the operation throws, now or when it ran, or an {@link
         *     io.idempotent.IdempotencyException}, after which no further attempt may be made
         */
        T run() throws Throwable;
    }

    /**
     * Runs the operation.
     *
     * @param execution this execution, which is also the thread's current context
     * @throws Throwable whatever the operation throws
     */
    T run(Execution execution) throws Throwable;

    /**
     * Makes one attempt after another, as the operation is to be retried. Not called where the caller's transaction
     * allows one attempt only. Defaults to one attempt.
     *
     * @param execution this execution
     * @param attempt makes one attempt
     * @return what the last attempt returned
     * @throws Throwable what the last attempt threw
     */
    default T retry(Execution execution, Attempt<T> attempt) throws Throwable {
        return attempt.run();
    }

    /** Like {@link IdempotentWork#releases}. */
    default boolean releases(T result) {
        return false;
    }
}
