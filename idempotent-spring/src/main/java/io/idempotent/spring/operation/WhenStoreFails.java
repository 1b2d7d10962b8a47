package io.idempotent.spring.operation;

/** What an annotation says to do when the store cannot tell whether the key is free. */
public enum WhenStoreFails {
    /** What {@code idempotent.when-store-fails} says, which defaults to {@link #REFUSE}. */
    INHERIT,
    /** Refuse the call; the operation is not run. */
    REFUSE,
    /** Run the operation unprotected, and tell log and listeners. */
    RUN
}
