package io.idempotent.engine;

import io.idempotent.Reconciliation;
import io.idempotent.Steps;
import org.jspecify.annotations.Nullable;

/**
 * What runs while a key is held.
 *
 * @param <T> what it returns
 */
@FunctionalInterface
public interface IdempotentWork<T extends @Nullable Object> extends RecoverableWork {

    /** What is left of what the work did when it has returned. */
    enum Remains {
        /** What it did stands, or will stand when the enclosing transaction commits. */
        ALL,
        /** Its own transaction was rolled back, though it returned. */
        NOTHING,
        /** Its own transaction was rolled back, and what an earlier attempt did may stand. */
        UNKNOWN
    }

    /**
     * Runs the operation. Work that attempts more than once calls {@link Execution#beginAttempt()} before each attempt.
     *
     * @param execution this execution, which is also the thread's current context
     * @throws Throwable whatever the operation throws
     */
    T run(Execution execution) throws Throwable;

    /**
     * Tells, after the work returned, whether to release the key instead of recording the result, so that the next call
     * runs again. If this throws, the result is recorded, since the work is done. Defaults to false.
     *
     * @param result what {@link #run} returned
     */
    default boolean releases(T result) {
        return false;
    }

    /**
     * Tells, on the calling thread and after the work returned, what is left of it. No outcome is recorded of work that
     * was undone: the key is released, or abandoned if the operation has effects outside of its transaction, and the
     * caller gets what the work returned. Defaults to all.
     */
    default Remains remains() {
        return Remains.ALL;
    }

    /**
     * Finds out, while the key is held, whether an earlier execution has done the operation. Asked if the key was
     * abandoned before and its operation is to {@link WhenAbandoned#RECONCILE}. The work runs only if it was not done.
     * Defaults to unknown.
     *
     * @param execution this execution, which is also the thread's current context
     * @throws Throwable if it cannot be told
     */
    default Reconciliation<T> reconcile(Execution execution) throws Throwable {
        return Reconciliation.unknown();
    }

    /**
     * Returns the transaction, begun outside of the call, that decides whether what the work does stands; the key's
     * record then follows that transaction. Returns null if the work has ended its own transaction, or has none, when
     * it returns. Asked on the calling thread before the key is claimed, and not at all if the outcome is replayed from
     * this JVM's memory. Defaults to null.
     */
    default @Nullable EnclosingTransaction enclosingTransaction() {
        return null;
    }

    /**
     * Runs what undoes a step, after the work failed for good, on the thread that ran the work and with the execution
     * as its current context. Defaults to once.
     *
     * @param execution this execution
     * @param undo undoes the step; may be repeated while it fails
     * @throws Throwable if it failed to the end
     */
    default void undo(Execution execution, Steps.Action<?> undo) throws Throwable {
        undo.run();
    }

    /**
     * Tells, after the work threw what is not recorded, whether what it did until then may stand: its own transaction
     * commits on such a failure, or nobody knows whether that has committed, or the enclosing transaction may commit.
     * The outcome is unknown then, and the key is abandoned instead of released. Defaults to false.
     *
     * @param failure what {@link #run} threw
     */
    default boolean mayStand(Throwable failure) {
        return false;
    }
}
