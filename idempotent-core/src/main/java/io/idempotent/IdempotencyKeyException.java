package io.idempotent;

import org.jspecify.annotations.Nullable;

/** The key is not acceptable: null, blank, too long or malformed, or its expression failed. Nothing was run. */
public final class IdempotencyKeyException extends IdempotencyException {

    private static final long serialVersionUID = 1L;

    private final String operation;

    private final String problem;

    /**
     * Makes the exception.
     *
     * @param operation the operation that was called
     * @param problem what is wrong with the key
     */
    public IdempotencyKeyException(String operation, String problem) {
        this(operation, problem, null);
    }

    /**
     * Makes the exception with its cause.
     *
     * @param operation the operation that was called
     * @param problem what is wrong with the key
     * @param cause what revealed it, if anything did
     */
    public IdempotencyKeyException(String operation, String problem, @Nullable Throwable cause) {
        super(
                "Operation '" + operation + "' was not run: " + problem
                        + "; every call needs a key of 1 to " + IdempotencyKey.MAXIMUM_LENGTH
                        + " characters without control characters",
                null,
                cause);
        this.operation = operation;
        this.problem = problem;
    }

    /** Returns what is wrong with the key. */
    public String problem() {
        return problem;
    }

    /** Returns the operation that was called. */
    public String operation() {
        return operation;
    }
}
