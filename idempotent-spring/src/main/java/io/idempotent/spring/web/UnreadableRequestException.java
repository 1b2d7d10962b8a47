package io.idempotent.spring.web;

import io.idempotent.IdempotencyException;
import io.idempotent.RedactedException;

/**
 * A request with a key cannot be read, and so not be compared: its body is broken off or encoded in no known way, its
 * parameters or parts are malformed, or there are too many. Nothing was run. Answered by 400.
 */
public final class UnreadableRequestException extends IdempotencyException {

    private static final long serialVersionUID = 1L;

    private final String operation;

    /**
     * Makes the exception.
     *
     * @param operation the operation that was called
     * @param cause why the request cannot be read
     */
    public UnreadableRequestException(String operation, Throwable cause) {
        super(
                "Operation '" + operation + "' was not run: the request has an idempotency key, and cannot be read ("
                        + cause.getClass().getName() + "); send it well formed",
                null,
                RedactedException.of(cause));
        this.operation = operation;
    }

    /** The operation that was called. */
    public String operation() {
        return operation;
    }
}
