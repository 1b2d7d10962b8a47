package io.idempotent.engine;

import io.idempotent.Reconciliation;
import io.idempotent.engine.IdempotentWork.Remains;
import org.jspecify.annotations.Nullable;

/** Runs an open execution in the thread that asks for it, and ends it. */
final class BlockingCall {

    private BlockingCall() {}

    static <T extends @Nullable Object> T run(OpenExecution<T> open, IdempotentWork<T> work) throws Throwable {
        Execution execution = open.execution();
        T value;
        boolean returned = false;
        boolean isRecorded = true;
        Remains remains = Remains.ALL;
        execution.beUndoable();
        execution.enter();
        try {
            open.begin();
            Reconciliation.Completed<T> found = execution.isEarlierUnknown() ? open.reconcile(work::reconcile) : null;
            if (found != null) {
                value = found.value();
            } else {
                value = work.run(execution);
                open.requireForward();
                returned = true;
                if (open.isProtected()) {
                    remains = work.remains();
                    isRecorded = remains == Remains.ALL && open.isRecorded(work, IdempotentWork::releases, value);
                }
            }
            if (isRecorded) {
                open.prepare(returned);
            }
        } catch (Throwable thrown) {
            Throwable failure = open.isCompensated(thrown, returned) ? open.compensate(thrown, work::undo) : thrown;
            execution.leave();
            open.fail(failure, returned, work::mayStand);
            throw failure;
        }
        execution.leave();
        return open.end(value, isRecorded, remains);
    }
}
