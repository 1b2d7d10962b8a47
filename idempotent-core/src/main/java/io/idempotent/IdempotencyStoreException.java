package io.idempotent;

import org.jspecify.annotations.Nullable;

/**
 * The store failed: it is not known whether what was asked of it took effect. Always has a cause. A call that could not
 * claim its key because of it was not run.
 */
public final class IdempotencyStoreException extends IdempotencyException {

    private static final long serialVersionUID = 1L;

    /**
     * Makes the exception.
     *
     * @param message what failed, and what to do
     * @param key the key that was asked for; null where it was none or several
     * @param cause the failure itself
     */
    public IdempotencyStoreException(String message, @Nullable IdempotencyKey key, Throwable cause) {
        super(message, key, cause);
    }
}
