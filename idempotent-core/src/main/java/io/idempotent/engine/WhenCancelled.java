package io.idempotent.engine;

/** What becomes of an operation that its caller cancels when it has begun. */
public enum WhenCancelled {
    /** It is cancelled too. Nobody knows how far it came, so its key is abandoned. */
    ABANDON,
    /** It goes on, and its outcome is recorded. */
    GO_ON
}
