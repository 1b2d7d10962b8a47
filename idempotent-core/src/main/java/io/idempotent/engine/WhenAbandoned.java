package io.idempotent.engine;

/** What to do for a key that is abandoned: its owner died or gave up, and recorded no outcome. */
public enum WhenAbandoned {
    /** Take it over and run the operation again: what it does outside the store is done at least once. */
    RUN_AGAIN,
    /** Take it over and ask what happened; run the operation only if it was not done. */
    RECONCILE,
    /** Refuse every call until somebody decides. */
    REFUSE
}
