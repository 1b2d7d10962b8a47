package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.IdempotencyStore;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The end of an execution that ran inside of a transaction, and so has to follow it. Until that is told here, the key
 * stays in progress, its lease is renewed, and whoever waits for it waits on; only a call in the same transaction gets
 * the outcome already.
 *
 * <ol>
 *   <li>Before the commit, the outcome is recorded in the transaction itself where that is possible, and else the claim
 *       is made sure of if its lease may have been lost. If the claim is lost, the transaction must not commit.
 *   <li>After the commit, an outcome that is not yet recorded is, tried again for a bounded time if the store fails.
 *       What the store could not be told becomes abandoned, and never free.
 *   <li>After a rollback the key is free again, or abandoned if the operation has effects outside.
 *   <li>If it is not known what became of the transaction, the store is asked whether the outcome is recorded; if not,
 *       the key is abandoned.
 * </ol>
 *
 * <p>An execution that claimed in the transaction is recorded there already when it comes here, and nothing is left of
 * it after a rollback; the listeners are told what became of it.
 *
 * <p>An execution whose outcome is not known, since it failed and its transaction is to commit all the same, is
 * abandoned after the commit, and else ends in the same way.
 *
 * <p>It ends once: whatever is told later has no effect. None of what is told after the transaction throws. To be told
 * by one thread at a time.
 */
public final class PendingEnding {

    /** Records an outcome in the transaction that is to commit. */
    @FunctionalInterface
    public interface Recorder {

        /** Like {@link IdempotencyStore#complete}, in the transaction. */
        boolean complete(Claim claim, RecordedOutcome outcome, Duration retention);
    }

    private final Settlement settlement;
    private final Execution execution;
    private final Fingerprint fingerprint;
    private final @Nullable Outcome outcome;
    private final @Nullable RecordedOutcome recordable;
    private final Duration took;
    private final Thread thread = Thread.currentThread();
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile boolean recorded;
    private volatile boolean committing;

    /**
     * Makes the end of an execution.
     *
     * @param outcome what the operation returned or threw, and the same to be recorded; both null if its outcome is not
     *     known
     * @param took how long the operation ran
     */
    PendingEnding(
            Settlement settlement,
            Execution execution,
            Fingerprint fingerprint,
            @Nullable Outcome outcome,
            @Nullable RecordedOutcome recordable,
            Duration took) {
        this.settlement = settlement;
        this.execution = execution;
        this.fingerprint = fingerprint;
        this.outcome = outcome;
        this.recordable = recordable;
        this.took = took;
        this.recorded = !execution.isLeased();
    }

    /** Leaves the end of the execution to its transaction. */
    void follow(EnclosingTransaction transaction) {
        execution.pend(this);
        try {
            transaction.enlist(this);
        } catch (RuntimeException | Error failure) {
            unknown();
            throw failure;
        }
    }

    /** The key that is held. */
    public IdempotencyKey key() {
        return execution.key();
    }

    /** Where the outcome is to be recorded. */
    public IdempotencyStore store() {
        return settlement.store();
    }

    /** Whether the outcome was recorded in the transaction, so that the store knows what became of that. */
    public boolean isRecorded() {
        return recorded;
    }

    /**
     * The transaction is about to commit. If this fails, it must not.
     *
     * @param recorder records in the transaction; null where that cannot be, and the outcome has to wait for the commit
     * @throws IdempotencyClaimLostException if the claim is lost, or can no longer be relied on
     * @throws IdempotencyStoreException if it is not known whether the outcome was recorded
     */
    public void beforeCommit(@Nullable Recorder recorder) {
        committing = true;
        if (ended.get() || recorded) {
            return;
        }
        if (recorder == null || recordable == null) {
            require(settlement.holds(execution));
            return;
        }
        Duration retention = execution.operation().retention();
        require(settlement.record(execution, () -> recorder.complete(execution.claim(), recordable, retention)));
        recorded = true;
    }

    private void require(boolean held) {
        if (!held) {
            throw lost();
        }
    }

    /** The transaction has committed. */
    public void committed() {
        end(() -> {
            if (recorded) {
                tellCompleted();
            } else if (outcome == null || recordable == null) {
                settlement.abandon(execution);
            } else {
                settlement.complete(execution, recordable, outcome, took);
            }
        });
    }

    /** The transaction, or the part of it that the operation belongs to, was rolled back. */
    public void rolledBack() {
        end(() -> {
            // If it is recorded nevertheless, it was not rolled back: the store is the judge.
            if (recorded && committing && settlement.isCompleted(execution)) {
                tellCompleted();
            } else if (!execution.isLeased()) {
                settlement.tellReleased(execution, null, took);
            } else if (execution.hasEffectsOutside()) {
                settlement.abandon(execution);
            } else {
                settlement.release(execution, outcome instanceof Outcome.Failure failed ? failed.cause() : null, took);
            }
        });
    }

    /** It is not known whether the transaction has committed. */
    public void unknown() {
        end(() -> {
            if (settlement.isCompleted(execution)) {
                tellCompleted();
            } else if (!execution.isLeased()) {
                settlement.tellAbandoned(execution);
            } else {
                settlement.abandon(execution);
            }
        });
    }

    /** Whether this outcome is that of an earlier call in this transaction. */
    boolean isOutcomeIn(@Nullable EnclosingTransaction transaction) {
        return recordable != null && transaction != null && transaction == execution.transaction();
    }

    /** Whether waiting for the end would be waiting for oneself. */
    boolean isOfThisThread() {
        return thread == Thread.currentThread();
    }

    Execution execution() {
        return execution;
    }

    Fingerprint fingerprint() {
        return fingerprint;
    }

    @Nullable
    RecordedOutcome recordable() {
        return recordable;
    }

    IdempotencyClaimLostException lost() {
        settlement.lost(execution);
        return new IdempotencyClaimLostException(
                key(), execution.fencingToken(), "the operation ran to its end, and its transaction is not committed");
    }

    private void tellCompleted() {
        if (outcome != null && recordable != null) {
            settlement.tellCompleted(execution, recordable, outcome, took);
        }
    }

    private void end(Runnable last) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        try {
            last.run();
        } catch (IdempotencyStoreException toldAlready) {
            // Nobody is there to be told but the listeners, and they have been: the record becomes abandoned.
        } finally {
            settlement.finish(execution);
        }
    }
}
