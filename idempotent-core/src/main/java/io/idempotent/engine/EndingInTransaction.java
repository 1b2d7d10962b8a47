package io.idempotent.engine;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.IdempotencyStore;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Ends an execution as its transaction does.
 *
 * <ol>
 *   <li>Before the commit, the outcome is recorded in the transaction itself where that is possible. Elsewhere the
 *       store is asked for the claim if its lease may be lost. The transaction must not commit if the claim is lost.
 *   <li>After the commit, an outcome that is not yet recorded is recorded, repeated for a bounded time while the store
 *       fails. A key whose end the store could not be told becomes abandoned, and never free.
 *   <li>After a rollback the key is free again, or abandoned if the operation has effects outside.
 *   <li>If nobody knows how the transaction ended, the store tells whether the outcome is recorded. If it is not, the
 *       key is abandoned.
 *   <li>An execution that claimed in the transaction is recorded there already, and a rollback leaves nothing of it;
 *       only the listeners are told.
 * </ol>
 */
final class EndingInTransaction implements PendingEnding {

    private final Settlement settlement;
    private final Execution execution;
    private final Ending ending;
    private final @Nullable RecordedOutcome recordable;
    private final Duration took;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile boolean recorded;
    private volatile boolean committing;

    /**
     * Makes the ending of an execution, if its transaction commits.
     *
     * @param recordable what is to be recorded; null if the key is not completed by it
     * @param took how long the operation ran
     */
    EndingInTransaction(
            Settlement settlement,
            Execution execution,
            Ending ending,
            @Nullable RecordedOutcome recordable,
            Duration took) {
        this.settlement = settlement;
        this.execution = execution;
        this.ending = ending;
        this.recordable = recordable;
        this.took = took;
        this.recorded = !execution.isLeased();
    }

    /** Leaves the end of the execution to its transaction. */
    void follow(EnclosingTransaction transaction) {
        execution.pend(recordable);
        settlement.listeners().tell(listener -> listener.pending(execution));
        try {
            transaction.enlist(this);
        } catch (RuntimeException | Error failure) {
            unknown();
            throw failure;
        }
    }

    @Override
    public IdempotencyKey key() {
        return execution.key();
    }

    @Override
    public IdempotencyStore store() {
        return settlement.store();
    }

    @Override
    public boolean isRecorded() {
        return recorded;
    }

    @Override
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

    @Override
    public void committed() {
        end(() -> {
            if (recorded) {
                tell(ending);
            } else {
                settle(ending);
            }
        });
    }

    @Override
    public void rolledBack() {
        end(() -> {
            // If it is recorded nevertheless, it was not rolled back: the store knows.
            if (recorded && committing && settlement.isCompleted(execution)) {
                tell(ending);
            } else if (execution.isLeased()) {
                settle(ending.ofRollback(execution));
            } else {
                tell(new Ending.Released(null));
            }
        });
    }

    @Override
    public void unknown() {
        end(() -> {
            if (settlement.isCompleted(execution)) {
                tell(ending);
            } else if (execution.isLeased()) {
                settle(Ending.Unknown.UNKNOWN);
            } else {
                tell(Ending.Unknown.UNKNOWN);
            }
        });
    }

    /** Returns the exception for a claim that is lost, so that the transaction must not commit. */
    IdempotencyClaimLostException lost() {
        settlement.lost(execution);
        return new IdempotencyClaimLostException(
                key(), execution.fencingToken(), "the operation ran to its end, and its transaction is not committed");
    }

    private void settle(Ending last) {
        var unused = settlement.settle(execution, last, last.outcome() == null ? null : recordable, took);
    }

    private void tell(Ending last) {
        settlement.tell(execution, last, last.outcome() == null ? null : recordable, took);
    }

    private void end(Runnable last) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        try {
            last.run();
        } catch (IdempotencyStoreException toldAlready) {
            // Only the listeners are there to be told, and they have been: the record becomes abandoned.
        } finally {
            settlement.finish(execution);
        }
    }
}
