package io.idempotent.spring.observation;

import java.util.Locale;

/** What became of a call. The value of the key {@code outcome} is the name in lower case, with hyphens. */
public enum CallOutcome {
    /** The operation ran, and its result is recorded. */
    EXECUTED,
    /** The operation ran after the key was taken over from an owner that was lost, and its result is recorded. */
    TAKEN_OVER,
    /** The key was abandoned, and a reconciler found the result, which is recorded. The operation did not run. */
    RECONCILED,
    /** The operation ran and failed, and its failure is recorded. */
    RECORDED_FAILURE,
    /** The call got the recorded outcome. */
    REPLAYED,
    /** The call waited while the key was in progress, and then got the recorded outcome. */
    REPLAYED_AFTER_WAITING,
    /** The operation ran, and the key was given back: a later call runs it again. */
    RELEASED,
    /** The operation ran, and nobody knows whether what it did stands, or its end could not be told to the store. */
    ABANDONED,
    /** The call was refused: the key is in progress. */
    IN_PROGRESS,
    /** The call was refused: the key was used before for something else. */
    KEY_REUSED,
    /** The call was refused: its key is missing or not acceptable. */
    BAD_KEY,
    /** The call was refused: nobody knows what an earlier execution did. */
    OUTCOME_UNKNOWN,
    /** The call was refused: an earlier execution is recorded as done, and its outcome cannot be given. */
    NOT_REPLAYABLE,
    /** The claim was lost before the operation's outcome was recorded. */
    CLAIM_LOST,
    /** The call was refused, or its transaction rolled back: the store failed. */
    STORE_FAILED,
    /** The store failed, and the operation ran unprotected, as it is configured to. */
    UNPROTECTED,
    /** The call was refused for another reason, before its key was claimed: its request is unreadable, for example. */
    REFUSED;

    private final String value = name().toLowerCase(Locale.ROOT).replace('_', '-');

    /** Returns the value of the key {@code outcome}. */
    public String value() {
        return value;
    }
}
