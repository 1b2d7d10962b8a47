package io.idempotent.engine;

import io.idempotent.Reconciliation;
import org.jspecify.annotations.Nullable;

/**
 * What runs while a key is held.
 *
 * @param <T> what it returns
 */
@FunctionalInterface
public interface IdempotentWork<T extends @Nullable Object> {

    /** What is left of what the work did, when it has returned. */
    enum Remains {
        /** What it did stands, or will when the enclosing transaction commits. */
        ALL,
        /** Its own transaction was rolled back, though it returned. */
        NOTHING,
        /** Its own transaction was rolled back, and what an earlier attempt did may stand. */
        UNKNOWN
    }

    /**
     * Runs the operation. Work that attempts more than once calls {@link Execution#beginAttempt()} before each attempt.
     *
     * @param execution this execution, also bound to the thread as the current context
     * @throws Throwable whatever the operation throws
     */
    T run(Execution execution) throws Throwable;

    /**
     * Asked after the work returned: whether to release the key instead of recording the result, so that the next call
     * runs again. If this fails, the result is recorded, since the work is done.
     *
     * @param result what {@link #run} returned
     * @return false, unless overridden
     */
    default boolean releases(T result) {
        return false;
    }

    /**
     * Asked on the calling thread after the work returned. Of work that was undone no outcome is recorded: the key is
     * released, or abandoned if the operation has effects outside of its transaction, and the caller gets what the work
     * returned.
     *
     * @return all, unless overridden
     */
    default Remains remains() {
        return Remains.ALL;
    }

    /**
     * Asked, while the key is held, where it was abandoned before and its operation is to {@link
     * WhenAbandoned#RECONCILE}: whether an earlier execution has done the operation. The work is run only if it has
     * not.
     *
     * @param execution this execution, also bound to the thread as the current context
     * @return unknown, unless overridden
     * @throws Throwable whatever says that it cannot be told
     */
    default Reconciliation<T> reconcile(Execution execution) throws Throwable {
        return Reconciliation.unknown();
    }

    /**
     * Asked, on the calling thread, before the key is claimed, and not at all if its outcome is replayed from this
     * JVM's memory: which transaction, begun outside of the call, decides whether what the work does stands. The key's
     * record follows that transaction then.
     *
     * @return null where the work has ended its own transaction, or has none, when it returns; null, unless overridden
     */
    default @Nullable EnclosingTransaction enclosingTransaction() {
        return null;
    }

    /**
     * Asked after the work threw what is not recorded: whether what it did until then stands, or may stand, all the
     * same, or will if the enclosing transaction commits: since its own transaction commits on such a failure, or
     * nobody knows whether that has committed. The outcome is not known then: the key is abandoned and not released.
     *
     * @param failure what {@link #run} threw
     * @return false, unless overridden
     */
    default boolean mayStand(Throwable failure) {
        return false;
    }
}
