package io.idempotent.sample.page;

/** What became of a call. */
enum CallOutcome {
    /** It does not have its key yet: it has only just arrived, or waits for the call that runs. */
    WAITING,
    /** It holds the key, and the method runs. */
    RUNNING,
    /** The method ran, and its receipt is recorded. */
    EXECUTED,
    /** The key was abandoned, and the payment found to be made: the method did not run, and its receipt is recorded. */
    RECONCILED,
    /** It was answered by the recorded receipt; the method did not run. */
    REPLAYED,
    /** It was refused because the first call is still running. */
    IN_PROGRESS,
    /** It was refused for what it asked; the method did not run. */
    REFUSED,
    /** The method ran and failed, so that the key is free again; after a recovery it is still abandoned. */
    FAILED
}
