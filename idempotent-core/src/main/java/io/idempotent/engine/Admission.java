package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.NearbyOutcome;
import io.idempotent.store.NearbyOutcomes;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a call may run.
 *
 * <ol>
 *   <li>A closed engine refuses every call.
 *   <li>If the store has the outcome in this JVM's memory, it is replayed.
 *   <li>A key that is not acceptable is refused.
 *   <li>A call in the same transaction as an earlier one, whose outcome waits for the transaction's end, gets that
 *       outcome.
 *   <li>A key that this very thread holds is refused: it would wait for itself.
 *   <li>The key is claimed. If the store fails, the call is refused, or runs unprotected if its operation allows that.
 *   <li>A key that is in progress is waited for, as long as its operation allows.
 *   <li>A completed key's outcome is replayed. An abandoned key that must not be taken over is refused.
 *   <li>A claimed key is known in this JVM, and its lease is renewed, from now on. If the engine was closed meanwhile,
 *       or the lease is over already, the key is given back and the call refused.
 * </ol>
 *
 * <p>An atomic call claims in a transaction of its own, and so needs the first five rules only.
 */
final class Admission {

    /** Work that nobody finishes without its caller. */
    static final RecoverableWork ALONE = new RecoverableWork() {};

    private final @Nullable NearbyOutcomes nearbyOutcomes;
    private final Claimant claimant;
    private final Owners owners;
    private final Waiting waiting;
    private final LeaseRenewal renewal;
    private final Settlement settlement;
    private final Outcomes outcomes;
    private final Listeners listeners;
    private final LongSupplier ticker;
    private final boolean interruptOnLeaseLoss;
    private final Execution.StepSource stepSource;

    /**
     * Makes the admission of one engine.
     *
     * @param interruptOnLeaseLoss whether a thread that runs an operation is interrupted when its lease is lost
     * @param mustNotBlock whether the current thread must not
     */
    Admission(
            IdempotencyStore store,
            Claimant claimant,
            Owners owners,
            Waiting waiting,
            LeaseRenewal renewal,
            Settlement settlement,
            Outcomes outcomes,
            Listeners listeners,
            LongSupplier ticker,
            boolean interruptOnLeaseLoss,
            BooleanSupplier mustNotBlock) {
        this.nearbyOutcomes = store.unwrap(NearbyOutcomes.class);
        this.claimant = claimant;
        this.owners = owners;
        this.waiting = waiting;
        this.renewal = renewal;
        this.settlement = settlement;
        this.outcomes = outcomes;
        this.listeners = listeners;
        this.ticker = ticker;
        this.interruptOnLeaseLoss = interruptOnLeaseLoss;
        this.stepSource = (execution, earlier) ->
                new ExecutionSteps(execution, earlier, settlement, outcomes, listeners, mustNotBlock);
    }

    /**
     * Looks for the outcome in this JVM's memory.
     *
     * @return the outcome; null if there is none, and the key is acceptable
     * @throws IllegalStateException if the engine is closed
     * @throws io.idempotent.IdempotencyKeyException if the key is not acceptable
     */
    @Nullable
    NearbyOutcome findNearby(IdempotencyKey key) {
        owners.requireOpen(key);
        NearbyOutcome nearby = null;
        try {
            nearby = nearbyOutcomes == null ? null : nearbyOutcomes.findNearby(key);
        } catch (RuntimeException | Error failure) {
            // The claim, which is asked for next, tells what is wrong with the store.
        }
        if (nearby == null) {
            key.check();
        }
        return nearby;
    }

    /**
     * Looks for an earlier call in the same transaction.
     *
     * @param transaction the transaction that the call is made in, or null
     * @return the earlier call's execution, which has a pending outcome; null if there is none
     * @throws IdempotencyInProgressException if this thread holds the key otherwise
     */
    @Nullable
    Execution findPending(IdempotencyKey key, @Nullable EnclosingTransaction transaction) {
        return findPending(key, transaction, IdempotencyContext.currentOrNull());
    }

    private @Nullable Execution findPending(
            IdempotencyKey key, @Nullable EnclosingTransaction transaction, @Nullable IdempotencyContext calledIn) {
        Execution owner = owners.find(key);
        Execution.Pending pending = owner == null ? null : owner.pending();
        if (owner != null
                && pending != null
                && pending.outcome() != null
                && transaction != null
                && transaction == owner.transaction()) {
            return owner;
        }
        Execution holder = pending != null && pending.thread() == Thread.currentThread()
                ? owner
                : Execution.holding(key, calledIn);
        if (holder != null) {
            throw outcomes.refused(key, reentrant(holder));
        }
        return null;
    }

    private static IdempotencyInProgressException reentrant(Execution holder) {
        Duration age = Duration.ofNanos(holder.age());
        return holder.isLeased()
                ? new IdempotencyInProgressException(
                        holder.key(),
                        Reason.REENTRANT,
                        age,
                        Duration.ofNanos(holder.lease().remaining()))
                : new IdempotencyInProgressException(holder.key(), Reason.REENTRANT, age);
    }

    /**
     * Admits a call whose outcome is not nearby.
     *
     * @param transaction the transaction that the call is made in, or null
     * @param work tells how it can be finished without its caller
     * @return the execution that may run now, or what was recorded
     * @throws IdempotencyException if the call is refused
     * @throws Throwable a failure that was recorded
     */
    <T extends @Nullable Object> OpenResult<T> admit(
            Operation<T> operation,
            IdempotencyKey key,
            Fingerprint fingerprint,
            @Nullable EnclosingTransaction transaction,
            RecoverableWork work)
            throws Throwable {
        Execution earlier = findPending(key, transaction);
        if (earlier != null) {
            return new OpenResult.Recorded<>(outcomes.replayPending(operation, earlier, fingerprint));
        }
        // What is part of a transaction cannot be finished without the rest of it.
        ClaimRequest request = request(operation, key, fingerprint, transaction == null ? work : ALONE);
        IdempotencyRecord recovered = work.recovers();
        boolean interrupted = Thread.currentThread().isInterrupted();
        long requestedAt = ticker.getAsLong();
        ClaimResult result;
        try {
            result = claim(request, recovered);
        } catch (IdempotencyStoreException failure) {
            if (recovered != null) {
                throw failure;
            }
            // An interrupt that came meanwhile may have broken the store, such as an embedded database: no reason to
            // run.
            boolean mayRun = interrupted || !Thread.currentThread().isInterrupted();
            return openUnprotected(operation, request, failure, mayRun, requestedAt, transaction);
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
        return result instanceof ClaimResult.Claimed claimed
                ? begin(leased(
                        operation,
                        claimed,
                        fingerprint,
                        requestedAt,
                        interruptOnLeaseLoss,
                        transaction,
                        recovered != null))
                : replay(operation, key, fingerprint, result);
    }

    /**
     * Like {@link #admit}, without waiting for the store or for another owner, and in no transaction.
     *
     * @param calledIn the context that the call is made in, or null
     * @param scope what parts of the call run in
     * @param work tells how it can be finished without its caller
     * @param admitted gets, in a thread that asks the store and is not to be blocked, what {@link #admit} returns, or
     *     the failure that it throws
     * @return ends the wait of a call that nobody wants any more
     * @throws IdempotencyException if the call is refused at once
     */
    <T extends @Nullable Object> Runnable admitAsync(
            Operation<T> operation,
            IdempotencyKey key,
            Fingerprint fingerprint,
            @Nullable IdempotencyContext calledIn,
            CallScope scope,
            RecoverableWork work,
            BiConsumer<@Nullable OpenResult<T>, @Nullable Throwable> admitted) {
        var unused = findPending(key, null, calledIn);
        Unattended<T> call = new Unattended<>(
                operation, request(operation, key, fingerprint, work), work.recovers(), calledIn, scope, admitted);
        settlement.threads().request(() -> scope.run(call::claim));
        return call::giveUp;
    }

    /** A call that no thread waits for. */
    private final class Unattended<T extends @Nullable Object> {

        private final Operation<T> operation;
        private final ClaimRequest request;
        private final @Nullable IdempotencyRecord recovered;
        private final @Nullable IdempotencyContext calledIn;
        private final CallScope scope;
        private final BiConsumer<@Nullable OpenResult<T>, @Nullable Throwable> admitted;
        private final CompletableFuture<@Nullable Void> unwanted = new CompletableFuture<>();

        Unattended(
                Operation<T> operation,
                ClaimRequest request,
                @Nullable IdempotencyRecord recovered,
                @Nullable IdempotencyContext calledIn,
                CallScope scope,
                BiConsumer<@Nullable OpenResult<T>, @Nullable Throwable> admitted) {
            this.operation = operation;
            this.request = request;
            this.recovered = recovered;
            this.calledIn = calledIn;
            this.scope = scope;
            this.admitted = admitted;
        }

        void giveUp() {
            unwanted.complete(null);
        }

        void claim() {
            if (unwanted.isDone()) {
                admitted.accept(null, Waiting.unwanted(request.key()));
                return;
            }
            long requestedAt = ticker.getAsLong();
            ClaimResult result;
            try {
                result = Admission.this.claim(request, recovered);
            } catch (IdempotencyStoreException failure) {
                if (recovered != null) {
                    admitted.accept(null, failure);
                } else {
                    openUnprotected(failure, requestedAt);
                }
                return;
            } catch (RuntimeException | Error failure) {
                admitted.accept(null, failure);
                return;
            }
            if (result instanceof ClaimResult.InProgress inProgress) {
                waiting.await(
                        operation,
                        request,
                        inProgress.record(),
                        settlement.threads(),
                        unwanted,
                        (answer, failure) -> scope.run(() -> waited(answer, failure)));
            } else {
                open(result, requestedAt);
            }
        }

        private void waited(Waiting.@Nullable Answer answer, @Nullable Throwable failure) {
            if (answer != null) {
                open(answer.result(), answer.requestedAt());
            } else {
                admitted.accept(
                        null,
                        failure instanceof IdempotencyException refusal
                                ? outcomes.refused(request.key(), refusal)
                                : failure);
            }
        }

        private void openUnprotected(IdempotencyStoreException failure, long requestedAt) {
            OpenExecution<T> open;
            try {
                open = Admission.this.openUnprotected(operation, request, failure, true, requestedAt, null);
            } catch (RuntimeException | Error refusal) {
                admitted.accept(null, refusal);
                return;
            }
            open.execution().calledIn(calledIn);
            admitted.accept(open, null);
        }

        private void open(ClaimResult result, long requestedAt) {
            OpenResult<T> opened;
            try {
                if (result instanceof ClaimResult.Claimed claimed) {
                    // Whoever runs it then is not known here, and must not be interrupted.
                    Execution execution = leased(
                            operation, claimed, request.fingerprint(), requestedAt, false, null, recovered != null);
                    execution.calledIn(calledIn);
                    RuntimeException refusal = join(execution);
                    if (refusal != null) {
                        giveUpAsync(execution, () -> admitted.accept(null, refusal));
                        return;
                    }
                    opened = Admission.this.open(execution);
                } else {
                    opened = replay(operation, request.key(), request.fingerprint(), result);
                }
            } catch (Throwable failure) {
                admitted.accept(null, failure);
                return;
            }
            admitted.accept(opened, null);
        }
    }

    private ClaimRequest request(
            Operation<?> operation, IdempotencyKey key, Fingerprint fingerprint, RecoverableWork work) {
        return claimant.request(
                key, fingerprint, operation, operation.whenAbandoned() != WhenAbandoned.REFUSE, work.request());
    }

    private ClaimResult claim(ClaimRequest request, @Nullable IdempotencyRecord recovered) {
        return recovered == null ? claimant.claim(request) : claimant.takeOver(request, recovered);
    }

    /**
     * Lets a call run although the store failed, if its operation allows that.
     *
     * @param mayRun whether nothing else speaks against it
     * @throws IdempotencyStoreException the failure, if the call must not run
     */
    private <T extends @Nullable Object> OpenExecution<T> openUnprotected(
            Operation<T> operation,
            ClaimRequest request,
            IdempotencyStoreException failure,
            boolean mayRun,
            long requestedAt,
            @Nullable EnclosingTransaction transaction) {
        IdempotencyKey key = request.key();
        if (!mayRun || operation.whenStoreFails() != WhenStoreFails.RUN) {
            throw outcomes.refused(key, failure);
        }
        listeners.tell(listener -> listener.unprotected(key, failure));
        return open(Execution.unprotected(
                operation, key, request.fingerprint(), ticker, requestedAt, transaction, stepSource));
    }

    private Execution leased(
            Operation<?> operation,
            ClaimResult.Claimed claimed,
            Fingerprint fingerprint,
            long requestedAt,
            boolean interrupts,
            @Nullable EnclosingTransaction transaction,
            boolean recovered) {
        return Execution.leased(
                operation, claimed, fingerprint, ticker, requestedAt, interrupts, transaction, recovered, stepSource);
    }

    /** Answers a call that did not get the key. */
    private <T extends @Nullable Object> OpenResult<T> replay(
            Operation<T> operation, IdempotencyKey key, Fingerprint fingerprint, ClaimResult result) throws Throwable {
        if (result instanceof ClaimResult.Completed completed) {
            IdempotencyRecord record = completed.record();
            return new OpenResult.Recorded<>(
                    outcomes.replay(
                            operation, key, fingerprint, record.fingerprint(), record.outcome(), record.traceId()),
                    record.traceId());
        }
        IdempotencyRecord abandoned = ((ClaimResult.Abandoned) result).record();
        outcomes.requireSame(key, fingerprint, abandoned.fingerprint());
        throw outcomes.refused(
                key,
                new IdempotencyOutcomeUnknownException(
                        key, abandoned.fencingToken(), abandoned.firstClaimedAt(), false, null));
    }

    private <T extends @Nullable Object> OpenExecution<T> open(Execution execution) {
        return new OpenExecution<>(execution, settlement, outcomes);
    }

    private <T extends @Nullable Object> OpenExecution<T> begin(Execution execution) {
        RuntimeException refusal = join(execution);
        if (refusal == null) {
            return open(execution);
        }
        giveUp(execution, refusal);
        throw refusal;
    }

    /** Makes a claimed key known. Returns why its operation must not run, and the key is to be given back, or null. */
    private @Nullable RuntimeException join(Execution execution) {
        renewal.start(execution);
        try {
            owners.join(execution);
        } catch (IllegalStateException closed) {
            return closed;
        }
        IdempotencyKey key = execution.key();
        return execution.leaseLost()
                ? outcomes.refused(
                        key,
                        new IdempotencyClaimLostException(key, execution.fencingToken(), "the operation was not begun"))
                : null;
    }

    /** Gives the key back, or abandons it as it was before. */
    private void giveUp(Execution execution, RuntimeException refusal) {
        try {
            if (execution.mustNotBeReleased()) {
                settlement.settle(execution, Ending.Unknown.UNKNOWN, Duration.ZERO);
            } else {
                settlement.giveBack(execution);
            }
        } catch (RuntimeException | Error failure) {
            refusal.addSuppressed(failure);
        } finally {
            settlement.finish(execution);
        }
    }

    /** Like {@link #giveUp}, in a thread that asks the store, without pauses. */
    private void giveUpAsync(Execution execution, Runnable then) {
        Runnable finished = () -> {
            settlement.finish(execution);
            then.run();
        };
        if (execution.mustNotBeReleased()) {
            settlement.settleAsync(
                    execution, () -> Ending.Unknown.UNKNOWN, Duration.ZERO, (ending, held, told) -> finished.run());
        } else {
            settlement.giveBackAsync(execution, finished);
        }
    }
}
