package io.idempotent.engine;

/** What to do with a call when the store cannot tell whether its key is free. */
public enum WhenStoreFails {
    /** Refuse the call with an {@link io.idempotent.IdempotencyStoreException}; the operation does not run. */
    REFUSE,
    /** Run the operation unprotected, and tell the listeners. */
    RUN
}
