package io.idempotent;

import org.jspecify.annotations.Nullable;

/**
 * The store failed: it is not known whether what was asked of it took effect. Always has a cause. A call that could not
 * claim its key because of it was not run.
 */
public final class IdempotencyStoreException extends IdempotencyException {

    private static final long serialVersionUID = 1L;

    private final boolean isTransient;

    private final boolean isRefusal;

    /**
     * Makes the exception for a failure that may pass.
     *
     * @param message what failed, and what to do
     * @param key the key that was asked for; null where it was none or several
     * @param cause the failure itself
     */
    public IdempotencyStoreException(String message, @Nullable IdempotencyKey key, Throwable cause) {
        this(message, key, cause, true);
    }

    /**
     * Makes the exception.
     *
     * @param message what failed, and what to do
     * @param key the key that was asked for; null where it was none or several
     * @param cause the failure itself
     * @param isTransient whether the same request may succeed if it is made again, soon
     */
    public IdempotencyStoreException(
            String message, @Nullable IdempotencyKey key, Throwable cause, boolean isTransient) {
        this(message, key, cause, isTransient, false);
    }

    private IdempotencyStoreException(
            String message, @Nullable IdempotencyKey key, Throwable cause, boolean isTransient, boolean isRefusal) {
        super(message, key, cause);
        this.isTransient = isTransient;
        this.isRefusal = isRefusal;
    }

    /**
     * Makes the exception for what the store does not take, and would not take if it were asked again.
     *
     * @param message what was refused, and why, without any of it
     * @param key the key that was asked for; null where it was none or several
     * @param cause the failure itself
     */
    public static IdempotencyStoreException refusal(String message, @Nullable IdempotencyKey key, Throwable cause) {
        return new IdempotencyStoreException(message, key, cause, false, true);
    }

    /**
     * Whether asking again soon may help: true where a connection broke or a lock was not had in time, and wherever
     * nothing is known of the failure; false where the same request fails again until somebody mends the store, its
     * settings or its use, or where asking took so long already that a caller should not wait for it twice.
     */
    public boolean isTransient() {
        return isTransient;
    }

    /**
     * Whether the store refused what it was given, a value that is too large say, and would refuse it again: it changed
     * nothing. An outcome that is refused is recorded as not replayable.
     */
    public boolean isRefusal() {
        return isRefusal;
    }
}
