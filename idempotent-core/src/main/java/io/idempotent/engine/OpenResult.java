package io.idempotent.engine;

import org.jspecify.annotations.Nullable;

/**
 * What {@link IdempotencyEngine#open} gives: an execution to be ended, or what was recorded before.
 *
 * @param <T> what the operation returns
 */
public sealed interface OpenResult<T extends @Nullable Object> permits OpenExecution, OpenResult.Recorded {

    /**
     * The operation was done before, and must not run.
     *
     * @param value what it returned
     * @param traceId the trace of the execution that made the outcome; null if none was recorded
     */
    record Recorded<T extends @Nullable Object>(
            T value, @Nullable String traceId) implements OpenResult<T> {

        /** Makes the result of an execution whose trace is not known. */
        Recorded(T value) {
            this(value, null);
        }
    }
}
