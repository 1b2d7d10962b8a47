package io.idempotent;

import org.jspecify.annotations.Nullable;

/**
 * The root of all that this library throws on its own account. What an operation throws is never wrapped in it.
 *
 * <p>Its message says what happened, to which key, with numbers, and what to do. It never holds arguments or outcomes.
 */
public abstract class IdempotencyException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient @Nullable IdempotencyKey key;

    /**
     * For the modules of this library.
     *
     * @param message what happened, to which key, with numbers, and what to do
     * @param key the key that it happened to; null if there is none
     * @param cause what caused it, or null
     */
    protected IdempotencyException(String message, @Nullable IdempotencyKey key, @Nullable Throwable cause) {
        super(message, cause);
        this.key = key;
    }

    /** Returns the key that it happened to; null if there is none, or none yet. */
    public @Nullable IdempotencyKey key() {
        return key;
    }
}
