package io.idempotent;

import org.jspecify.annotations.Nullable;

/**
 * The operation, or a step of it, was completed under this key, but its recorded outcome cannot be given: it could not
 * be encoded when it was recorded, or cannot be decoded now. The operation does not run again.
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

    /**
     * Makes the exception for a step.
     *
     * @param key the key whose execution the step is part of
     * @param step the step's name
     * @param problem why its outcome cannot be given, in words that reveal nothing of it
     * @param cause what revealed it, if anything did
     */
    public IdempotencyOutcomeException(IdempotencyKey key, String step, String problem, @Nullable Throwable cause) {
        super(
                "Step '" + step + "' of idempotency key '" + key + "' was done, but its outcome cannot be given: "
                        + problem + "; it was not run again: resolve the record by hand",
                key,
                cause);
        this.problem = problem;
    }

    /** Returns why the outcome cannot be given, in words that reveal nothing of it. */
    public String problem() {
        return problem;
    }
}
