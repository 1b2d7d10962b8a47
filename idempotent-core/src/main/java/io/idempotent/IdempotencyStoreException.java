package io.idempotent;

import org.jspecify.annotations.Nullable;

/**
 * The store failed: it is not known whether what it was asked for took effect. Always has a cause. A call that could
 * not claim its key because of this was not run.
 */
public final class IdempotencyStoreException extends IdempotencyException {

    private static final long serialVersionUID = 1L;

    private final boolean isTransient;

    private final boolean isRefusal;

    /**
     * Makes the exception for a failure that may pass.
     *
     * @param message what failed, and what to do
     * @param key the key that was asked for; null if it was none or several
     * @param cause the failure itself
     */
    public IdempotencyStoreException(String message, @Nullable IdempotencyKey key, Throwable cause) {
        this(message, key, cause, true);
    }

    /**
     * Makes the exception.
     *
     * @param message what failed, and what to do
     * @param key the key that was asked for; null if it was none or several
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
     * @param message what was refused, and why, without any of its content
     * @param key the key that was asked for; null if it was none or several
     * @param cause the failure itself
     */
    public static IdempotencyStoreException refusal(String message, @Nullable IdempotencyKey key, Throwable cause) {
        return new IdempotencyStoreException(message, key, cause, false, true);
    }

    /**
     * Tells whether asking again soon may help. True if a connection broke, a lock was not to be had in time, or
     * nothing is known of the failure. False if the same request fails until somebody mends the store, its settings or
     * its use, or if asking took so long already that a caller should not wait for it twice.
     */
    public boolean isTransient() {
        return isTransient;
    }

    /**
     * Tells whether the store refused what it was given, such as a value that is too large, and would refuse it again:
     * it changed nothing. An outcome that is refused is recorded as not replayable.
     */
    public boolean isRefusal() {
        return isRefusal;
    }
}
