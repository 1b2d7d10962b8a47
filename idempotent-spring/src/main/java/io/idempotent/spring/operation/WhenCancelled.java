package io.idempotent.spring.operation;

/** What an annotation says to do with an operation that its caller cancels when it has begun. */
public enum WhenCancelled {
    /** What {@code idempotent.when-cancelled} says, which defaults to {@link #ABANDON}. */
    INHERIT,
    /** Cancel it too. Nobody knows how far it came, so its key is abandoned. */
    ABANDON,
    /** Let it go on, and record its outcome. */
    GO_ON
}
