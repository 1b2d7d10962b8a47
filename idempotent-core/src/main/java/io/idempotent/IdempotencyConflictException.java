package io.idempotent;

/** Another request has this key. Nothing was run by the call that gets this exception. */
public abstract class IdempotencyConflictException extends IdempotencyException {

    private static final long serialVersionUID = 1L;

    IdempotencyConflictException(String message, IdempotencyKey key) {
        super(message, key, null);
    }
}
