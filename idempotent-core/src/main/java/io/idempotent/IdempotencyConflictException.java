package io.idempotent;

/** Another request has this key. The call that gets this exception ran nothing. */
public abstract class IdempotencyConflictException extends IdempotencyException {

    private static final long serialVersionUID = 1L;

    IdempotencyConflictException(String message, IdempotencyKey key) {
        super(message, key, null);
    }
}
