package io.idempotent.engine;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.Reconciliation;
import io.idempotent.store.IdempotencyRecord;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Told what becomes of each call, on the calling thread and before the call returns, except where a method says
 * otherwise. Overrides what it wants to know.
 *
 * <p>Implementations are called by many threads at once and should be quick. What one throws goes to the engine's error
 * handler and changes nothing else.
 */
public interface IdempotencyListener {

    /**
     * The key was claimed; the operation runs next, or it is asked first what became of an earlier execution. A claim
     * with take-overs continues where an owner was lost.
     */
    default void claimed(IdempotencyContext context) {}

    /**
     * The operation ran, or was found to have run before, and its outcome is recorded.
     *
     * @param context the execution
     * @param outcome what it produced
     * @param took how long it ran, its retries included
     */
    default void completed(IdempotencyContext context, Outcome outcome, Duration took) {}

    /**
     * The operation ran and the key was given back: it threw, its result is one that is not recorded, or the
     * transaction that it is part of was rolled back.
     *
     * @param context the execution
     * @param failure what it threw, or null
     * @param took how long it ran, its retries included
     */
    default void released(IdempotencyContext context, @Nullable Throwable failure, Duration took) {}

    /**
     * It is not known whether what the operation did stands: the claim was given up, and the record is abandoned. It
     * failed in a way that does not tell, or nobody could find out what became of an earlier execution, its transaction
     * committed though it threw, or nobody knows whether the transaction that it is part of has committed, or that was
     * rolled back and the operation has effects outside.
     */
    default void abandoned(IdempotencyContext context) {}

    /**
     * The key was abandoned before, and it was asked what happened: if the operation was done, that outcome is recorded
     * next; if not, it runs next; if that is not known, the key is abandoned again.
     *
     * @param context the execution
     * @param found what was found out; unknown too where finding out failed
     */
    default void reconciled(IdempotencyContext context, Reconciliation<?> found) {}

    /**
     * A step ran, or was found to have run before, and its outcome is recorded.
     *
     * @param context the execution
     * @param step the step's name
     * @param took how long it ran; zero if it did not
     */
    default void stepRecorded(IdempotencyContext context, String step, Duration took) {}

    /** A step was answered by its recorded outcome; it did not run. */
    default void stepReplayed(IdempotencyContext context, String step) {}

    /**
     * A step ran, but its outcome could not be told to the store within the time allowed. The execution goes on; should
     * it die before it has ended, the step will run again, or be unknown if it runs at most once.
     *
     * @param context the execution
     * @param step the step's name
     * @param failure what the store said last
     */
    default void stepNotRecorded(IdempotencyContext context, String step, IdempotencyStoreException failure) {}

    /**
     * The operation has returned, and did not ask for steps that an earlier execution recorded: those that are
     * conditional, or part of a step that was not run again, or whose names have changed with the code, so that what
     * they did was done again under another one.
     *
     * @param context the execution
     * @param steps the names of the steps
     */
    default void stepsLeftOver(IdempotencyContext context, Set<String> steps) {}

    /** The call was answered by the recorded outcome; the operation did not run. */
    default void replayed(IdempotencyKey key) {}

    /**
     * The call was refused; the operation did not run. Not told of a call without an acceptable key, which never gets
     * so far.
     *
     * @param key the key
     * @param refusal what the caller gets
     */
    default void refused(IdempotencyKey key, IdempotencyException refusal) {}

    /** The store failed, and the operation runs unprotected, as it is configured to. */
    default void unprotected(IdempotencyKey key, IdempotencyStoreException failure) {}

    /**
     * The claim is lost, or can no longer be relied on, while the operation runs. Mostly told by the renewing thread.
     */
    default void leaseLost(IdempotencyContext context) {}

    /**
     * Leases could not be renewed; it is tried again until they are over. Told by the renewing thread.
     *
     * @param claims how many claims were to be renewed
     * @param failure what the store said
     */
    default void renewalFailed(int claims, IdempotencyStoreException failure) {}

    /**
     * The operation ran, but its end could not be told to the store within the time allowed: the record will be found
     * abandoned when its lease is over, and a later call does what the operation declares for that. Of an atomic
     * operation, nobody knows whether its transaction has committed: a later call finds it completed, or runs it again.
     *
     * @param context the execution
     * @param failure what the store said last
     */
    default void completionFailed(IdempotencyContext context, IdempotencyStoreException failure) {}

    /**
     * The operation ran and is recorded as done, but its outcome could not be encoded, or would not be read back as it
     * was: later calls get an {@link io.idempotent.IdempotencyOutcomeException}.
     *
     * @param context the execution
     * @param reason why; names the property, and nothing of its content
     */
    default void notReplayable(IdempotencyContext context, String reason) {}

    /** Somebody decided what is to become of a record: it was completed, released or forgotten by hand. */
    default void resolved(IdempotencyKey key, ManualResolution resolution) {}

    /** A store that is full dropped a completed record before its retention was over: its key is free again. */
    default void evicted(IdempotencyRecord record) {}
}
