package io.idempotent.spring.interceptor;

import io.idempotent.Reconciliation;
import io.idempotent.Steps;
import io.idempotent.engine.Execution;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedRequest;
import org.jspecify.annotations.Nullable;

/** What a call does once its key is held: the resolved method, as the call itself knows it. */
interface CallBody {

    /** How calls and transactions go together; null where there are no transactions, and for an atomic method. */
    @Nullable
    MethodTransaction transaction();

    /** What the store keeps so that the call can be finished without its caller; null if it is not. */
    @Nullable
    RecordedRequest request(IdempotentCall call);

    /** The abandoned record that the call finishes without its caller; null if there is a caller. */
    default @Nullable IdempotencyRecord recovers() {
        return null;
    }

    /** Runs the method, with its retries. */
    @Nullable
    Object run(IdempotentCall call, Execution execution) throws Throwable;

    /** Undoes a step, and repeats that as the method's attempts are repeated. */
    void undo(IdempotentCall call, Execution execution, Steps.Action<?> undo) throws Throwable;

    /** Tells whether a result releases the key, and is not recorded. */
    boolean releases(IdempotentCall call, @Nullable Object result);

    /** Finds out what became of an earlier execution. */
    Reconciliation<?> reconcile(IdempotentCall call, Execution execution) throws Throwable;
}
