package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.Reconciliation;
import io.idempotent.RecordedOutcome;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.ReferenceOutcomeCodec;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.NearbyOutcome;
import io.idempotent.store.NearbyOutcomes;
import java.lang.reflect.UndeclaredThrowableException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs operations once per key.
 *
 * <ol>
 *   <li>If the store has the key's completed record in this JVM's memory, its outcome is replayed like any other.
 *   <li>A key that is not acceptable is refused. A call in the same transaction as an earlier one, whose outcome waits
 *       for that transaction's end, gets that outcome. A key that this very thread holds otherwise is refused.
 *   <li>The key is claimed. If the store fails in a way that may pass, the same claim is asked for once more after a
 *       few milliseconds: if only the answer was lost, it is given again. If the store still fails, the call is
 *       refused, or runs unprotected where its operation says so.
 *   <li>If the key is completed, its outcome is replayed: returned, or thrown. If it is in progress, the call is
 *       refused, or waits as long as its operation says and claims again: woken by an owner in this JVM, asking at
 *       growing and random intervals otherwise. In both cases a request that says something else is refused.
 *   <li>If the key was abandoned, the operation says what is to be done: it is taken over, and the operation run again;
 *       or asked, under the new claim, what became of the earlier execution: if its operation was done that is the
 *       outcome, if not the operation runs, and if nobody can tell, or finding out fails, the key is abandoned again
 *       and the call refused; or it is not taken over, and every call is refused.
 *   <li>If the key is claimed, the operation runs, its lease being renewed meanwhile. If the lease is over by the time
 *       that the claim is heard of, it does not.
 *   <li>What it returns is recorded, or a failure that it declares final; one after which nobody knows whether it was
 *       done, or whether a step of it was, abandons the key; any other failure, and a result that is not to be
 *       recorded, releases the key, whose recorded steps wait for the next claim. If the store fails, that is tried
 *       again for a bounded time, the lease still being renewed.
 *   <li>If the claim was lost meanwhile, a result is given up for the outcome that its successor recorded, or for an
 *       {@link IdempotencyClaimLostException} if there is none yet; a failure stays the caller's.
 *   <li>If the call is made in a transaction that what it does is part of, its result is recorded, and a failure on
 *       which its work stands is made known, when that transaction ends: see {@link PendingCompletion}.
 * </ol>
 *
 * <p>An atomic operation claims, runs and is completed in one transaction instead: see {@link #executeAtomically}.
 *
 * <p>Safe for use by many threads; one engine serves all operations on a store. Close it after the last call: it then
 * waits for running executions, whose leases it renews until the end, and leaves the store open.
 */
public final class IdempotencyEngine implements AutoCloseable {

    /** How many callers may wait at the same time unless said otherwise: {@value}. */
    public static final int DEFAULT_MAX_WAITERS = 1_000;

    /** For how long recording an outcome is tried when the store fails, unless said otherwise: ten seconds. */
    public static final Duration DEFAULT_COMPLETION_TIMEOUT = Duration.ofSeconds(10);

    /** For how long closing waits for running executions unless said otherwise: ten seconds. */
    public static final Duration DEFAULT_CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private static final long SHORTEST_REPEAT_PAUSE = TimeUnit.MILLISECONDS.toNanos(1);

    private static final long LONGEST_REPEAT_PAUSE = TimeUnit.MILLISECONDS.toNanos(10);

    private final IdempotencyStore store;
    private final @Nullable NearbyOutcomes nearbyOutcomes;
    private final Function<ClaimRequest, ClaimResult> claims;
    private final OutcomeCodec codec;
    private final Outcomes outcomes;
    private final Listeners listeners;
    private final LeaseRenewal renewal;
    private final Waiting waiting;
    private final LongSupplier ticker;
    private final Settlement settlement;
    private final AtomicCalls atomicCalls;
    private final Execution.StepSource stepSource;
    private final Duration closeTimeout;
    private final boolean interruptOnLeaseLoss;
    private final Pacing pacing;

    // Who runs in this JVM, so that waiters can be woken; of two executions of one key the one that claimed last.
    private final ConcurrentHashMap<IdempotencyKey, Execution> owners = new ConcurrentHashMap<>();

    // One half of every claim id tells this engine from every other, cheaply for each claim and by chance only once.
    private final long claimIdPrefix = new SecureRandom().nextLong();

    private volatile boolean closed;

    private IdempotencyEngine(Builder builder) {
        this.store = builder.store;
        this.nearbyOutcomes = store.unwrap(NearbyOutcomes.class);
        this.claims = store::claim;
        this.codec = builder.codec();
        BiConsumer<String, Throwable> errorHandler = harmless(builder.errorHandler);
        this.ticker = builder.ticker;
        this.pacing = builder.pacing;
        this.listeners = new Listeners(builder.listeners, errorHandler);
        this.outcomes = new Outcomes(codec, listeners, errorHandler);
        this.renewal = new LeaseRenewal(store, ticker, listeners, errorHandler, pacing);
        this.waiting = new Waiting(builder.waitingRoom, ticker, owners::get, this::claim, pacing);
        this.settlement =
                new Settlement(store, renewal, listeners, Nanos.of(builder.completionTimeout), owners, pacing);
        this.atomicCalls = new AtomicCalls(settlement, listeners, outcomes, waiting, ticker, owners, this::newClaimId);
        this.stepSource =
                (execution, earlier) -> new ExecutionSteps(execution, earlier, settlement, outcomes, listeners);
        this.interruptOnLeaseLoss = builder.interruptOnLeaseLoss;
        this.closeTimeout = builder.closeTimeout;
    }

    private static BiConsumer<String, Throwable> harmless(BiConsumer<String, Throwable> errorHandler) {
        return (message, failure) -> {
            try {
                errorHandler.accept(message, failure);
            } catch (RuntimeException | Error unreported) {
                // There is nobody left to tell, and no call is to break over it.
            }
        };
    }

    /** Begins an engine on a store, which it does not close. */
    public static Builder builder(IdempotencyStore store) {
        return new Builder(store);
    }

    /**
     * What people do with records of this engine's store. Usable as long as the store is.
     *
     * @param operations the operation of a name, which tells what it returns; null where it is not known
     */
    public IdempotencyRecords records(Function<String, ? extends @Nullable Operation<?>> operations) {
        return new EngineRecords(store, codec, listeners, this::newClaimId, operations);
    }

    /** The store that this engine works on. */
    public IdempotencyStore store() {
        return store;
    }

    /**
     * Runs an operation once for a key without a scope, or replays what it produced. Like
     * {@link #execute(Operation, IdempotencyKey, Fingerprint, IdempotentWork)}.
     *
     * @param operation the operation
     * @param key the caller's key
     * @param fingerprint what the request says
     * @param work what to run
     * @return what it returned, now or when it ran
     * @throws Exception what the operation throws, now or when it ran, or an {@link IdempotencyException}
     */
    public <T extends @Nullable Object> T execute(
            Operation<T> operation, String key, Fingerprint fingerprint, Callable<? extends T> work) throws Exception {
        try {
            return execute(operation, operation.key(key), fingerprint, execution -> work.call());
        } catch (Exception | Error thrown) {
            throw thrown;
        } catch (Throwable neither) {
            throw new UndeclaredThrowableException(neither);
        }
    }

    /**
     * Runs an operation once for a key, or replays what it produced.
     *
     * @param operation the operation
     * @param key the key
     * @param fingerprint what the request says, to detect a key that is used again for something else
     * @param work what to run while the key is held
     * @return what it returned, now or when it ran
     * @throws IdempotencyException if the call was refused, or its outcome cannot be given
     * @throws Throwable what the operation throws, now or when it ran
     */
    public <T extends @Nullable Object> T execute(
            Operation<T> operation, IdempotencyKey key, Fingerprint fingerprint, IdempotentWork<T> work)
            throws Throwable {
        if (closed) {
            throw closed(key);
        }
        NearbyOutcome nearby = findNearby(key);
        if (nearby != null) {
            return outcomes.replay(operation, key, fingerprint, nearby.fingerprint(), nearby.outcome());
        }
        key.check();
        EnclosingTransaction transaction = work.enclosingTransaction();
        PendingCompletion pending = pending(key);
        if (pending != null && pending.isOutcomeIn(transaction)) {
            return outcomes.replay(operation, key, fingerprint, pending.fingerprint(), pending.recordable());
        }
        requireNotHeld(key, pending);
        Asked<T> asked = ask(operation, key, fingerprint, transaction);
        Execution execution = asked.execution();
        if (execution == null) {
            return asked.recorded();
        }
        return execution.isLeased() ? run(operation, execution, fingerprint, work) : runUnprotected(execution, work);
    }

    /**
     * Opens an execution that its caller ends, later and in whichever thread: for work that does not return to whoever
     * began it, such as a request that several threads serve in turn. What holds for {@link #execute(Operation,
     * IdempotencyKey, Fingerprint, IdempotentWork)} holds for it, its lease being renewed until it is ended, or has run
     * for as long as its operation may; it is part of no transaction.
     *
     * @param operation the operation
     * @param key the key
     * @param fingerprint what the request says, to detect a key that is used again for something else
     * @param inquiry asked where the key was abandoned before and its operation is to {@link WhenAbandoned#RECONCILE}
     * @return the execution, which has to be ended, or what was recorded
     * @throws IdempotencyException if the call was refused, or its outcome cannot be given
     * @throws Throwable a failure that was recorded
     */
    public <T extends @Nullable Object> Opened<T> open(
            Operation<T> operation, IdempotencyKey key, Fingerprint fingerprint, OutcomeInquiry<T> inquiry)
            throws Throwable {
        if (closed) {
            throw closed(key);
        }
        NearbyOutcome nearby = findNearby(key);
        if (nearby != null) {
            return new Opened.Recorded<>(
                    outcomes.replay(operation, key, fingerprint, nearby.fingerprint(), nearby.outcome()));
        }
        key.check();
        requireNotHeld(key, pending(key));
        Asked<T> asked = ask(operation, key, fingerprint, null);
        Execution execution = asked.execution();
        if (execution == null) {
            return new Opened.Recorded<>(asked.recorded());
        }
        OpenExecution<T> open = new OpenExecution<>(this, operation, execution, fingerprint);
        if (!execution.isLeased()) {
            return open;
        }
        boolean begun = false;
        try {
            begin(execution);
            begun = true;
            Reconciliation<T> found = openBegun(execution, inquiry);
            return found instanceof Reconciliation.Completed<T> completed
                    ? new Opened.Recorded<>(open.complete(completed.value()))
                    : open;
        } catch (Throwable failure) {
            if (open.isOpen()) {
                // What is not known of an earlier execution stays so; a key that was not begun has been given back.
                open.fail(begun, failure);
            }
            throw failure;
        }
    }

    /** Tells the listeners of the claim, and finds out what an earlier owner has done, if that has to be known. */
    private <T extends @Nullable Object> @Nullable Reconciliation<T> openBegun(
            Execution execution, OutcomeInquiry<T> inquiry) {
        execution.enter();
        try {
            listeners.tell(listener -> listener.claimed(execution));
            return isUnknown(execution) ? reconcile(execution, inquiry) : null;
        } finally {
            execution.leave();
        }
    }

    /** What the store says to a call: what was recorded, or that it may run. */
    private <T extends @Nullable Object> Asked<T> ask(
            Operation<T> operation,
            IdempotencyKey key,
            Fingerprint fingerprint,
            @Nullable EnclosingTransaction transaction)
            throws Throwable {
        boolean mayTakeOver = operation.whenAbandoned() != WhenAbandoned.REFUSE;
        ClaimRequest request = new ClaimRequest(key, newClaimId(), fingerprint, operation.lease(), mayTakeOver);
        boolean interrupted = Thread.currentThread().isInterrupted();
        long requestedAt = ticker.getAsLong();
        ClaimResult result;
        try {
            result = claim(request);
        } catch (IdempotencyStoreException failure) {
            // An interrupt that came meanwhile may be what broke the store, an embedded database say: no reason to run.
            if (operation.whenStoreFails() == WhenStoreFails.RUN
                    && (interrupted || !Thread.currentThread().isInterrupted())) {
                listeners.tell(listener -> listener.unprotected(key, failure));
                return Asked.run(new Execution(
                        operation, key, null, Instant.now(), 0, ticker, requestedAt, transaction, stepSource));
            }
            throw outcomes.refused(key, failure);
        }
        if (result instanceof ClaimResult.InProgress inProgress) {
            try {
                Waiting.Answer answer = waiting.await(operation, request, inProgress.record());
                result = answer.result();
                requestedAt = answer.requestedAt();
            } catch (IdempotencyException refusal) {
                // A store that fails now never leads to an unprotected run: another call is known to be running.
                throw outcomes.refused(key, refusal);
            }
        }
        if (result instanceof ClaimResult.Claimed claimed) {
            Execution execution = new Execution(
                    operation,
                    key,
                    claimed.claim(),
                    claimed.firstClaimedAt(),
                    claimed.takeovers(),
                    ticker,
                    requestedAt,
                    transaction,
                    stepSource);
            execution.continueWith(claimed.steps());
            return Asked.run(execution);
        }
        if (result instanceof ClaimResult.Completed completed) {
            return new Asked<>(
                    null,
                    outcomes.replay(
                            operation,
                            key,
                            fingerprint,
                            completed.record().fingerprint(),
                            completed.record().outcome()));
        }
        IdempotencyRecord abandoned = ((ClaimResult.Abandoned) result).record();
        throw outcomes.refused(
                key,
                fingerprint.matches(abandoned.fingerprint())
                        ? new IdempotencyOutcomeUnknownException(
                                key, abandoned.fencingToken(), abandoned.firstClaimedAt(), false, null)
                        : new IdempotencyKeyReusedException(key));
    }

    /**
     * Runs an operation once for a key, in a transaction that it is claimed and completed in; or replays what it
     * produced.
     *
     * @param operation the operation; its lease, the limit of its run and what to do when the store fails do not matter
     * @param key the key
     * @param fingerprint what the request says, to detect a key that is used again for something else
     * @param transactions on the database of this engine's store
     * @param work what to run in the transaction
     * @return what it returned, now or when it ran
     * @throws IdempotencyException if the call was refused, or its outcome cannot be given
     * @throws Throwable what the operation throws, now or when it ran, or what the commit throws
     */
    public <T extends @Nullable Object> T executeAtomically(
            Operation<T> operation,
            IdempotencyKey key,
            Fingerprint fingerprint,
            StoreTransactions transactions,
            AtomicWork<T> work)
            throws Throwable {
        if (closed) {
            throw closed(key);
        }
        NearbyOutcome nearby = findNearby(key);
        if (nearby != null) {
            return outcomes.replay(operation, key, fingerprint, nearby.fingerprint(), nearby.outcome());
        }
        key.check();
        EnclosingTransaction enclosing = transactions.enclosing();
        PendingCompletion pending = pending(key);
        if (pending != null && pending.isOutcomeIn(enclosing)) {
            return outcomes.replay(operation, key, fingerprint, pending.fingerprint(), pending.recordable());
        }
        requireNotHeld(key, pending);
        return atomicCalls.execute(
                operation, key, fingerprint, transactions, enclosing, work, () -> closed, () -> closed(key));
    }

    /** Refuses to wait for what this thread itself is to end, which would be in vain. */
    private void requireNotHeld(IdempotencyKey key, @Nullable PendingCompletion pending) {
        Execution holder = pending != null && pending.isOfThisThread() ? pending.execution() : Execution.holding(key);
        if (holder == null) {
            return;
        }
        Duration age = Duration.ofNanos(holder.age());
        throw outcomes.refused(
                key,
                holder.isLeased()
                        ? new IdempotencyInProgressException(
                                key, Reason.REENTRANT, age, Duration.ofNanos(holder.leaseRemaining()))
                        : new IdempotencyInProgressException(key, Reason.REENTRANT, age));
    }

    private UUID newClaimId() {
        return new UUID(claimIdPrefix, ThreadLocalRandom.current().nextLong());
    }

    /**
     * Refuses further calls, waits for running executions as long as the close timeout says, and stops renewing leases.
     * The store stays open. Closing twice has no effect.
     */
    @Override
    public void close() {
        closed = true;
        awaitIdle(closeTimeout);
        renewal.close();
    }

    /**
     * Waits until the operations that are running now have ended. Leases are renewed meanwhile, and calls are served
     * on. An interrupt ends the wait, and the flag stays set.
     *
     * @param atMost how long to wait
     * @return whether they have ended
     */
    public boolean awaitIdle(Duration atMost) {
        long deadline = System.nanoTime() + Nanos.of(atMost);
        for (Execution execution : List.copyOf(owners.values())) {
            try {
                if (!execution.awaitEnd(deadline - System.nanoTime())) {
                    return false;
                }
            } catch (InterruptedException interruption) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    private <T extends @Nullable Object> T run(
            Operation<T> operation, Execution execution, Fingerprint fingerprint, IdempotentWork<T> work)
            throws Throwable {
        try {
            begin(execution);
            T value;
            boolean releases = false;
            IdempotentWork.Remains remains = IdempotentWork.Remains.ALL;
            boolean unknown = isUnknown(execution);
            execution.enter();
            try {
                if (interruptOnLeaseLoss) {
                    execution.interruptible();
                }
                listeners.tell(listener -> listener.claimed(execution));
                Reconciliation<T> found = unknown ? reconcile(execution, work::reconcile) : null;
                if (found instanceof Reconciliation.Completed<T> completed) {
                    value = completed.value();
                } else {
                    unknown = false;
                    value = work.run(execution);
                    // What was done outside stays done, if what comes now fails.
                    unknown = execution.hasEffectsOutside();
                    remains = work.remains();
                    releases = remains != IdempotentWork.Remains.ALL
                            || outcomes.releases(execution, work::releases, value);
                    if (!releases) {
                        tellStepsLeftOver(execution);
                    }
                }
                EnclosingTransaction transaction = execution.transaction();
                if (outcomes.encodes() && !releases && transaction != null) {
                    Interrupts.setAside(transaction::flush);
                }
            } catch (Throwable failure) {
                execution.exit();
                settleFailure(operation, execution, fingerprint, work, unknown, failure);
                throw failure;
            }
            execution.exit();
            return releases
                    ? settleReleased(execution, fingerprint, remains, value)
                    : settleValue(operation, execution, fingerprint, value);
        } finally {
            if (execution.pending() == null) {
                settlement.finish(execution);
            }
        }
    }

    /** Makes the claim's holder known, and its lease renewed; gives the key back if it may not run. */
    private void begin(Execution execution) {
        IdempotencyKey key = execution.key();
        owners.merge(key, execution, IdempotencyEngine::successor);
        renewal.start(execution);
        // Asked again after it can be seen by close(), which either waits for it or is noticed here.
        if (closed) {
            throw notBegun(execution, closed(key));
        }
        if (execution.leaseLost()) {
            throw notBegun(
                    execution,
                    outcomes.refused(
                            key,
                            new IdempotencyClaimLostException(
                                    key, execution.fencingToken(), "the operation was not begun")));
        }
    }

    /** Whether it has to be found out first what an earlier owner has done. */
    private static boolean isUnknown(Execution execution) {
        return execution.takeovers() > 0 && execution.operation().whenAbandoned() == WhenAbandoned.RECONCILE;
    }

    private void tellStepsLeftOver(Execution execution) {
        Set<String> names = execution.stepsLeftOver();
        if (!names.isEmpty()) {
            listeners.tell(listener -> listener.stepsLeftOver(execution, names));
        }
    }

    /**
     * Asks what became of an earlier execution.
     *
     * @return that it was done, or that it was not and may be run; else an {@link IdempotencyOutcomeUnknownException}
     *     is thrown, or an {@link IdempotencyClaimLostException} if it was not done and the claim was lost meanwhile
     */
    private <T extends @Nullable Object> Reconciliation<T> reconcile(Execution execution, OutcomeInquiry<T> inquiry) {
        Reconciliation<T> found;
        Throwable cause = null;
        try {
            found = inquiry.ask(execution);
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
        listeners.tell(listener -> listener.reconciled(execution, told));
        if (found instanceof Reconciliation.Unknown<T>) {
            throw outcomes.refused(
                    execution.key(),
                    new IdempotencyOutcomeUnknownException(
                            execution.key(), execution.fencingToken(), execution.firstClaimedAt(), true, cause));
        }
        if (found instanceof Reconciliation.NotDone<T> && execution.leaseLost()) {
            throw outcomes.refused(
                    execution.key(),
                    new IdempotencyClaimLostException(
                            execution.key(), execution.fencingToken(), "the operation was not begun"));
        }
        return found;
    }

    private @Nullable PendingCompletion pending(IdempotencyKey key) {
        Execution owner = owners.get(key);
        return owner == null ? null : owner.pending();
    }

    /**
     * Of two executions of one key the one that claimed last, whichever came here first. The lease of the other was
     * over, or the key would not have been claimed.
     */
    private static Execution successor(Execution one, Execution other) {
        boolean inOrder = one.fencingToken() < other.fencingToken();
        (inOrder ? one : other).refuse();
        return inOrder ? other : one;
    }

    private static IllegalStateException closed(IdempotencyKey key) {
        return new IllegalStateException("The engine is closed; '" + key + "' was not run");
    }

    /** Gives the key back whose operation is not to run; one whose outcome was unknown before stays so. */
    private <E extends RuntimeException> E notBegun(Execution execution, E refusal) {
        try {
            if (isUnknown(execution)) {
                settlement.abandon(execution);
            } else {
                settlement.giveBack(execution);
            }
        } catch (RuntimeException | Error failure) {
            refusal.addSuppressed(failure);
        }
        return refusal;
    }

    /** Ends an execution whose operation is done, in the thread that asks. */
    <T extends @Nullable Object> T end(Operation<T> operation, Execution execution, Fingerprint fingerprint, T value)
            throws Throwable {
        tellStepsLeftOver(execution);
        return settleValue(operation, execution, fingerprint, value);
    }

    /**
     * Ends an execution whose operation is done, and left nothing behind that could be recorded; tells whether it held
     * the key.
     */
    boolean endNotReplayable(Execution execution, String reason) {
        tellStepsLeftOver(execution);
        return settlement.complete(
                execution,
                new RecordedOutcome.NotReplayable(reason),
                new Outcome.Value(null),
                Duration.ofNanos(execution.age()));
    }

    /** Ends an execution that is to leave its key free, unless it is not known of some step whether it was done. */
    void endReleased(Execution execution, Fingerprint fingerprint, @Nullable Throwable failure) {
        Duration took = Duration.ofNanos(execution.age());
        execution.recordStepsAgain();
        if (execution.hasStepsInDoubt()) {
            settleUnknown(execution, fingerprint, took);
        } else {
            settlement.release(execution, failure, took);
        }
    }

    /** Ends an execution of which it is not known what it did. */
    void endUnknown(Execution execution, Fingerprint fingerprint) {
        execution.recordStepsAgain();
        settleUnknown(execution, fingerprint, Duration.ofNanos(execution.age()));
    }

    /** Nobody asks for the execution any more. */
    void finish(Execution execution) {
        settlement.finish(execution);
    }

    /** Whether threads that run operations are interrupted when their lease is lost. */
    boolean interruptsOnLeaseLoss() {
        return interruptOnLeaseLoss;
    }

    /** Ends an execution whose value is not to be recorded. */
    private <T extends @Nullable Object> T settleReleased(
            Execution execution, Fingerprint fingerprint, IdempotentWork.Remains remains, T value) {
        Duration took = Duration.ofNanos(execution.age());
        try {
            execution.recordStepsAgain();
            if (execution.hasStepsInDoubt()
                    || remains == IdempotentWork.Remains.UNKNOWN
                    || (remains == IdempotentWork.Remains.NOTHING && execution.hasEffectsOutside())) {
                settleUnknown(execution, fingerprint, took);
            } else {
                settlement.release(execution, null, took);
            }
        } catch (IdempotencyStoreException toldAlready) {
            // The work is over, and its caller gets the result, whatever the store does.
        }
        return value;
    }

    private <T extends @Nullable Object> T settleValue(
            Operation<T> operation, Execution execution, Fingerprint fingerprint, T value) throws Throwable {
        Duration took = Duration.ofNanos(execution.age());
        boolean recorded;
        try {
            Outcome outcome = new Outcome.Value(value);
            RecordedOutcome recordable = outcomes.encode(operation.type(), execution, outcome);
            if (execution.transaction() != null) {
                PendingCompletion pending =
                        new PendingCompletion(settlement, execution, fingerprint, outcome, recordable, took);
                pending.follow(execution.transaction());
                if (!settlement.holds(execution)) {
                    // The transaction cannot commit any more, since the claim is asked for again before it does.
                    throw pending.lost();
                }
                return value;
            }
            recorded = settlement.complete(execution, recordable, outcome, took);
        } catch (IdempotencyStoreException toldAlready) {
            // The work is done, and its caller gets the result, whatever the store does.
            return value;
        }
        return recorded ? value : outcomeOfSuccessor(operation, execution, fingerprint);
    }

    private <T extends @Nullable Object> void settleFailure(
            Operation<T> operation,
            Execution execution,
            Fingerprint fingerprint,
            IdempotentWork<T> work,
            boolean unknown,
            Throwable failure) {
        Duration took = Duration.ofNanos(execution.age());
        try {
            execution.recordStepsAgain();
            if (unknown || operation.isUnknownOn(failure)) {
                settleUnknown(execution, fingerprint, took);
                // What this library says of a call is never the operation's final word, whatever types are declared.
            } else if (operation.type().records(failure) && !(failure instanceof IdempotencyException)) {
                settleFinal(operation, execution, fingerprint, failure, took);
            } else if (execution.hasStepsInDoubt() || work.mayStand(failure)) {
                settleUnknown(execution, fingerprint, took);
            } else {
                settlement.release(execution, failure, took);
            }
        } catch (RuntimeException | Error ours) {
            failure.addSuppressed(ours);
        }
    }

    /** Records a failure; of an operation that is part of a transaction with that transaction. */
    private void settleFinal(
            Operation<?> operation, Execution execution, Fingerprint fingerprint, Throwable failure, Duration took) {
        Outcome outcome = new Outcome.Failure(failure);
        RecordedOutcome recordable = outcomes.encode(operation.type(), execution, outcome);
        if (execution.transaction() == null) {
            settlement.complete(execution, recordable, outcome, took);
            return;
        }
        PendingCompletion pending =
                new PendingCompletion(settlement, execution, fingerprint, outcome, recordable, took);
        pending.follow(execution.transaction());
        if (!settlement.holds(execution)) {
            failure.addSuppressed(pending.lost());
        }
    }

    /**
     * Abandons the key; in a transaction when that has ended, since until then nobody else can see what was done in it.
     */
    private void settleUnknown(Execution execution, Fingerprint fingerprint, Duration took) {
        if (execution.transaction() == null) {
            settlement.abandon(execution);
        } else {
            new PendingCompletion(settlement, execution, fingerprint, null, null, took).follow(execution.transaction());
        }
    }

    // The codec decodes to the operation's own type, which its maker vouched to be T, null included.
    @SuppressWarnings({"unchecked", "NullAway"})
    private <T extends @Nullable Object> T outcomeOfSuccessor(
            Operation<T> operation, Execution execution, Fingerprint fingerprint) throws Throwable {
        IdempotencyKey key = execution.key();
        IdempotencyClaimLostException lost = new IdempotencyClaimLostException(
                key, execution.fencingToken(), "the operation ran to its end, and its outcome was not recorded");
        IdempotencyRecord record;
        try {
            record = Interrupts.<@Nullable IdempotencyRecord>outlast(() -> store.find(key));
        } catch (RuntimeException failure) {
            lost.addSuppressed(failure);
            throw lost;
        }
        if (record != null && record.outcome() != null && fingerprint.matches(record.fingerprint())) {
            return (T) outcomes.decoded(operation, key, record.outcome()).get();
        }
        throw lost;
    }

    private <T extends @Nullable Object> T runUnprotected(Execution execution, IdempotentWork<T> work)
            throws Throwable {
        execution.enter();
        try {
            return work.run(execution);
        } finally {
            execution.exit();
        }
    }

    /**
     * What the store said to a call.
     *
     * @param execution what may run; null if an outcome was recorded before
     * @param recorded the outcome that was recorded
     */
    private record Asked<T extends @Nullable Object>(
            @Nullable Execution execution, T recorded) {

        // The outcome is asked for only where there is no execution.
        @SuppressWarnings("NullAway")
        static <T extends @Nullable Object> Asked<T> run(Execution execution) {
            return new Asked<>(execution, null);
        }
    }

    private @Nullable NearbyOutcome findNearby(IdempotencyKey key) {
        try {
            return nearbyOutcomes == null ? null : nearbyOutcomes.findNearby(key);
        } catch (RuntimeException | Error failure) {
            // The claim, which is asked for next, tells what is wrong with the store.
            return null;
        }
    }

    /** Claims; asks once more, with the same claim id, if the answer may have been lost. */
    private ClaimResult claim(ClaimRequest request) {
        try {
            return claimOnce(request);
        } catch (IdempotencyStoreException first) {
            if (!first.isTransient()) {
                throw first;
            }
            // At random, so that all who lost their connections at once do not come back at once.
            pacing.park(ThreadLocalRandom.current().nextLong(SHORTEST_REPEAT_PAUSE, LONGEST_REPEAT_PAUSE));
            try {
                return claimOnce(request);
            } catch (IdempotencyStoreException second) {
                throw StoreFailures.ofClaim(request, first, second);
            }
        }
    }

    private ClaimResult claimOnce(ClaimRequest request) {
        try {
            return Interrupts.outlast(claims, request);
        } catch (RuntimeException | Error failure) {
            throw StoreFailures.of(failure, "claim", request.key());
        }
    }

    /** Collects what an engine is made of. Not safe for use by several threads. */
    public static final class Builder {

        private final IdempotencyStore store;
        private final List<IdempotencyListener> listeners = new ArrayList<>();
        private @Nullable OutcomeCodec codec;
        private WaitingRoom waitingRoom = new WaitingRoom(DEFAULT_MAX_WAITERS, DEFAULT_MAX_WAITERS);
        private Duration completionTimeout = DEFAULT_COMPLETION_TIMEOUT;
        private Duration closeTimeout = DEFAULT_CLOSE_TIMEOUT;
        private boolean interruptOnLeaseLoss;
        private LongSupplier ticker = System::nanoTime;
        private Pacing pacing = new Pacing() {};
        private BiConsumer<String, Throwable> errorHandler = (message, failure) -> {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, new IllegalStateException(message, failure));
        };

        private Builder(IdempotencyStore store) {
            this.store = store;
        }

        /** How outcomes are kept; by reference unless said otherwise, where the store keeps references. */
        public Builder codec(OutcomeCodec codec) {
            this.codec = codec;
            return this;
        }

        /** Adds a listener, told after those added before. */
        public Builder listener(IdempotencyListener listener) {
            listeners.add(listener);
            return this;
        }

        /**
         * How many callers may wait at the same time, over all operations; {@value #DEFAULT_MAX_WAITERS} unless said
         * otherwise; with zero none waits.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder maxWaiters(int maxWaiters) {
            return waitingRoom(new WaitingRoom(maxWaiters, maxWaiters));
        }

        /**
         * Bounds how many callers wait, in all and for each key, together with other engines that have the same room.
         */
        public Builder waitingRoom(WaitingRoom waitingRoom) {
            this.waitingRoom = waitingRoom;
            return this;
        }

        /**
         * For how long, after the work is done, recording its outcome or releasing its key is tried while the store
         * fails; ten seconds unless said otherwise; with zero once.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder completionTimeout(Duration completionTimeout) {
            this.completionTimeout = notNegative("completion timeout", completionTimeout);
            return this;
        }

        /**
         * For how long closing waits for running executions; ten seconds unless said otherwise.
         *
         * @throws IdempotencyConfigurationException if it is negative
         */
        public Builder closeTimeout(Duration closeTimeout) {
            this.closeTimeout = notNegative("close timeout", closeTimeout);
            return this;
        }

        /**
         * Whether the thread that runs an operation is interrupted when its lease is lost, so that one that hangs may
         * end; not unless said otherwise. The interrupt ends with the operation: the caller's thread does not keep it.
         */
        public Builder interruptOnLeaseLoss(boolean interrupt) {
            this.interruptOnLeaseLoss = interrupt;
            return this;
        }

        /** The monotonic clock, in nanoseconds, by which this engine measures; for tests. */
        public Builder ticker(LongSupplier ticker) {
            this.ticker = ticker;
            return this;
        }

        /** How threads wait and leases are visited; for tests. */
        Builder pacing(Pacing pacing) {
            this.pacing = pacing;
            return this;
        }

        /**
         * Told what fails beside a call, a listener or a codec say, and so cannot be thrown; the thread's handler of
         * uncaught exceptions unless said otherwise.
         */
        public Builder errorHandler(BiConsumer<String, Throwable> errorHandler) {
            this.errorHandler = errorHandler;
            return this;
        }

        /**
         * Makes the engine.
         *
         * @throws IdempotencyConfigurationException if the store needs a codec and none is given
         */
        public IdempotencyEngine build() {
            return new IdempotencyEngine(this);
        }

        private OutcomeCodec codec() {
            if (codec != null) {
                return codec;
            }
            if (store.keepsReferences()) {
                return new ReferenceOutcomeCodec();
            }
            throw new IdempotencyConfigurationException(
                    "The store " + store.getClass().getName() + " keeps bytes, and no codec is given to make them",
                    "Give the engine a codec, JacksonOutcomeCodec say");
        }

        private static Duration notNegative(String setting, Duration duration) {
            if (duration.isNegative()) {
                throw new IdempotencyConfigurationException(
                        "The " + setting + " is " + duration, "It has to be zero or more");
            }
            return duration;
        }
    }
}
