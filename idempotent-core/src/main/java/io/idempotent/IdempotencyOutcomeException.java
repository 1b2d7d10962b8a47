package io.idempotent;

import org.jspecify.annotations.Nullable;

/**
 * The operation has been completed under this key, but its recorded outcome cannot be given: it could not be encoded
 * when it was recorded, or cannot be decoded now. The operation is not run again.
 */
public final class IdempotencyOutcomeException extends IdempotencyException {

    private static final long serialVersionUID = 1L;

    private final String problem;

    /**
     * Makes the exception.
     *
     * @param key the key whose outcome cannot be given
     * @param problem why not, in words that reveal nothing of the outcome
     * @param cause what revealed it, if anything did
     */
    public IdempotencyOutcomeException(IdempotencyKey key, String problem, @Nullable Throwable cause) {
        super(
                "Idempotency key '" + key + "' is completed, but its outcome cannot be replayed: " + problem
                        + "; the operation was not run again: read its result from where it left it",
                key,
                cause);
        this.problem = problem;
    }

    /** Why the outcome cannot be given, in words that reveal nothing of it. */
    public String problem() {
        return problem;
    }
}
