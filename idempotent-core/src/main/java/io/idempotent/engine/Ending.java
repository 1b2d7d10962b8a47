package io.idempotent.engine;

import io.idempotent.IdempotencyException;
import io.idempotent.Outcome;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How an execution ends. The first rule that applies decides.
 *
 * <p>The operation, or something before or after it, failed:
 *
 * <ol>
 *   <li>Its steps were undone: <b>failed finally</b>, or <b>not replayable</b> if the failure cannot be read any more.
 *       If some could not be undone: <b>unknown</b>.
 *   <li>Nobody has found out yet what an earlier execution did: <b>unknown</b>.
 *   <li>The operation had returned, and has effects outside of its transaction: <b>unknown</b>.
 *   <li>The operation declares this failure, or one of its causes, as unknown: <b>unknown</b>.
 *   <li>The operation declares this failure as final, and it is none of this library's: <b>failed finally</b>.
 *   <li>A step is in doubt, or what the operation did may stand: <b>unknown</b>.
 *   <li>It was recovered, and no caller hears of the failure: <b>unknown</b>.
 *   <li>Otherwise: <b>released</b>.
 * </ol>
 *
 * <p>Steps are undone before, if rules two to four do not apply, and the operation declares this failure as final or as
 * one to compensate.
 *
 * <p>The operation returned:
 *
 * <ol start="9">
 *   <li>Its result is to be recorded: <b>completed</b>.
 *   <li>A step is in doubt, what an earlier attempt did may stand, or it was recovered: <b>unknown</b>.
 *   <li>It was rolled back, and has effects outside of its transaction: <b>unknown</b>.
 *   <li>Otherwise: <b>released</b>.
 * </ol>
 *
 * <p>Its driver, or its transaction, says how it ends:
 *
 * <ol start="13">
 *   <li>It is to be released, and a step is in doubt or it was recovered: <b>unknown</b>.
 *   <li>Its transaction was rolled back, and it has effects outside of that or was recovered: <b>unknown</b>.
 *   <li>Otherwise as they say: <b>not replayable</b>, <b>unknown</b> or <b>released</b>.
 * </ol>
 */
sealed interface Ending {

    /** The operation returned, and what it returned is recorded. */
    record Completed(Outcome.Value outcome) implements Ending {}

    /** The operation threw, and what it threw is recorded. */
    record FailedFinally(Outcome.Failure outcome) implements Ending {}

    /** The operation was done, and nothing of what it produced can be recorded. */
    record NotReplayable(String reason) implements Ending {

        @Override
        public Outcome outcome() {
            return new Outcome.Value(null);
        }
    }

    /** The key is given back. */
    record Released(@Nullable Throwable failure) implements Ending {}

    /** Nobody knows whether the operation was done: the key is abandoned. */
    enum Unknown implements Ending {
        /** The only instance. */
        UNKNOWN
    }

    /** Returns what the execution produced; null if the key is not completed. */
    default @Nullable Outcome outcome() {
        return null;
    }

    /**
     * Decides after a failure.
     *
     * @param returned whether the operation had returned
     * @param mayStand tells whether what the operation did may stand
     */
    static Ending ofFailure(
            Execution execution, Throwable failure, boolean returned, Predicate<? super Throwable> mayStand) {
        Execution.Compensated compensated = execution.compensated();
        if (compensated != null) {
            return ofCompensation(compensated);
        }
        if (isUnknown(execution, failure, returned)) {
            return Unknown.UNKNOWN;
        }
        if (isFinal(execution.operation(), failure)) {
            return new FailedFinally(new Outcome.Failure(failure));
        }
        return execution.hasStepsInDoubt() || mayStand.test(failure) || execution.recovered()
                ? Unknown.UNKNOWN
                : new Released(failure);
    }

    private static Ending ofCompensation(Execution.Compensated compensated) {
        if (!compensated.undone()) {
            return Unknown.UNKNOWN;
        }
        return compensated.unreadable() == null
                ? new FailedFinally(new Outcome.Failure(compensated.failure()))
                : new NotReplayable(compensated.unreadable());
    }

    private static boolean isUnknown(Execution execution, Throwable failure, boolean returned) {
        return execution.isEarlierUnknown()
                || (returned && execution.hasEffectsOutside())
                || execution.operation().isUnknownOn(failure);
    }

    /**
     * Tells whether the steps of an execution are to be undone before it ends by a failure.
     *
     * @param returned whether the operation had returned
     */
    static boolean isCompensated(Execution execution, Throwable failure, boolean returned) {
        if (execution.isBackward()) {
            return true;
        }
        Operation<?> operation = execution.operation();
        return !returned
                && operation.type().records(failure)
                && !(failure instanceof IdempotencyException)
                && !isUnknown(execution, failure, false)
                && execution.hasStepsToUndo(isFinal(operation, failure));
    }

    /** Tells whether a failure is recorded. What this library says of a call is never the operation's last word. */
    static boolean isFinal(Operation<?> operation, Throwable failure) {
        return operation.records(failure) && !(failure instanceof IdempotencyException);
    }

    /**
     * Decides after the operation returned.
     *
     * @param isRecorded whether its result is to be recorded
     * @param remains what is left of what it did
     */
    static Ending ofValue(
            Execution execution, @Nullable Object value, boolean isRecorded, IdempotentWork.Remains remains) {
        if (isRecorded) {
            return new Completed(new Outcome.Value(value));
        }
        boolean unknown = execution.hasStepsInDoubt()
                || execution.recovered()
                || remains == IdempotentWork.Remains.UNKNOWN
                || (remains == IdempotentWork.Remains.NOTHING && execution.hasEffectsOutside());
        return unknown ? Unknown.UNKNOWN : new Released(null);
    }

    /** Decides for a driver that releases the key. */
    static Ending ofRelease(Execution execution, @Nullable Throwable failure) {
        return execution.hasStepsInDoubt() || execution.recovered() ? Unknown.UNKNOWN : new Released(failure);
    }

    /** Decides after the transaction was rolled back that this ending waited for. */
    default Ending ofRollback(Execution execution) {
        return execution.hasEffectsOutside() || execution.recovered()
                ? Unknown.UNKNOWN
                : new Released(outcome() instanceof Outcome.Failure failed ? failed.cause() : null);
    }
}
