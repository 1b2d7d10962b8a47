package io.idempotent;

import org.jspecify.annotations.Nullable;

/**
 * What was found out about an earlier execution whose outcome nobody recorded: whether its operation was done.
 *
 * @param <T> what the operation returns
 */
public sealed interface Reconciliation<T extends @Nullable Object> {

    /**
     * The operation was done.
     *
     * @param value what it returned, or would have
     */
    record Completed<T extends @Nullable Object>(T value) implements Reconciliation<T> {}

    /** The operation was not done, and whoever began it will not do it any more: it may run. */
    record NotDone<T extends @Nullable Object>() implements Reconciliation<T> {}

    /** It cannot be told now whether the operation was done. */
    record Unknown<T extends @Nullable Object>() implements Reconciliation<T> {}

    /** Says that the operation was done: its outcome is recorded, and it does not run again. */
    static <T extends @Nullable Object> Reconciliation<T> completed(T value) {
        return new Completed<>(value);
    }

    /** Says that the operation was not done, and can safely run. */
    static <T extends @Nullable Object> Reconciliation<T> notDone() {
        return new NotDone<>();
    }

    /** Says that it cannot be told: the operation does not run, and the next call asks again. */
    static <T extends @Nullable Object> Reconciliation<T> unknown() {
        return new Unknown<>();
    }
}
