package io.idempotent.engine;

import io.idempotent.Reconciliation;
import org.jspecify.annotations.Nullable;

/**
 * Finds out what became of an earlier execution whose outcome nobody recorded.
 *
 * @param <T> what the operation returns
 */
@FunctionalInterface
public interface ExecutionReconciler<T extends @Nullable Object> {

    /**
     * Tells whether an earlier execution has done the operation. Called under the new claim, which is the thread's
     * current context, and whose lease is renewed meanwhile.
     *
     * @param execution the execution under the new claim
     * @return that the operation was done, with what it returned; that it was not done, and may run; or that it cannot
     *     be told
     * @throws Throwable if it cannot be told
     */
    Reconciliation<T> reconcile(Execution execution) throws Throwable;
}
