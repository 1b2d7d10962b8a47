package io.idempotent.engine;

import io.idempotent.engine.Scenario.Transactions;
import io.idempotent.engine.Schedule.Move;
import java.util.ArrayList;
import java.util.List;

/** A transaction that a caller calls in, and ends: what its work does stands if it commits. */
final class ModelTransaction implements EnclosingTransaction {

    /** How it ended, or that it has not. */
    enum State {
        ACTIVE,
        COMMITTED,
        ROLLED_BACK
    }

    private final Schedule schedule;
    private final Promises promises;
    private final ModelStore store;
    private final Transactions kind;
    private final List<PendingEnding> completions = new ArrayList<>();
    private final List<Runnable> written = new ArrayList<>();
    private State state = State.ACTIVE;
    private boolean unheard;

    ModelTransaction(Schedule schedule, Promises promises, ModelStore store, Transactions kind) {
        this.schedule = schedule;
        this.promises = promises;
        this.store = store;
        this.kind = kind;
    }

    State state() {
        return state;
    }

    /** Whether nobody was told how it ended. */
    boolean isUnheard() {
        return unheard;
    }

    /** Writes what is to stand if the transaction commits. */
    void write(Runnable change) {
        written.add(change);
    }

    @Override
    public void enlist(PendingEnding completion) {
        completions.add(completion);
    }

    @Override
    public void flush() {}

    @Override
    public boolean isRollbackOnly() {
        return false;
    }

    /** Commits, unless something goes wrong. */
    void commit() {
        if (schedule.pause("before the end of its transaction", Move.GOES_ON, Move.ROLLS_BACK) == Move.ROLLS_BACK) {
            rollBack();
            return;
        }
        try {
            completions.forEach(completion -> completion.beforeCommit(recorder()));
        } catch (RuntimeException refused) {
            schedule.note("must not commit");
            rollBack();
            return;
        }
        promises.mayCommit(this);
        switch (schedule.pause("before the commit", Move.GOES_ON, Move.COMMITS_UNHEARD, Move.ROLLS_BACK_UNHEARD)) {
            case COMMITS_UNHEARD -> endUnheard(State.COMMITTED);
            case ROLLS_BACK_UNHEARD -> endUnheard(State.ROLLED_BACK);
            default -> {
                end(State.COMMITTED);
                completions.forEach(PendingEnding::committed);
            }
        }
    }

    void rollBack() {
        end(State.ROLLED_BACK);
        completions.forEach(PendingEnding::rolledBack);
    }

    /** Its node has crashed: the database rolls it back. */
    void crashed() {
        if (state == State.ACTIVE) {
            state = State.ROLLED_BACK;
            store.unlock(this);
        }
    }

    private void endUnheard(State end) {
        unheard = true;
        end(end);
        completions.forEach(PendingEnding::unknown);
    }

    private void end(State end) {
        if (schedule.isStopped()) {
            throw new Schedule.Stopped();
        }
        state = end;
        store.unlock(this);
        if (end == State.COMMITTED) {
            written.forEach(Runnable::run);
        }
        schedule.note(end.name());
        schedule.pause("after the end of its transaction", Move.GOES_ON);
    }

    private PendingEnding.Recorder recorder() {
        return switch (kind) {
            case NONE, ELSEWHERE -> null;
            case RECORDING_TOO_EARLY -> store::complete;
            case OF_THE_STORE ->
                (claim, outcome, retention) -> {
                    schedule.pause(
                            "before it records in its transaction",
                            Schedule.Wait.NONE,
                            () -> !store.isLocked(),
                            Move.GOES_ON);
                    // To be seen by all who come later, if it commits: nobody else writes until then.
                    if (!store.isMine(claim)) {
                        return false;
                    }
                    store.lock(this);
                    written.add(() -> store.completeNow(claim, outcome, retention));
                    return true;
                };
        };
    }
}
