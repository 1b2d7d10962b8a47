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
     */
    record Recorded<T extends @Nullable Object>(T value) implements OpenResult<T> {}
}
