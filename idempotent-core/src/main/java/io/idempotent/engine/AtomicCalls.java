package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Backoff;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs operations once per key in transactions on the store's own database: the claim, what the operation writes there,
 * and the completion are committed together, or not at all.
 *
 * <ol>
 *   <li>In this JVM a key has one caller at a time, so that nobody holds a connection in order to wait. A caller that
 *       finds another one asks for the record, and waits as long as its operation allows. A caller in a transaction of
 *       its own holds a connection in any case: it does not ask, but claims after it has waited.
 *   <li>An attempt begins a transaction and claims in it. If another transaction holds the key, such as one of another
 *       node, the attempt ends its own and begins again after a pause, as long as the operation waits. If the database
 *       failed or the connection broke, the attempt begins again in a new transaction a few times: nothing can have
 *       been left behind.
 *   <li>If the key is completed, its outcome is replayed. A leased claim of the key is respected, or taken over if it
 *       is abandoned.
 *   <li>The operation runs. Its result is recorded in the transaction, which is then committed. Any failure rolls back,
 *       and another attempt may follow. After the last one, a failure that the operation declares final is recorded in
 *       a transaction of its own, if the key is still free.
 *   <li>If nobody knows how a commit ended, the key is claimed with the same claim id: this claim has completed it, or
 *       it is free. While another transaction holds the key, that may be the one that is to commit.
 *   <li>In a transaction of the caller's there is one attempt, which joins it. The call is complete when that
 *       transaction commits, and a failure leaves it to be rolled back.
 * </ol>
 */
record AtomicCalls(
        Admission admission,
        Claimant claimant,
        Owners owners,
        Waiting waiting,
        Settlement settlement,
        Outcomes outcomes,
        Listeners listeners,
        LongSupplier ticker) {

    // Includes the first.
    private static final int MAXIMUM_TRIES = 5;

    /** Runs a call whose outcome is not nearby. */
    <T extends @Nullable Object> T execute(
            Operation<T> operation,
            IdempotencyKey key,
            Fingerprint fingerprint,
            StoreTransactions transactions,
            AtomicWork<T> work)
            throws Throwable {
        EnclosingTransaction enclosing = transactions.enclosing();
        Execution earlier = admission.findPending(key, enclosing);
        if (earlier != null) {
            return outcomes.replayPending(operation, earlier, fingerprint);
        }
        Execution execution = Execution.atomic(operation, key, fingerprint, ticker, enclosing);
        return new Call<>(operation, transactions, work, execution).execute();
    }

    /** One call. Confined to its thread. */
    private final class Call<T extends @Nullable Object> {

        private final Operation<T> operation;
        private final IdempotencyKey key;
        private final Fingerprint fingerprint;
        private final StoreTransactions transactions;
        private final AtomicWork<T> work;
        private final Execution execution;
        private final long deadline;

        // Whether the call has a place among those who wait.
        private boolean waits;

        // Whether the listeners know that the key is claimed, and not yet how that ended.
        private boolean open;
        private long claimedAt;

        Call(Operation<T> operation, StoreTransactions transactions, AtomicWork<T> work, Execution execution) {
            this.operation = operation;
            this.key = execution.key();
            this.fingerprint = execution.fingerprint();
            this.transactions = transactions;
            this.work = work;
            this.execution = execution;
            this.deadline = execution.now() + Nanos.of(operation.waitAtMost());
        }

        T execute() throws Throwable {
            try {
                IdempotencyRecord completed = awaitTurn();
                if (completed != null) {
                    return replay(completed);
                }
                // Asked again now that close() either sees this execution or was called before.
                owners.requireOpen(key);
                return run();
            } finally {
                stopWaiting();
                if (execution.pending() == null) {
                    settlement.finish(execution);
                }
            }
        }

        /** Waits until nobody else in this JVM has the key; returns its record if that is completed. */
        private @Nullable IdempotencyRecord awaitTurn() {
            while (true) {
                execution.restart();
                Execution owner = owners.joinIfFree(execution);
                if (owner == null) {
                    return null;
                }
                if (execution.transaction() == null) {
                    IdempotencyRecord record = find();
                    if (record != null && record.outcome() != null) {
                        return record;
                    }
                } else if (remaining() <= 0) {
                    return null;
                }
                if (!owner.isLeased()) {
                    outcomes.requireSame(key, fingerprint, owner.fingerprint());
                }
                Duration age = Duration.ofNanos(owner.age());
                startWaiting(age);
                try {
                    var unused = owners.await(owner, remaining());
                } catch (InterruptedException interruption) {
                    Thread.currentThread().interrupt();
                    throw inProgress(Reason.INTERRUPTED, age);
                }
            }
        }

        private @Nullable IdempotencyRecord find() {
            try {
                return Interrupts.<@Nullable IdempotencyRecord>outlast(
                        () -> settlement.store().find(key));
            } catch (RuntimeException | Error failure) {
                throw outcomes.refused(key, StoreFailures.of(failure, "find", key));
            }
        }

        /** Returns why a call does not wait when its time is over, which asking alone may have taken. */
        private Reason atDeadline() {
            return operation.waitAtMost().isZero() ? Reason.NOT_WAITING : Reason.WAITED;
        }

        private long remaining() {
            return deadline - execution.now();
        }

        /**
         * Takes a place among those who wait, unless it has one.
         *
         * @param known for how long the key is known to be held
         */
        private void startWaiting(Duration known) {
            if (remaining() <= 0) {
                throw inProgress(atDeadline(), known);
            }
            if (!waits) {
                if (!waiting.enter(key)) {
                    throw inProgress(Reason.TOO_MANY_WAITERS, known);
                }
                waits = true;
            }
        }

        private void stopWaiting() {
            if (waits) {
                waits = false;
                waiting.leave(key);
            }
        }

        private IdempotencyInProgressException inProgress(Reason reason, Duration known) {
            return outcomes.refused(key, new IdempotencyInProgressException(key, reason, known));
        }

        private T replay(IdempotencyRecord record) throws Throwable {
            return outcomes.replay(
                    operation, key, fingerprint, record.fingerprint(), record.outcome(), record.traceId());
        }

        private T run() throws Throwable {
            execution.enter();
            try {
                return execution.transaction() == null ? work.retry(execution, this::attempt) : attempt();
            } catch (Throwable failure) {
                if (open) {
                    settleFailure(failure);
                }
                throw failure;
            } finally {
                execution.leave();
            }
        }

        private T attempt() throws Throwable {
            execution.beginAttempt();
            ClaimRequest request = claimant.request(key, fingerprint, operation, true);
            Answer answer = claim(request);
            if (answer.transaction() == null) {
                if (answer.result() instanceof ClaimResult.Completed completed) {
                    if (open) {
                        // The claim of an earlier attempt, which was rolled back.
                        open = false;
                        tell(new Ending.Released(null), null);
                    }
                    return replay(completed.record());
                }
                // A leased claim abandoned it, of a request that said something else.
                throw outcomes.refused(key, new IdempotencyKeyReusedException(key));
            }
            return run(answer.transaction(), request);
        }

        /** Claims the key in a transaction, which goes on only if it is claimed. */
        private Answer claim(ClaimRequest request) {
            Backoff backoff = Waiting.newBackoff();
            long since = execution.now();
            for (int tries = 1; ; ) {
                Answer answer;
                try {
                    answer = Interrupts.setAside(() -> claimOnce(request));
                } catch (IdempotencyStoreException failure) {
                    // What an interrupt may have broken is repeated at once, and anything else after a pause.
                    boolean interrupted = Thread.currentThread().isInterrupted();
                    if (!(failure.isTransient() || interrupted)
                            || execution.transaction() != null
                            || tries++ == MAXIMUM_TRIES
                            || !(interrupted || pause(backoff, Long.MAX_VALUE))) {
                        throw outcomes.refused(key, failure);
                    }
                    continue;
                }
                ClaimResult result = answer.result();
                StoreTransaction transaction = answer.transaction();
                if (result instanceof ClaimResult.Claimed won && transaction != null) {
                    if (!won.steps().isEmpty()) {
                        // They were recorded when the operation was not atomic, and what they did would be done again.
                        Interrupts.setAside(transaction::giveUp);
                        throw outcomes.refused(
                                key,
                                new IdempotencyOutcomeUnknownException(
                                        key, won.claim().fencingToken(), won.firstClaimedAt(), false, null));
                    }
                    execution.claimed(won);
                    stopWaiting();
                    return answer;
                }
                if (result instanceof ClaimResult.InProgress leased) {
                    outcomes.requireSame(key, fingerprint, leased.record().fingerprint());
                    awaitLater(backoff, leased.record(), since);
                } else if (result == null) {
                    startWaiting(Duration.ofNanos(execution.now() - since));
                    pauseOrBeRefused(backoff, since);
                } else {
                    return answer;
                }
            }
        }

        /** Claims the key in a new transaction, which is given up if it is not claimed. */
        private Answer claimOnce(ClaimRequest request) {
            StoreTransaction transaction = begin();
            ClaimResult result;
            try {
                result = transaction.claim(request);
            } catch (RuntimeException | Error failure) {
                transaction.giveUp();
                throw StoreFailures.of(failure, "claim", key);
            }
            if (result instanceof ClaimResult.Claimed) {
                return new Answer(result, transaction);
            }
            transaction.giveUp();
            return new Answer(result, null);
        }

        private StoreTransaction begin() {
            try {
                return transactions.begin();
            } catch (IdempotencyStoreException failure) {
                throw new IdempotencyStoreException(
                        "No transaction to claim '" + key + "' in: " + failure.getMessage(),
                        key,
                        failure,
                        failure.isTransient());
            }
        }

        private void awaitLater(Backoff backoff, IdempotencyRecord record, long since) {
            if (remaining() <= 0) {
                throw outcomes.refused(key, Waiting.inProgress(record, atDeadline()));
            }
            startWaiting(record.claimedSince());
            pauseOrBeRefused(backoff, since);
        }

        private void pauseOrBeRefused(Backoff backoff, long since) {
            if (!pause(backoff, remaining())) {
                throw inProgress(Reason.INTERRUPTED, Duration.ofNanos(execution.now() - since));
            }
        }

        /** Pauses; tells whether nobody interrupted that. */
        private boolean pause(Backoff backoff, long atMost) {
            try {
                waiting.pause(backoff, atMost);
                return true;
            } catch (InterruptedException interruption) {
                Thread.currentThread().interrupt();
                return false;
            }
        }

        private T run(StoreTransaction transaction, ClaimRequest request) throws Throwable {
            T value;
            boolean releases;
            try {
                if (!open) {
                    open = true;
                    claimedAt = execution.now();
                    listeners.tell(listener -> listener.claimed(execution));
                }
                value = work.run(execution);
                releases = outcomes.releases(execution, work, AtomicWork::releases, value);
                if (!transaction.isRollbackOnly()) {
                    Interrupts.setAside(transaction::flush);
                }
            } catch (Throwable failure) {
                rollBack(transaction, failure);
                throw failure;
            }
            if (transaction.isRollbackOnly()) {
                if (transaction.isNew() && !transaction.isRollbackMeant()) {
                    // Its work is undone, though it returned: nobody may take that for success.
                    Interrupts.setAside(transaction::commit);
                }
                Interrupts.setAside(transaction::rollBack);
                open = false;
                tell(new Ending.Released(null), null);
                return value;
            }
            Ending ending = releases ? new Ending.Released(null) : new Ending.Completed(new Outcome.Value(value));
            RecordedOutcome recordable = settlement.encode(execution, ending);
            record(transaction, recordable);
            EnclosingTransaction enclosing = execution.transaction();
            Throwable afterwards = enclosing == null ? commit(transaction, request, recordable == null) : null;
            open = false;
            if (recordable == null || enclosing == null) {
                tell(ending, recordable);
            } else {
                new EndingInTransaction(settlement, execution, ending, recordable, took()).follow(enclosing);
            }
            if (afterwards != null) {
                throw afterwards;
            }
            return value;
        }

        private void tell(Ending ending, @Nullable RecordedOutcome recorded) {
            settlement.tell(execution, ending, recorded, took());
        }

        private Duration took() {
            return Duration.ofNanos(execution.now() - claimedAt);
        }

        /** Records the outcome in the transaction, or gives the key back if there is none. */
        private void record(StoreTransaction transaction, @Nullable RecordedOutcome recordable) {
            try {
                Claim claim = execution.claim();
                boolean held = Interrupts.setAside(() -> recordable == null
                        ? transaction.release(claim)
                        : transaction.complete(claim, recordable, operation.retention()));
                if (!held) {
                    throw new IdempotencyClaimLostException(
                            key,
                            claim.fencingToken(),
                            "its record is not the one that this transaction wrote, and the transaction was"
                                    + " rolled back");
                }
            } catch (RuntimeException | Error thrown) {
                RuntimeException failure = thrown instanceof IdempotencyClaimLostException lost
                        ? lost
                        : StoreFailures.of(thrown, "complete", key);
                rollBack(transaction, failure);
                throw failure;
            }
        }

        private void rollBack(StoreTransaction transaction, Throwable failure) {
            try {
                Interrupts.setAside(transaction::rollBack);
            } catch (RuntimeException | Error another) {
                failure.addSuppressed(another);
            }
        }

        /**
         * Commits.
         *
         * @param releases whether the key was given back in the transaction
         * @return what failed after the commit, or null
         * @throws RuntimeException if it is not committed, or nobody knows
         */
        private @Nullable Throwable commit(StoreTransaction transaction, ClaimRequest request, boolean releases) {
            try {
                Interrupts.setAside(transaction::commit);
                return null;
            } catch (RuntimeException | Error failure) {
                StoreTransaction.End end = transaction.end();
                if (end == StoreTransaction.End.COMMITTED) {
                    return failure;
                }
                if (end == StoreTransaction.End.ROLLED_BACK || !isCommitted(request, releases, failure)) {
                    throw failure;
                }
                return null;
            }
        }

        /** Asks how a commit ended that failed. */
        private boolean isCommitted(ClaimRequest request, boolean releases, Throwable failure) {
            try {
                return settlement.repeat(
                        execution, "tell what became of the commit for", () -> claimAgain(request, releases));
            } catch (IdempotencyStoreException unknown) {
                // The listeners have been told.
                open = false;
                failure.addSuppressed(unknown);
                return false;
            }
        }

        /** Tells whether the claim of this request completed the key, or gave it back. */
        private boolean claimAgain(ClaimRequest request, boolean releases) {
            StoreTransaction transaction = transactions.begin();
            ClaimResult result;
            try {
                result = transaction.claim(request);
            } finally {
                transaction.giveUp();
            }
            if (result == null) {
                throw new IllegalStateException(
                        "A transaction still holds the key, which may be the one that is to commit");
            }
            if (releases) {
                return settlement.store().release(execution.claim());
            }
            return result instanceof ClaimResult.Completed completed
                    && completed.record().fencingToken() == execution.fencingToken();
        }

        /** Tells the end of a call that failed for good, and records it if it is final. */
        private void settleFailure(Throwable failure) {
            boolean isFinal = Ending.isFinal(operation, failure) && execution.transaction() == null;
            try {
                if (!isFinal || !Interrupts.setAside(() -> recordFailure(failure))) {
                    tell(new Ending.Released(failure), null);
                }
            } catch (RuntimeException | Error ours) {
                failure.addSuppressed(ours);
                if (open) {
                    tell(new Ending.Released(failure), null);
                }
            }
        }

        /** Records a failure in a transaction of its own, and tells whether it did: only if the key was free. */
        private boolean recordFailure(Throwable failure) {
            Outcome.Failure outcome = new Outcome.Failure(failure);
            RecordedOutcome recordable = outcomes.encode(execution, outcome);
            ClaimRequest request = claimant.request(key, fingerprint, operation, true);
            StoreTransaction transaction = transactions.begin();
            try {
                ClaimResult result = transaction.claim(request);
                if (!(result instanceof ClaimResult.Claimed won)
                        || !transaction.complete(won.claim(), recordable, operation.retention())) {
                    transaction.giveUp();
                    return false;
                }
                execution.claimed(won);
            } catch (RuntimeException | Error thrown) {
                rollBack(transaction, thrown);
                throw thrown;
            }
            Throwable afterwards = commit(transaction, request, false);
            if (afterwards != null) {
                failure.addSuppressed(afterwards);
            }
            tell(new Ending.FailedFinally(outcome), recordable);
            return true;
        }

        /**
         * The answer to a claim.
         *
         * @param result null if another transaction holds the key
         * @param transaction the transaction that claimed; null if the key is not claimed, and the transaction has
         *     ended
         */
        private record Answer(
                @Nullable ClaimResult result, @Nullable StoreTransaction transaction) {}
    }
}
