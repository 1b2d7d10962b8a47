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
 * Is told what becomes of each call, on the calling thread and before the call returns, unless a method says otherwise.
 * Override what you want to know.
 *
 * <p>Many threads call a listener at once, so it should be quick. What it throws goes to the engine's error handler and
 * changes nothing else.
 */
public interface IdempotencyListener {

    /**
     * The key was claimed. The operation runs next, or a reconciler is asked first what became of an earlier execution.
     * A claim with take-overs continues where an owner was lost.
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
     * The operation ran and the key was given back: the operation threw, its result is not to be recorded, or the
     * transaction that it is part of was rolled back.
     *
     * @param context the execution
     * @param failure what it threw, or null
     * @param took how long it ran, its retries included
     */
    default void released(IdempotencyContext context, @Nullable Throwable failure, Duration took) {}

    /**
     * Nobody knows whether what the operation did stands: the claim was given up, and the record is abandoned. The
     * operation failed in a way that does not tell, or its transaction committed though it threw. Or nobody could find
     * out what became of an earlier execution, or whether the transaction committed that the operation is part of. Or
     * that transaction was rolled back, and the operation has effects outside of it.
     */
    default void abandoned(IdempotencyContext context) {}

    /**
     * The key was abandoned before, and the reconciler answered. If the operation was done, that outcome is recorded
     * next; if not, it runs next; if that is not known, the key is abandoned again.
     *
     * @param context the execution
     * @param found what was found out; unknown too if finding out failed
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
     * A step ran, but its outcome could not be told to the store within the time allowed. The execution goes on. If it
     * dies before it has ended, the step runs again, or is unknown if it runs at most once.
     *
     * @param context the execution
     * @param step the step's name
     * @param failure what the store said last
     */
    default void stepNotRecorded(IdempotencyContext context, String step, IdempotencyStoreException failure) {}

    /**
     * The operation failed for good, and its recorded steps are undone next, or what an earlier execution began to
     * undo.
     *
     * @param context the execution
     * @param failure what is recorded when they are undone
     */
    default void compensating(IdempotencyContext context, Throwable failure) {}

    /**
     * Not all steps could be undone. The key is abandoned with what is recorded, and the next execution, if its
     * operation allows one, goes on to undo the rest.
     *
     * @param context the execution
     * @param step the step that could not be undone; null if the undoing could not begin
     * @param failure why
     */
    default void compensationFailed(IdempotencyContext context, @Nullable String step, Throwable failure) {}

    /**
     * The operation has returned, or has been refused a step because it was recovered, and did not ask for steps that
     * an earlier execution recorded. Either they are
     * conditional, or part of a step that was not run again. Or their names have changed with the code, and what they
     * did was done again under other names.
     *
     * @param context the execution
     * @param steps the names of the steps
     */
    default void stepsLeftOver(IdempotencyContext context, Set<String> steps) {}

    /**
     * The operation returned, and how it ends is known only when the transaction ends that it is part of. The ending is
     * told then, by the thread that ends the transaction.
     */
    default void pending(IdempotencyContext context) {}

    /** The key is in progress, and the call waits for its outcome. Told once, however long it waits. */
    default void waiting(IdempotencyKey key) {}

    /**
     * The call was answered by the recorded outcome; the operation did not run.
     *
     * @param key the key
     * @param traceId the trace of the execution that made the outcome; null if none was recorded
     */
    default void replayed(IdempotencyKey key, @Nullable String traceId) {}

    /**
     * The call was refused; the operation did not run. A call without an acceptable key is not told: it never gets so
     * far.
     *
     * @param key the key
     * @param refusal what the caller gets
     */
    default void refused(IdempotencyKey key, IdempotencyException refusal) {}

    /** The store failed, and the operation runs unprotected, as it is configured to. */
    default void unprotected(IdempotencyKey key, IdempotencyStoreException failure) {}

    /**
     * The claim is lost, or can no longer be relied on, while the operation runs. The renewing thread tells it in most
     * cases.
     */
    default void leaseLost(IdempotencyContext context) {}

    /**
     * Leases could not be renewed. Renewal is repeated until they are over. The renewing thread tells it.
     *
     * @param claims how many claims were to be renewed
     * @param failure what the store said
     */
    default void renewalFailed(int claims, IdempotencyStoreException failure) {}

    /**
     * The operation ran, but its end could not be told to the store within the time allowed. The record is abandoned
     * when its lease is over, and a later call does what the operation declares for that. Of an atomic operation nobody
     * knows whether its transaction has committed: a later call finds it completed, or runs it again.
     *
     * @param context the execution
     * @param failure what the store said last
     */
    default void completionFailed(IdempotencyContext context, IdempotencyStoreException failure) {}

    /**
     * The operation ran and is recorded as done, but its outcome could not be encoded, or would not be read back as it
     * was. Later calls get an {@link io.idempotent.IdempotencyOutcomeException}.
     *
     * @param context the execution
     * @param reason why; names the property, and nothing of its content
     */
    default void notReplayable(IdempotencyContext context, String reason) {}

    /**
     * Nobody finishes an abandoned execution without its caller any more: a person has to. The thread that recovers
     * tells it, once for each record and node.
     *
     * @param key the key
     * @param takeovers how many take-overs its record had
     * @param reason why; shows nothing of what was asked for
     */
    default void leftForPerson(IdempotencyKey key, int takeovers, String reason) {}

    /**
     * What was recorded as an outcome is not what a verifier found outside. Nothing was changed. The thread that
     * verifies tells it.
     *
     * @param key the key
     * @param difference what the verifier says of the difference
     */
    default void contradicted(IdempotencyKey key, String difference) {}

    /** A person decided what becomes of a record: it was completed, failed, released or forgotten by hand. */
    default void resolved(IdempotencyKey key, ManualResolution resolution) {}

    /** A full store dropped a completed record before its retention was over: its key is free again. */
    default void evicted(IdempotencyRecord record) {}
}
