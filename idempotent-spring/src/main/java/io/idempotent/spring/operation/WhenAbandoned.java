package io.idempotent.spring.operation;

/**
 * What an annotation says to do for a key that is abandoned: its owner died, hangs, or gave up since nobody knows what
 * it did.
 */
public enum WhenAbandoned {
    /** What {@code idempotent.when-abandoned} says, which defaults to {@link #RUN_AGAIN}. */
    INHERIT,
    /** Take the key over and run the operation again: what it does outside the store is done at least once. */
    RUN_AGAIN,
    /** Take the key over and ask a reconciler what happened; run the operation only if it was not done. */
    RECONCILE,
    /** Refuse every call with an {@link io.idempotent.IdempotencyOutcomeUnknownException} until somebody decides. */
    REFUSE
}
