package io.idempotent.engine;

/** What to do about a key that is abandoned: its owner died or gave up, and recorded no outcome. */
public enum WhenAbandoned {
    /** Take it over and run the operation again: its effects outside of the store happen at least once. */
    RUN_AGAIN,
    /** Take it over and ask what happened; run the operation only if it was not done. */
    RECONCILE,
    /** Refuse every call until a person decides. */
    REFUSE
}
