package io.idempotent.engine;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.Reconciliation;
import io.idempotent.engine.IdempotentWork.Remains;
import io.idempotent.store.IdempotencyRecord;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.BiPredicate;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An execution that holds its key until its caller ends it, by exactly one of {@link #complete}, {@link
 * #completeNotReplayable}, {@link #release} and {@link #abandon}. One that is never ended keeps its key for as long as
 * its operation may run, and leaves it abandoned then.
 *
 * <p>Safe for use by several threads, one after the other. An execution that runs unprotected, since the store failed
 * and its operation allows that, ends without any effect.
 *
 * @param <T> what the operation returns
 */
public final class OpenExecution<T extends @Nullable Object> implements OpenResult<T> {

    private final Execution execution;
    private final Settlement settlement;
    private final Outcomes outcomes;

    OpenExecution(Execution execution, Settlement settlement, Outcomes outcomes) {
        this.execution = execution;
        this.settlement = settlement;
        this.outcomes = outcomes;
    }

    /** Returns the execution as its code sees it. */
    public IdempotencyContext context() {
        return execution;
    }

    /** Tells whether a record protects this execution; false if it runs although the store failed. */
    public boolean isProtected() {
        return execution.isLeased();
    }

    /** Tells whether this execution is still to be ended. */
    public boolean isOpen() {
        return !execution.isOver();
    }

    /**
     * Makes this the current context of this thread, until the returned binding is closed in the same thread. If it is
     * the current context already, it stays so when the binding is closed.
     */
    public Binding bind() {
        IdempotencyContext before = execution.bindHere();
        return execution.equals(before) ? () -> {} : () -> execution.leaveTo(before);
    }

    /**
     * Ends this execution: the operation is done. If the store fails, that is repeated for a bounded time. What was
     * done stays done, and its value is returned, whatever the store does.
     *
     * @param value what the operation returned
     * @return what the caller is to get: the value, or the one that a successor has recorded if the claim was lost
     * @throws IdempotencyClaimLostException if the claim was lost, and no successor has recorded an outcome
     * @throws IllegalStateException if this execution was ended before
     * @throws Throwable a failure that a successor has recorded
     */
    public T complete(T value) throws Throwable {
        requireOpen();
        if (isProtected()) {
            tellStepsLeftOver();
        }
        return settle(value, true, Remains.ALL);
    }

    /**
     * Ends this execution: the operation is done, and what it returned cannot be recorded. Later calls are refused with
     * an {@link io.idempotent.IdempotencyOutcomeException}.
     *
     * @param reason why, in words that reveal nothing of the outcome
     * @throws IllegalStateException if this execution was ended before
     */
    public void completeNotReplayable(String reason) {
        end(() -> {
            tellStepsLeftOver();
            return new Ending.NotReplayable(reason);
        });
    }

    /**
     * Ends this execution: the operation was not done, and the key is free again. The key is abandoned instead if
     * nobody knows whether some step was done.
     *
     * @param failure why it ended, for the listeners; null if it only returned
     * @throws IllegalStateException if this execution was ended before
     */
    public void release(@Nullable Throwable failure) {
        end(() -> {
            execution.recordStepsAgain(true);
            return Ending.ofRelease(execution, failure);
        });
    }

    /**
     * Ends this execution: nobody knows whether the operation was done.
     *
     * @throws IllegalStateException if this execution was ended before
     */
    public void abandon() {
        end(() -> {
            execution.recordStepsAgain(true);
            return Ending.Unknown.UNKNOWN;
        });
    }

    /**
     * Like {@link #complete}, without waiting for the store.
     *
     * @return completes, by a thread that asks the store, with what {@link #complete} returns, or fails with what that
     *     throws; not to be blocked by what depends on it
     * @throws IllegalStateException if this execution was ended before
     */
    public CompletableFuture<T> completeAsync(T value) {
        return endAsync(value, () -> true);
    }

    /**
     * Like {@link #completeNotReplayable}, without waiting for the store.
     *
     * @throws IllegalStateException if this execution was ended before
     */
    public CompletableFuture<?> completeNotReplayableAsync(String reason) {
        return endAsync(() -> {
            tellStepsLeftOver();
            return new Ending.NotReplayable(reason);
        });
    }

    /**
     * Like {@link #release}, without waiting for the store.
     *
     * @throws IllegalStateException if this execution was ended before
     */
    public CompletableFuture<?> releaseAsync(@Nullable Throwable failure) {
        return endAsync(() -> {
            execution.recordStepsAgain(false);
            return Ending.ofRelease(execution, failure);
        });
    }

    /**
     * Like {@link #abandon}, without waiting for the store.
     *
     * @throws IllegalStateException if this execution was ended before
     */
    public CompletableFuture<?> abandonAsync() {
        return endAsync(() -> {
            execution.recordStepsAgain(false);
            return Ending.Unknown.UNKNOWN;
        });
    }

    // A driver, in a thread that has bound the execution, calls begin, then reconcile if what an earlier execution did
    // is unknown, else runs the work, then prepare if the result is to be recorded. It ends by one of end, fail and
    // their like.

    /** Returns the execution, for its driver. */
    Execution execution() {
        return execution;
    }

    /** Tells the listeners of the claim, in a thread that has bound this execution. */
    void begin() {
        if (isProtected()) {
            settlement.listeners().tell(listener -> listener.claimed(execution));
        }
    }

    /**
     * Begins, and is handed on to whoever ends it.
     *
     * @return this, or what an earlier execution did
     */
    OpenResult<T> handOn(ExecutionReconciler<T> reconciler) throws Throwable {
        Reconciliation.Completed<T> found;
        execution.enter();
        try {
            found = beginOrFind(reconciler);
        } catch (Throwable failure) {
            execution.leave();
            fail(failure, false, unasked -> false);
            throw failure;
        }
        execution.leave();
        return found == null ? this : new Recorded<>(end(found.value(), true, Remains.ALL));
    }

    /**
     * Like {@link #handOn}, without waiting for the store. The reconciler is asked in this thread.
     *
     * @param handedOn gets this in this thread, or what an earlier execution did, or the failure
     */
    void handOnAsync(
            ExecutionReconciler<T> reconciler, BiConsumer<@Nullable OpenResult<T>, @Nullable Throwable> handedOn) {
        Reconciliation.Completed<T> found;
        Binding bound = bind();
        try {
            found = beginOrFind(reconciler);
        } catch (Throwable failure) {
            bound.close();
            var unused = failAsync(failure, unasked -> false)
                    .whenComplete((none, never) -> later(() -> handedOn.accept(null, failure)));
            return;
        }
        bound.close();
        if (found == null) {
            handedOn.accept(this, null);
            return;
        }
        Ending.Completed completed = new Ending.Completed(new Outcome.Value(found.value()));
        var unused = answerAsync(() -> completed, found.value())
                .whenComplete((value, failure) ->
                        later(() -> handedOn.accept(failure == null ? new Recorded<>(value) : null, failure)));
    }

    private void later(Runnable task) {
        settlement.threads().work(task);
    }

    private Reconciliation.@Nullable Completed<T> beginOrFind(ExecutionReconciler<T> reconciler) {
        begin();
        if (execution.isBackward() && !execution.isUndoable()) {
            // Whoever ends it undoes nothing.
            throw outcomes.refused(
                    execution.key(),
                    new IdempotencyOutcomeUnknownException(
                            execution.key(), execution.fencingToken(), execution.firstClaimedAt(), false, null));
        }
        return execution.isEarlierUnknown() ? reconcile(reconciler) : null;
    }

    /**
     * Finds out what an earlier execution did, in a thread that has bound this execution.
     *
     * @return what it did; null if it was not done, and the operation may run
     * @throws IdempotencyOutcomeUnknownException if the reconciler cannot tell
     * @throws IdempotencyClaimLostException if it was not done, and the claim was lost meanwhile
     */
    Reconciliation.@Nullable Completed<T> reconcile(ExecutionReconciler<T> reconciler) {
        Reconciliation<T> found;
        Throwable cause = null;
        try {
            found = reconciler.reconcile(execution);
            if (found == null) {
                found = Reconciliation.unknown();
                cause = new IllegalStateException("The reconciler answered null");
            }
        } catch (Error failure) {
            throw failure;
        } catch (Throwable failure) {
            found = Reconciliation.unknown();
            cause = failure;
        }
        Reconciliation<T> told = found;
        settlement.listeners().tell(listener -> listener.reconciled(execution, told));
        IdempotencyKey key = execution.key();
        if (found instanceof Reconciliation.Unknown<T>) {
            throw outcomes.refused(
                    key,
                    new IdempotencyOutcomeUnknownException(
                            key, execution.fencingToken(), execution.firstClaimedAt(), true, cause));
        }
        if (found instanceof Reconciliation.Completed<T> completed) {
            return completed;
        }
        if (execution.leaseLost()) {
            throw outcomes.refused(key, lost("the operation was not begun"));
        }
        execution.earlierNotDone();
        return null;
    }

    /** Lets no result count of work that was run again only so that its steps are undone. */
    void requireForward() {
        if (execution.isBackward()) {
            throw new Backward(execution.key());
        }
    }

    /**
     * Tells whether the steps are to be undone before this execution ends by a failure.
     *
     * @param returned whether the operation had returned
     */
    boolean isCompensated(Throwable failure, boolean returned) {
        return Ending.isCompensated(execution, failure, returned);
    }

    /**
     * Undoes the steps, in a thread that has bound this execution and may block.
     *
     * @param failure what the operation threw
     * @return what this execution fails with
     */
    Throwable compensate(Throwable failure, Execution.Undoing undoing) {
        return execution.undoSteps(failure, undoing);
    }

    /**
     * Tells whether a result is to be recorded.
     *
     * @param releases tells whether the work releases the key instead
     */
    <W> boolean isRecorded(W work, BiPredicate<? super W, ? super T> releases, T value) {
        return !outcomes.releases(execution, work, releases, value);
    }

    /**
     * Prepares for a result to be recorded, in a thread that has bound this execution: what the transaction has kept
     * back is written, so that the result is encoded as it will be committed.
     *
     * @param returned whether the operation has run
     */
    void prepare(boolean returned) {
        if (!isProtected()) {
            return;
        }
        if (returned) {
            tellStepsLeftOver();
        }
        EnclosingTransaction transaction = execution.transaction();
        if (transaction != null && outcomes.encodes()) {
            Interrupts.setAside(transaction::flush);
        }
    }

    private void tellStepsLeftOver() {
        Set<String> names = execution.stepsLeftOver();
        if (!names.isEmpty()) {
            settlement.listeners().tell(listener -> listener.stepsLeftOver(execution, names));
        }
    }

    /**
     * Ends this execution after the operation returned, or was found to have been done.
     *
     * @param value its result
     * @param isRecorded whether the result is to be recorded
     * @param remains what is left of what the operation did
     * @return what the caller is to get
     */
    T end(T value, boolean isRecorded, Remains remains) throws Throwable {
        requireOpen();
        return settle(value, isRecorded, remains);
    }

    /**
     * Ends this execution after something failed. What fails now is added to that.
     *
     * @param returned whether the operation had returned
     * @param mayStand tells whether what the operation did may stand
     */
    void fail(Throwable failure, boolean returned, Predicate<? super Throwable> mayStand) {
        requireOpen();
        if (!isProtected()) {
            return;
        }
        Duration took = took();
        try {
            execution.recordStepsAgain(true);
            var unused = settle(Ending.ofFailure(execution, failure, returned, mayStand), took);
        } catch (RuntimeException | Error ours) {
            failure.addSuppressed(ours);
        } finally {
            finish();
        }
    }

    /**
     * Like {@link #end}, without waiting for the store.
     *
     * @param isRecorded tells whether the result is to be recorded, asked by a thread that asks the store
     */
    CompletableFuture<T> endAsync(T value, BooleanSupplier isRecorded) {
        return answerAsync(
                () -> {
                    boolean recorded = isRecorded.getAsBoolean();
                    if (recorded) {
                        tellStepsLeftOver();
                    } else {
                        execution.recordStepsAgain(false);
                    }
                    return Ending.ofValue(execution, value, recorded, Remains.ALL);
                },
                value);
    }

    /** Like {@link #fail} for work that has not returned, without waiting for the store. It does not fail. */
    CompletableFuture<?> failAsync(Throwable failure, Predicate<? super Throwable> mayStand) {
        return settleAsync(
                () -> {
                    execution.recordStepsAgain(false);
                    return Ending.ofFailure(execution, failure, false, mayStand);
                },
                true,
                (ending, held, ours) -> {
                    if (ours != null) {
                        failure.addSuppressed(ours);
                    }
                    return true;
                });
    }

    private CompletableFuture<T> answerAsync(Supplier<Ending> decision, T value) {
        return settleAsync(decision, value, (ending, held, failure) -> {
            requireTold(failure);
            return failure != null || held || !(ending instanceof Ending.Completed) ? value : outcomeOfSuccessor();
        });
    }

    private CompletableFuture<?> endAsync(Supplier<Ending> decision) {
        return settleAsync(decision, true, (ending, held, failure) -> {
            requireTold(failure);
            return true;
        });
    }

    /** Throws a failure, but that of a store: the listeners know, and the record is abandoned with its lease's end. */
    private static void requireTold(@Nullable Throwable failure) throws Throwable {
        if (failure != null && !(failure instanceof IdempotencyStoreException)) {
            throw failure;
        }
    }

    /** What whoever ends an execution gets, see {@link Settlement.Settled}. */
    @FunctionalInterface
    private interface Conclusion<A extends @Nullable Object> {

        A of(@Nullable Ending ending, boolean held, @Nullable Throwable failure) throws Throwable;
    }

    private <A extends @Nullable Object> CompletableFuture<A> settleAsync(
            Supplier<Ending> decision, A unprotected, Conclusion<A> conclusion) {
        requireOpen();
        if (!isProtected()) {
            return CompletableFuture.completedFuture(unprotected);
        }
        CompletableFuture<A> answer = new CompletableFuture<>();
        settlement.settleAsync(execution, decision, took(), (ending, held, failure) -> {
            A concluded;
            try {
                concluded = conclusion.of(ending, held, failure);
            } catch (Throwable thrown) {
                finish();
                answer.completeExceptionally(thrown);
                return;
            }
            finish();
            answer.complete(concluded);
        });
        return answer;
    }

    private void end(Supplier<Ending> decision) {
        requireOpen();
        if (!isProtected()) {
            return;
        }
        Duration took = took();
        try {
            var unused = settle(decision.get(), took);
        } catch (IdempotencyStoreException toldAlready) {
            // The listeners know, and the record is abandoned when its lease is over.
        } finally {
            finish();
        }
    }

    private T settle(T value, boolean isRecorded, Remains remains) throws Throwable {
        if (!isProtected()) {
            return value;
        }
        Duration took = took();
        try {
            if (!isRecorded) {
                execution.recordStepsAgain(true);
            }
            boolean held;
            try {
                held = settle(Ending.ofValue(execution, value, isRecorded, remains), took);
            } catch (IdempotencyStoreException toldAlready) {
                // The work is over, and its caller gets the result, whatever the store does.
                return value;
            }
            return held || !isRecorded ? value : outcomeOfSuccessor();
        } finally {
            finish();
        }
    }

    /**
     * Ends this execution, or leaves that to its transaction. A key that is only given back does not wait for the
     * transaction.
     *
     * @return false if the claim was lost
     */
    private boolean settle(Ending ending, Duration took) {
        EnclosingTransaction transaction = execution.transaction();
        if (transaction == null || ending instanceof Ending.Released) {
            return settlement.settle(execution, ending, took);
        }
        EndingInTransaction pending =
                new EndingInTransaction(settlement, execution, ending, settlement.encode(execution, ending), took);
        pending.follow(transaction);
        if (ending != Ending.Unknown.UNKNOWN && !settlement.holds(execution)) {
            // The transaction cannot commit any more, since the claim is asked for again before it does.
            throw pending.lost();
        }
        return true;
    }

    // The codec decodes to the operation's own type, which its maker vouched to be T, null included.
    @SuppressWarnings({"unchecked", "NullAway"})
    private T outcomeOfSuccessor() throws Throwable {
        IdempotencyKey key = execution.key();
        IdempotencyClaimLostException lost = lost("the operation ran to its end, and its outcome was not recorded");
        IdempotencyRecord record;
        try {
            record = Interrupts.<@Nullable IdempotencyRecord>outlast(
                    () -> settlement.store().find(key));
        } catch (RuntimeException failure) {
            lost.addSuppressed(failure);
            throw lost;
        }
        if (record == null
                || record.outcome() == null
                || !execution.fingerprint().matches(record.fingerprint())) {
            throw lost;
        }
        Outcome recorded = outcomes.decoded(execution.operation(), key, record.outcome());
        return (T) recorded.get();
    }

    private IdempotencyClaimLostException lost(String what) {
        return new IdempotencyClaimLostException(execution.key(), execution.fencingToken(), what);
    }

    private Duration took() {
        return Duration.ofNanos(execution.age());
    }

    private void finish() {
        if (execution.pending() == null) {
            settlement.finish(execution);
        }
    }

    private void requireOpen() {
        if (!execution.endOperation()) {
            throw new IllegalStateException("The execution of '" + execution.key() + "' was ended before");
        }
    }

    /** The context of a thread, for as long as it runs a part of an execution. */
    @FunctionalInterface
    public interface Binding extends AutoCloseable {

        /** Gives the thread back the context that it had before. Called once, and in the same thread. */
        @Override
        void close();
    }
}
