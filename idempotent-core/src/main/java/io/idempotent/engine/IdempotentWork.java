package io.idempotent.engine;

import org.jspecify.annotations.Nullable;

/**
 * What runs while a key is held.
 *
 * @param <T> what it returns
 */
@FunctionalInterface
public interface IdempotentWork<T extends @Nullable Object> {

    /**
     * Runs the operation. Work that attempts more than once calls {@link Execution#beginAttempt()} before each attempt.
     *
     * @param execution this execution, also bound to the thread as the current context
     * @throws Throwable whatever the operation throws
     */
    T run(Execution execution) throws Throwable;

    /**
     * Asked after the work returned: whether to release the key instead of recording the result, so that the next call
     * runs again. If this fails, the result is recorded, since the work is done.
     *
     * @param result what {@link #run} returned
     * @return false, unless overridden
     */
    default boolean releases(T result) {
        return false;
    }
}
