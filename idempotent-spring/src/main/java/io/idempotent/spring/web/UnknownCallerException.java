package io.idempotent.spring.web;

import io.idempotent.IdempotencyException;

/** A key belongs to its caller, and nobody knows who that is. Nothing was run. Answered by 403. */
public final class UnknownCallerException extends IdempotencyException {

    private static final long serialVersionUID = 1L;

    private final String operation;

    UnknownCallerException(String operation) {
        super(
                "Operation '" + operation + "' was not run: the request has an idempotency key, and no authenticated"
                        + " principal, nor one that an IdempotencyScopeResolver knows, whom that would belong to;"
                        + " authenticate"
                        + " its callers, declare a resolver, or set scope = SHARED where all of them are one",
                null,
                null);
        this.operation = operation;
    }

    /** The operation that was called. */
    public String operation() {
        return operation;
    }
}
