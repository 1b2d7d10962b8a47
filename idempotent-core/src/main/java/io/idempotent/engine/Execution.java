package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.Steps;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.RecordedStep;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One execution of an operation, within one claim: the {@link IdempotencyContext} that its code sees, and what the work
 * itself needs in order to attempt more than once.
 */
public final class Execution extends IdempotencyContext {

    private final Operation<?> operation;
    private final IdempotencyKey key;
    private final Fingerprint fingerprint;
    private final LongSupplier ticker;
    private final @Nullable Lease lease;
    private final @Nullable EnclosingTransaction transaction;
    private final boolean recovered;
    private final @Nullable StepSource stepSource;
    private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();

    // Written once, but by an atomic execution, which claims anew for each attempt.
    private volatile ClaimResult.@Nullable Claimed claimed;

    // Written once, but by an execution that waits for its turn.
    private volatile long startedAt;

    // Written by the thread that runs the operation.
    private volatile int attemptsBegun;
    private volatile @Nullable Pending pending;
    private volatile boolean earlierUnknown;
    private volatile boolean undoable;
    private volatile @Nullable Compensated compensated;

    // How old the execution may be when an attempt begins, in nanoseconds.
    private volatile long attemptsUntil = Long.MAX_VALUE;

    // Written while the end is locked. Threads that the operation has left behind may read them.
    private volatile @Nullable TrackedSteps steps;
    private volatile boolean over;

    // Guarded by the end. Null while there is none.
    private @Nullable Set<Runnable> atEnd;

    // Written by the thread that runs the operation, or before there is one.
    private @Nullable IdempotencyContext outer;

    private Execution(
            Operation<?> operation,
            IdempotencyKey key,
            Fingerprint fingerprint,
            ClaimResult.@Nullable Claimed claimed,
            LongSupplier ticker,
            long startedAt,
            @Nullable Lease lease,
            @Nullable EnclosingTransaction transaction,
            boolean recovered,
            @Nullable StepSource stepSource) {
        this.operation = operation;
        this.key = key;
        this.fingerprint = fingerprint;
        this.claimed = claimed;
        this.ticker = ticker;
        this.startedAt = startedAt;
        this.lease = lease;
        this.transaction = transaction;
        this.recovered = recovered;
        this.stepSource = stepSource;
        this.earlierUnknown = takeovers() > 0 && operation.whenAbandoned() == WhenAbandoned.RECONCILE;
    }

    /**
     * Makes an execution under a lease.
     *
     * @param requestedAt the ticker's time before the claim was requested
     * @param interrupts whether the thread that runs the operation is interrupted when the lease is lost
     * @param transaction what the operation is part of, or null
     * @param recovered whether it is finished without its caller
     */
    static Execution leased(
            Operation<?> operation,
            ClaimResult.Claimed claimed,
            Fingerprint fingerprint,
            LongSupplier ticker,
            long requestedAt,
            boolean interrupts,
            @Nullable EnclosingTransaction transaction,
            boolean recovered,
            StepSource stepSource) {
        Lease lease = new Lease(operation.lease(), ticker, requestedAt, interrupts);
        Execution execution = new Execution(
                operation,
                claimed.claim().key(),
                fingerprint,
                claimed,
                ticker,
                requestedAt,
                lease,
                transaction,
                recovered,
                stepSource);
        if (!claimed.steps().isEmpty()) {
            var unused = execution.makeSteps(claimed.steps());
            execution.earlierUnknown &= !execution.isBackward();
        }
        return execution;
    }

    /** Makes an execution that nothing protects, since the store failed. Its token is less than that of every claim. */
    static Execution unprotected(
            Operation<?> operation,
            IdempotencyKey key,
            Fingerprint fingerprint,
            LongSupplier ticker,
            long requestedAt,
            @Nullable EnclosingTransaction transaction,
            StepSource stepSource) {
        Claim nobodys = new Claim(key, new UUID(0, 0), 0);
        return new Execution(
                operation,
                key,
                fingerprint,
                new ClaimResult.Claimed(nobodys, Instant.now(), 0),
                ticker,
                requestedAt,
                null,
                transaction,
                false,
                stepSource);
    }

    /**
     * Makes an execution without a lease, which claims in transactions.
     *
     * @param transaction what its operation is part of, or null if it has transactions of its own
     */
    static Execution atomic(
            Operation<?> operation,
            IdempotencyKey key,
            Fingerprint fingerprint,
            LongSupplier ticker,
            @Nullable EnclosingTransaction transaction) {
        return new Execution(
                operation, key, fingerprint, null, ticker, ticker.getAsLong(), null, transaction, false, null);
    }

    @Override
    public IdempotencyKey key() {
        return key;
    }

    @Override
    public int attempt() {
        return Math.max(1, attemptsBegun);
    }

    @Override
    public int takeovers() {
        ClaimResult.Claimed held = claimed;
        return held == null ? 0 : held.takeovers();
    }

    @Override
    public Instant firstClaimedAt() {
        ClaimResult.Claimed held = claimed;
        return held == null ? Instant.EPOCH : held.firstClaimedAt();
    }

    @Override
    public boolean recovered() {
        return recovered;
    }

    /** {@inheritDoc} Zero, which is less than every claim's, where the operation runs unprotected. */
    @Override
    public long fencingToken() {
        ClaimResult.Claimed held = claimed;
        return held == null ? 0 : held.claim().fencingToken();
    }

    /** {@inheritDoc} Never true where there is no lease: where the operation runs unprotected, or is atomic. */
    @Override
    public boolean leaseLost() {
        return lease != null && lease.isLost();
    }

    @Override
    public @Nullable Duration remaining() {
        if (leaseLost()) {
            return Duration.ZERO;
        }
        long until = lease == null ? attemptsUntil : Math.min(attemptsUntil, Nanos.of(operation.maxRun()));
        return until == Long.MAX_VALUE ? null : Duration.ofNanos(Math.max(0, until - age()));
    }

    @Override
    public Steps steps() {
        TrackedSteps made = steps;
        return made != null ? made : makeSteps(List.of());
    }

    private TrackedSteps makeSteps(List<RecordedStep> earlier) {
        if (stepSource == null) {
            throw new IllegalStateException("The operation '" + operation.name()
                    + "' is atomic and has no steps: its transaction keeps or undoes all that it does");
        }
        synchronized (ended) {
            TrackedSteps made = steps;
            if (made == null) {
                made = stepSource.stepsOf(this, earlier);
                steps = made;
            }
            return made;
        }
    }

    /** Returns the operation that runs. */
    public Operation<?> operation() {
        return operation;
    }

    /**
     * Begins an attempt. Work that attempts only once need not call this.
     *
     * @throws IdempotencyClaimLostException if the lease is lost, so that no further attempt may begin
     */
    public void beginAttempt() {
        int next = attemptsBegun + 1;
        if (leaseLost()) {
            throw new IdempotencyClaimLostException(key, fencingToken(), "attempt " + next + " was not begun");
        }
        TrackedSteps made = steps;
        if (made != null) {
            if (next > 1 && made.areBackward()) {
                throw new Backward(key);
            }
            made.beginAttempt();
        }
        attemptsBegun = next;
    }

    /** Limits how long all attempts may take from now on, which {@link #remaining} tells. It stops no attempt. */
    public void limitAttempts(Duration timeout) {
        attemptsUntil = age() + Nanos.of(timeout);
    }

    /**
     * Tells whether another attempt is worth beginning: the operation has not ended, as one that was cancelled has, the
     * lease is not lost, and a transaction that the operation is part of can still commit.
     */
    public boolean mayAttemptAgain() {
        return !over && !leaseLost() && (transaction == null || !transaction.isRollbackOnly());
    }

    /**
     * Tells whether the store did not know the claim although its lease was not over, so that nobody can have taken it
     * over: the record is gone, or the lease was to be renewed in another database than it was claimed in.
     */
    public boolean isUnknownToStore() {
        return lease != null && lease.isUnknownToStore();
    }

    /** The steps of an execution, and what its ending depends on. */
    interface TrackedSteps extends Steps {

        /** A step may run once more, in the attempt that begins. */
        void beginAttempt();

        /** Tells whether the store may have steps of the execution's record. */
        boolean areInStore();

        /** Tells whether nobody knows if some step was done, or the store does not know that it was. */
        boolean areInDoubt();

        /**
         * Records once more what the store could not be told of.
         *
         * @param mayPause whether the thread may pause, so that the request is repeated while the store fails
         */
        void recordAgain(boolean mayPause);

        /** Returns the names of steps, recorded by earlier claims, that the execution did not ask for. */
        Set<String> leftOver();

        /** Tells whether an earlier claim of the record began to undo its steps, so that no step may begin. */
        boolean areBackward();

        /**
         * Tells whether some step is to be undone once the execution has failed for good.
         *
         * @param isFinal whether the failure is recorded in any case
         */
        boolean areToBeUndone(boolean isFinal);

        /**
         * Undoes the steps, and tells the execution what became of that.
         *
         * @param failure what the operation threw
         * @return what the caller is to get
         */
        Throwable undo(Throwable failure, Undoing undoing);
    }

    /** How each step is undone. */
    @FunctionalInterface
    interface Undoing {

        /** Runs what undoes a step, more than once if it fails and that may help. */
        void undo(Execution execution, Steps.Action<?> undo) throws Throwable;
    }

    /**
     * What became of the undoing of steps.
     *
     * @param failure the failure to be recorded
     * @param undone whether every step is undone
     * @param unreadable why the failure cannot be replayed; null if it can
     */
    record Compensated(
            Throwable failure, boolean undone, @Nullable String unreadable) {}

    /** Makes the steps of executions. */
    @FunctionalInterface
    interface StepSource {

        /** Makes the steps of an execution, with those that earlier claims of the record recorded. */
        TrackedSteps stepsOf(Execution execution, List<RecordedStep> earlier);
    }

    /**
     * Records once more the steps that the store could not be told of.
     *
     * @param mayPause whether the thread may pause
     */
    void recordStepsAgain(boolean mayPause) {
        TrackedSteps made = steps;
        if (made != null) {
            made.recordAgain(mayPause);
        }
    }

    /** Tells whether the store may have steps of this record. */
    boolean hasRecordedSteps() {
        TrackedSteps made = steps;
        return made != null && made.areInStore();
    }

    /** Tells whether nobody knows if some step was done, or the store does not know that it was. */
    boolean hasStepsInDoubt() {
        TrackedSteps made = steps;
        return made != null && made.areInDoubt();
    }

    /** Returns the names of recorded steps that this execution did not ask for. */
    Set<String> stepsLeftOver() {
        TrackedSteps made = steps;
        return made == null ? Set.of() : made.leftOver();
    }

    /** Takes note that its driver undoes its steps if it fails for good. */
    void beUndoable() {
        undoable = true;
    }

    /** Tells whether the steps of this execution may declare how they are undone. */
    boolean isUndoable() {
        return undoable;
    }

    /** Tells whether an earlier claim of the record began to undo its steps, so that no step may begin. */
    boolean isBackward() {
        TrackedSteps made = steps;
        return made != null && made.areBackward();
    }

    /**
     * Tells whether some step is to be undone once the operation has failed for good.
     *
     * @param isFinal whether the failure is recorded in any case
     */
    boolean hasStepsToUndo(boolean isFinal) {
        TrackedSteps made = steps;
        return made != null && made.areToBeUndone(isFinal);
    }

    /**
     * Undoes the steps, which are {@linkplain #hasStepsToUndo to be undone}.
     *
     * @param failure what the operation threw
     * @return what the caller is to get
     */
    Throwable undoSteps(Throwable failure, Undoing undoing) {
        TrackedSteps made = steps;
        return made == null ? failure : made.undo(failure, undoing);
    }

    /** Takes note of what became of the undoing of steps. */
    void compensated(Compensated result) {
        compensated = result;
    }

    /** Returns what became of the undoing of steps; null if it was not begun. */
    @Nullable
    Compensated compensated() {
        return compensated;
    }

    /** Tells whether effects of this execution outlive a rollback of its transaction. */
    boolean hasEffectsOutside() {
        return operation.hasEffectsOutside() || hasRecordedSteps();
    }

    /** Returns what the request says. */
    Fingerprint fingerprint() {
        return fingerprint;
    }

    /** Tells whether what an earlier execution did has to be found out, and is not yet known. */
    boolean isEarlierUnknown() {
        return earlierUnknown;
    }

    /**
     * Tells whether the key stays abandoned if this execution does not begin: what an earlier one did is not known or
     * is being undone, or nobody but this execution would come back for it.
     */
    boolean mustNotBeReleased() {
        return earlierUnknown || recovered || isBackward();
    }

    /** Takes note that no earlier execution has done the operation, as far as that has to be known. */
    void earlierNotDone() {
        earlierUnknown = false;
    }

    /** Returns the proof that the key is held. */
    Claim claim() {
        ClaimResult.Claimed held = claimed;
        if (held == null) {
            throw new IllegalStateException("The execution of " + key + " holds no claim");
        }
        return held.claim();
    }

    /** Takes note that the key was claimed for the next attempt, in that attempt's transaction. */
    void claimed(ClaimResult.Claimed next) {
        claimed = next;
    }

    /** Tells whether the claim is a lease, and not the lock of a transaction, or none. */
    boolean isLeased() {
        return lease != null;
    }

    /** Returns the lease of an execution that has one. */
    Lease lease() {
        if (lease == null) {
            throw new IllegalStateException("The execution of " + key + " has no lease");
        }
        return lease;
    }

    /** Takes note that the key has another claim by now. */
    void superseded() {
        if (lease != null) {
            lease.refuse();
        }
    }

    /** Returns the transaction that the operation is part of, or null. */
    @Nullable
    EnclosingTransaction transaction() {
        return transaction;
    }

    /**
     * What is known of an execution whose transaction has not ended.
     *
     * @param outcome what the same transaction may be told already; null if the outcome is not known
     * @param thread the thread of the transaction
     */
    record Pending(@Nullable RecordedOutcome outcome, Thread thread) {}

    /** Leaves the end of this execution to its transaction, which this thread has. */
    void pend(@Nullable RecordedOutcome outcome) {
        pending = new Pending(outcome, Thread.currentThread());
    }

    /** Returns what is known while the transaction has not ended; null before the operation ran. */
    @Nullable
    Pending pending() {
        return pending;
    }

    /** Returns the ticker's time. */
    long now() {
        return ticker.getAsLong();
    }

    /** Begins only now, after a wait. */
    void restart() {
        startedAt = ticker.getAsLong();
    }

    /** Returns how long ago the execution began, in nanoseconds. */
    long age() {
        return ticker.getAsLong() - startedAt;
    }

    /** Binds this context to the thread that runs the operation. */
    void enter() {
        outer = bindHere();
    }

    /** Takes this context from the thread that ran the operation. */
    void leave() {
        leaveTo(outer);
        outer = null;
    }

    /**
     * Binds this context to a thread that runs a part of the operation.
     *
     * @return what was bound before, to be given to {@link #leaveTo}
     */
    @Nullable
    IdempotencyContext bindHere() {
        IdempotencyContext before = bind(this);
        if (lease != null) {
            lease.enter();
        }
        return before;
    }

    /** Binds the context that the thread had before. */
    void leaveTo(@Nullable IdempotencyContext before) {
        bind(before);
        if (lease != null) {
            lease.leave();
        }
    }

    /** Takes note of the context that the call was made in, for an execution that threads bind in turn. */
    void calledIn(@Nullable IdempotencyContext context) {
        outer = context;
    }

    /** Tells whether the key is held, or the operation runs unprotected. */
    private boolean isHeld() {
        return !hasEnded() && (lease != null || !over);
    }

    /** Returns the execution that holds a key in a context or around it, or null. */
    static @Nullable Execution holding(IdempotencyKey key, @Nullable IdempotencyContext innermost) {
        IdempotencyContext context = innermost;
        while (context instanceof Execution execution) {
            if (execution.key.equals(key) && execution.isHeld()) {
                return execution;
            }
            context = execution.outer;
        }
        return null;
    }

    /**
     * Takes note that the operation has returned or thrown, in whichever thread.
     *
     * @return whether that is news
     */
    boolean endOperation() {
        synchronized (ended) {
            boolean news = !over;
            over = true;
            return news;
        }
    }

    /** Tells whether the operation has returned or thrown. */
    boolean isOver() {
        return over;
    }

    /**
     * Waits until the execution has ended, whatever its end.
     *
     * @param nanos how long to wait at most
     * @return whether it has ended
     */
    boolean awaitEnd(long nanos) throws InterruptedException {
        try {
            ended.get(nanos, TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException notYet) {
            return false;
        } catch (ExecutionException neverFails) {
            throw new AssertionError(neverFails);
        }
    }

    /** Tells whether the execution has ended, whatever its end. */
    boolean hasEnded() {
        return ended.isDone();
    }

    /** Runs an action when the execution has ended, or now if it has. The thread that ends it runs the action. */
    void onEnd(Runnable action) {
        synchronized (ended) {
            if (!hasEnded()) {
                Set<Runnable> actions = atEnd == null ? new HashSet<>() : atEnd;
                actions.add(action);
                atEnd = actions;
                return;
            }
        }
        action.run();
    }

    /** Runs an action no more. */
    void forget(Runnable action) {
        synchronized (ended) {
            if (atEnd != null) {
                atEnd.remove(action);
            }
        }
    }

    /** Wakes those that wait for the end. */
    void wake() {
        ended.complete(null);
        Set<Runnable> actions;
        synchronized (ended) {
            actions = atEnd;
            atEnd = null;
        }
        if (actions != null) {
            actions.forEach(Runnable::run);
        }
    }
}
