package io.idempotent.engine;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.store.Claim;
import java.time.Instant;
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
    private final @Nullable Claim claim;
    private final Instant firstClaimedAt;
    private final int takeovers;
    private final LongSupplier ticker;
    private final long startedAt;
    private final long leaseNanos;
    private final @Nullable EnclosingTransaction transaction;
    private final CountDownLatch ended = new CountDownLatch(1);

    // Written by the renewing thread, read by the running one.
    private volatile long renewedAt;
    private volatile boolean refused;
    private volatile boolean settling;
    private volatile int attemptsBegun;

    // Written by the thread that ran the operation, read by those that come later.
    private volatile @Nullable PendingCompletion pending;

    // Confined to the thread that runs the operation.
    private @Nullable IdempotencyContext outer;

    // The renewing thread and the running one both may tell.
    private final AtomicBoolean lossTold = new AtomicBoolean();

    /**
     * Makes an execution.
     *
     * @param claim null where the operation runs unprotected
     * @param requestedAt the ticker's time before the claim was requested: the lease cannot have begun earlier
     * @param transaction what its operation is part of, or null
     */
    Execution(
            Operation<?> operation,
            IdempotencyKey key,
            @Nullable Claim claim,
            Instant firstClaimedAt,
            int takeovers,
            LongSupplier ticker,
            long requestedAt,
            @Nullable EnclosingTransaction transaction) {
        this.operation = operation;
        this.key = key;
        this.claim = claim;
        this.firstClaimedAt = firstClaimedAt;
        this.takeovers = takeovers;
        this.ticker = ticker;
        this.startedAt = requestedAt;
        this.renewedAt = requestedAt;
        this.leaseNanos = Nanos.of(operation.lease());
        this.transaction = transaction;
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
        return claim == null ? 0 : claim.fencingToken();
    }

    /** {@inheritDoc} Never true where the operation runs unprotected. */
    @Override
    public boolean leaseLost() {
        return claim != null && (refused || ticker.getAsLong() - renewedAt >= leaseNanos);
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
        if (claim != null && leaseLost()) {
            throw new IdempotencyClaimLostException(key, claim.fencingToken(), "attempt " + next + " was not begun");
        }
        attemptsBegun = next;
    }

    /**
     * Whether another attempt is worth beginning: the lease is not lost, and a transaction that the operation is part of can
     * still commit.
     */
    public boolean mayAttemptAgain() {
        return !leaseLost() && (transaction == null || !transaction.isRollbackOnly());
    }

    void enter() {
        outer = bind(this);
    }

    void exit() {
        bind(outer);
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
        if (claim == null) {
            throw new IllegalStateException("The execution of " + key + " runs unprotected and holds no claim");
        }
        return claim;
    }

    /** The transaction that its operation is part of, or null. */
    @Nullable
    EnclosingTransaction transaction() {
        return transaction;
    }

    /** Leaves the end of this execution to its transaction. */
    void pend(PendingCompletion completion) {
        pending = completion;
    }

    /** What this execution's transaction is to end, or null. */
    @Nullable
    PendingCompletion pending() {
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
        refused |= !settling;
    }

    /** Whether the loss of the lease is to be told now: true once, when it is lost. */
    boolean shouldTellLoss() {
        return leaseLost() && lossTold.compareAndSet(false, true);
    }

    /** Waits until the execution has ended, whatever its end, at most so long; tells whether it has. */
    boolean awaitEnd(long nanos) throws InterruptedException {
        return ended.await(nanos, TimeUnit.NANOSECONDS);
    }

    void end() {
        ended.countDown();
    }
}
