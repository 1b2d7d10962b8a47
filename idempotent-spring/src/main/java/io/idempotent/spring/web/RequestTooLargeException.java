package io.idempotent.spring.web;

import io.idempotent.IdempotencyException;

/** A request with a key has a longer body than is kept to be compared. Nothing was run. Answered by 413. */
public final class RequestTooLargeException extends IdempotencyException {

    private static final long serialVersionUID = 1L;

    private final String operation;

    private final long maximum;

    RequestTooLargeException(String operation, long maximum) {
        super(
                "Operation '" + operation
                        + "' was not run: the body of a request with an idempotency key is longer than " + maximum
                        + " bytes; send less, or set idempotent.web.maximum-body-size",
                null,
                null);
        this.operation = operation;
        this.maximum = maximum;
    }

    /** The operation that was called. */
    public String operation() {
        return operation;
    }

    /** How long a body may be, in bytes. */
    public long maximum() {
        return maximum;
    }
}
