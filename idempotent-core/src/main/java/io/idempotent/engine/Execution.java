package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.Steps;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.RecordedStep;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One execution of an operation, within one claim: the {@link IdempotencyContext} that its code sees, and what the work
 * itself needs in order to attempt more than once.
 */
public final class Execution extends IdempotencyContext {

    private final Operation<?> operation;
    private final IdempotencyKey key;
    private final LongSupplier ticker;
    private final long leaseNanos;
    private final boolean leased;
    private final @Nullable EnclosingTransaction transaction;
    private final @Nullable Fingerprint fingerprint;
    private final @Nullable StepSource stepSource;
    private final CountDownLatch ended = new CountDownLatch(1);

    // Written once, but where each attempt claims anew, in a transaction of its own.
    private volatile @Nullable Claim claim;
    private volatile Instant firstClaimedAt;
    private volatile int takeovers;

    // Written once, but where the execution has to wait for its turn.
    private volatile long startedAt;

    // Written by the renewing thread, read by the running one.
    private volatile long renewedAt;
    private volatile boolean refused;
    private volatile boolean unknownToStore;
    private volatile boolean settling;
    private volatile int attemptsBegun;

    // Written by the thread that ran the operation, read by those that come later.
    private volatile @Nullable PendingEnding pending;

    // Made by whichever thread asks first.
    private volatile @Nullable ExecutionSteps steps;

    // Asked by threads that the operation has left behind.
    private volatile boolean over;

    // Written and read by the renewing thread only, one at a time.
    private long undecidedToldOf = Long.MIN_VALUE;

    // Both only with the monitor held that is told the loss.
    private @Nullable Thread runner;
    private boolean interrupted;

    // Confined to the thread that runs the operation.
    private @Nullable IdempotencyContext outer;

    // Written with the same value only.
    private volatile boolean interruptible;

    // The renewing thread and the running one both may tell.
    private final AtomicBoolean lossTold = new AtomicBoolean();

    /**
     * Makes an execution under a lease.
     *
     * @param claim null where the operation runs unprotected
     * @param requestedAt the ticker's time before the claim was requested: the lease cannot have begun earlier
     * @param transaction what its operation is part of, or null
     * @param stepSource makes its steps
     */
    Execution(
            Operation<?> operation,
            IdempotencyKey key,
            @Nullable Claim claim,
            Instant firstClaimedAt,
            int takeovers,
            LongSupplier ticker,
            long requestedAt,
            @Nullable EnclosingTransaction transaction,
            StepSource stepSource) {
        this(operation, key, claim, firstClaimedAt, takeovers, ticker, requestedAt, transaction, null, stepSource);
    }

    private Execution(
            Operation<?> operation,
            IdempotencyKey key,
            @Nullable Claim claim,
            Instant firstClaimedAt,
            int takeovers,
            LongSupplier ticker,
            long requestedAt,
            @Nullable EnclosingTransaction transaction,
            @Nullable Fingerprint fingerprint,
            @Nullable StepSource stepSource) {
        this.operation = operation;
        this.key = key;
        this.claim = claim;
        this.firstClaimedAt = firstClaimedAt;
        this.takeovers = takeovers;
        this.ticker = ticker;
        this.startedAt = requestedAt;
        this.renewedAt = requestedAt;
        this.leaseNanos = Nanos.of(operation.lease());
        this.leased = claim != null;
        this.transaction = transaction;
        this.fingerprint = fingerprint;
        this.stepSource = stepSource;
    }

    /**
     * Makes an execution without a lease, which claims in transactions.
     *
     * @param transaction what its operation is part of, or null if it has transactions of its own
     * @param fingerprint what its request says, since no record tells others that while it runs
     */
    Execution(
            Operation<?> operation,
            IdempotencyKey key,
            LongSupplier ticker,
            @Nullable EnclosingTransaction transaction,
            Fingerprint fingerprint) {
        this(operation, key, null, Instant.EPOCH, 0, ticker, ticker.getAsLong(), transaction, fingerprint, null);
    }

    /** Whether its request is known to say something else. */
    boolean isOfAnotherRequest(Fingerprint other) {
        return fingerprint != null && !other.matches(fingerprint);
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
        return takeovers;
    }

    @Override
    public Instant firstClaimedAt() {
        return firstClaimedAt;
    }

    /** {@inheritDoc} Zero, which is less than every claim's, where the operation runs unprotected. */
    @Override
    public long fencingToken() {
        Claim held = claim;
        return held == null ? 0 : held.fencingToken();
    }

    /** {@inheritDoc} Never true where there is no lease: where the operation runs unprotected, or is atomic. */
    @Override
    public boolean leaseLost() {
        return leased && (refused || ticker.getAsLong() - renewedAt >= leaseNanos);
    }

    @Override
    public Steps steps() {
        ExecutionSteps made = steps;
        return made != null ? made : makeSteps(List.of());
    }

    /** The steps, with what earlier claims of the record recorded of them. */
    private ExecutionSteps makeSteps(List<RecordedStep> earlier) {
        if (stepSource == null) {
            throw new IllegalStateException("The operation '" + operation.name()
                    + "' is atomic and has no steps: its transaction keeps or undoes all that it does");
        }
        synchronized (lossTold) {
            ExecutionSteps made = steps;
            if (made == null) {
                made = stepSource.stepsOf(this, earlier);
                steps = made;
            }
            return made;
        }
    }

    /** The record was claimed with steps that earlier claims recorded. */
    void continueWith(List<RecordedStep> earlier) {
        if (!earlier.isEmpty()) {
            var unused = makeSteps(earlier);
        }
    }

    /** Whether the operation has returned or thrown. */
    boolean isOver() {
        return over;
    }

    /** Tries once more to record the steps that the store could not be told of. */
    void recordStepsAgain() {
        ExecutionSteps made = steps;
        if (made != null) {
            made.recordAgain();
        }
    }

    /** Whether the store may have steps of this record. */
    boolean hasRecordedSteps() {
        ExecutionSteps made = steps;
        return made != null && made.areInStore();
    }

    /** Whether of some step it is not known whether it was done, or the store does not know that it was. */
    boolean hasStepsInDoubt() {
        ExecutionSteps made = steps;
        return made != null && made.areInDoubt();
    }

    /** The names of recorded steps that this execution did not ask for. */
    Set<String> stepsLeftOver() {
        ExecutionSteps made = steps;
        return made == null ? Set.of() : made.leftOver();
    }

    /** Whether a rollback of its transaction leaves effects of this execution behind. */
    boolean hasEffectsOutside() {
        return operation.hasEffectsOutside() || hasRecordedSteps();
    }

    /** The operation that runs. */
    public Operation<?> operation() {
        return operation;
    }

    /**
     * Says that an attempt begins. The first one may be left unsaid.
     *
     * @throws IdempotencyClaimLostException if the lease is lost, so that no further attempt may begin
     */
    public void beginAttempt() {
        int next = attemptsBegun + 1;
        if (leaseLost()) {
            throw new IdempotencyClaimLostException(key, fencingToken(), "attempt " + next + " was not begun");
        }
        attemptsBegun = next;
        ExecutionSteps made = steps;
        if (made != null) {
            made.beginAttempt();
        }
    }

    /**
     * Whether another attempt is worth beginning: the lease is not lost, and a transaction that the operation is part
     * of can still commit.
     */
    public boolean mayAttemptAgain() {
        return !leaseLost() && (transaction == null || !transaction.isRollbackOnly());
    }

    /** Makes the steps of an execution. */
    @FunctionalInterface
    interface StepSource {

        /** Makes them, with what earlier claims of the record recorded. */
        ExecutionSteps stepsOf(Execution execution, List<RecordedStep> earlier);
    }

    void enter() {
        outer = bind(this);
    }

    void exit() {
        over = true;
        leave();
    }

    /** This thread no longer runs the operation. */
    void leave() {
        leaveTo(outer);
    }

    /** A thread that need not be the one that began it runs a part of the operation; gives its context from before. */
    @Nullable
    IdempotencyContext enterAside() {
        return bind(this);
    }

    /** The thread goes back to the context that it had before. */
    void leaveTo(@Nullable IdempotencyContext before) {
        bind(before);
        if (!interruptible) {
            return;
        }
        synchronized (lossTold) {
            if (!Thread.currentThread().equals(runner)) {
                return;
            }
            runner = null;
            if (interrupted) {
                // It was meant for the operation, which is over.
                interrupted = false;
                Thread.interrupted();
            }
        }
    }

    /** The operation is over, in whichever thread it ran. */
    void endOperation() {
        over = true;
    }

    /** The thread that runs the operation is this one, and is to be interrupted when the lease is lost. */
    void interruptible() {
        interruptible = true;
        synchronized (lossTold) {
            runner = Thread.currentThread();
        }
    }

    /** Interrupts the thread that runs the operation, if it still does and wants to be. */
    void interruptRunner() {
        synchronized (lossTold) {
            Thread running = runner;
            // One that is interrupted already keeps that interrupt, which was not ours.
            if (running != null && running != Thread.currentThread() && !running.isInterrupted()) {
                interrupted = true;
                running.interrupt();
            }
        }
    }

    /** The execution of a key further up the stack of this thread, or null. */
    static @Nullable Execution holding(IdempotencyKey key) {
        IdempotencyContext context = currentOrNull();
        while (context instanceof Execution execution) {
            if (execution.key.equals(key)) {
                return execution;
            }
            context = execution.outer;
        }
        return null;
    }

    /** The proof that the key is held. */
    Claim claim() {
        Claim held = claim;
        if (held == null) {
            throw new IllegalStateException("The execution of " + key + " holds no claim");
        }
        return held;
    }

    /** The execution begins only now, after it has waited. */
    void restart() {
        startedAt = ticker.getAsLong();
    }

    /** The key was claimed for the next attempt, in that attempt's transaction. */
    void claimed(ClaimResult.Claimed claimed) {
        claim = claimed.claim();
        firstClaimedAt = claimed.firstClaimedAt();
        takeovers = claimed.takeovers();
    }

    /** Whether the claim is a lease, and not a lock of the transaction's. */
    boolean isLeased() {
        return leased;
    }

    /** The transaction that its operation is part of, or null. */
    @Nullable
    EnclosingTransaction transaction() {
        return transaction;
    }

    /** Leaves the end of this execution to its transaction. */
    void pend(PendingEnding completion) {
        pending = completion;
    }

    /** What this execution's transaction is to end, or null. */
    @Nullable
    PendingEnding pending() {
        return pending;
    }

    /** The ticker's time. */
    long now() {
        return ticker.getAsLong();
    }

    /** How long ago the execution began, in nanoseconds. */
    long age() {
        return ticker.getAsLong() - startedAt;
    }

    /** How long ago the lease was last known to be granted, in nanoseconds. */
    long sinceRenewal() {
        return ticker.getAsLong() - renewedAt;
    }

    /** How long the lease still lasts at least, in nanoseconds. */
    long leaseRemaining() {
        return Math.max(0, leaseNanos - sinceRenewal());
    }

    /** The lease was renewed by a request made at this time. */
    void renewed(long requestedAt) {
        renewedAt = requestedAt;
    }

    /** The store said that the claim is not the key's any more. */
    void refuse() {
        refused = true;
    }

    /** The last request is on its way, whose answer alone tells whether the claim was lost. */
    void settling() {
        settling = true;
    }

    /** The store did not renew the lease: it is lost, unless the last request has ended it. */
    void notRenewed() {
        if (!settling) {
            unknownToStore = sinceRenewal() < leaseNanos;
            refused = true;
        }
    }

    /**
     * Whether the store did not know the claim although its lease was not over, so that nobody can have taken it over:
     * the record is gone, or the lease was to be renewed in another database than it was claimed in.
     */
    public boolean isUnknownToStore() {
        return unknownToStore;
    }

    /** Whether the loss of the lease is to be told now: true once, when it is lost. */
    boolean shouldTellLoss() {
        return leaseLost() && lossTold.compareAndSet(false, true);
    }

    /**
     * Whether it is to be told now that the store cannot decide on the lease: true once for each grant, when it is so
     * old.
     */
    boolean shouldTellUndecided(long nanos) {
        long grant = renewedAt;
        if (ticker.getAsLong() - grant < nanos || undecidedToldOf == grant) {
            return false;
        }
        undecidedToldOf = grant;
        return true;
    }

    /** Waits until the execution has ended, whatever its end, at most so long; tells whether it has. */
    boolean awaitEnd(long nanos) throws InterruptedException {
        return ended.await(nanos, TimeUnit.NANOSECONDS);
    }

    void end() {
        ended.countDown();
    }
}
