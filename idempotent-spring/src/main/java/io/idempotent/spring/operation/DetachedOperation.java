package io.idempotent.spring.operation;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.Reconciliation;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.OpenExecution;
import io.idempotent.engine.OpenResult;
import io.idempotent.engine.Operation;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * An operation whose executions are opened, and ended by whoever opened them.
 *
 * @param operation the operation
 * @param engine what runs it
 * @param contract what else is declared and set
 * @param reconciler finds out what became of abandoned executions; null where nobody asks
 * @param observer observes the calls; null where nobody does
 * @param keyInLog puts keys into the log; null where nobody does
 * @param <T> what it returns
 */
public record DetachedOperation<T>(
        Operation<T> operation,
        IdempotencyEngine engine,
        OperationContract contract,
        @Nullable Reconciler reconciler,
        @Nullable OperationObserver observer,
        @Nullable KeyInLog keyInLog)
        implements ConfiguredOperation {

    /**
     * Opens an execution, or gives what was recorded.
     *
     * @param arguments what the reconciler is asked with
     * @throws io.idempotent.IdempotencyException if the call was refused, or its outcome cannot be given
     * @throws Throwable a failure that was recorded
     */
    public OpenResult<T> open(IdempotencyKey key, Fingerprint fingerprint, Object... arguments) throws Throwable {
        return engine.open(operation, key, fingerprint, execution -> reconciled(execution, arguments));
    }

    /**
     * Like {@link #open}, without waiting for the store. A reconciler is asked in a thread that may be blocked.
     *
     * @param observed observes the call; null if nobody does
     */
    public CompletableFuture<OpenResult<T>> openAsync(
            IdempotencyKey key, Fingerprint fingerprint, @Nullable ObservedCall observed, Object... arguments) {
        return engine.openAsync(operation, key, fingerprint, execution -> reconciled(execution, arguments), part -> {
            ObservedCall.Scope scope = observed == null ? null : observed.enter();
            try {
                part.run();
            } finally {
                if (scope != null) {
                    scope.close();
                }
            }
        });
    }

    private Reconciliation<T> reconciled(IdempotencyContext execution, Object... arguments) throws Exception {
        return checked(reconciler == null ? Reconciliation.unknown() : reconciler.reconcile(execution, arguments));
    }

    /** Begins to observe a call, before its key is known; null if nobody does. */
    public @Nullable ObservedCall observe() {
        return observer == null ? null : observer.begin();
    }

    /**
     * Makes an execution what this thread works on: its context, its observation, and its key in the log.
     *
     * @param observed observes the call; null if nobody does
     * @return to be closed in the same thread
     */
    public OpenExecution.Binding bind(OpenExecution<T> execution, @Nullable ObservedCall observed) {
        OpenExecution.Binding context = execution.bind();
        ObservedCall.Scope scope = observed == null ? null : observed.enter();
        KeyInLog.Entry entry =
                keyInLog == null ? null : keyInLog.enter(execution.context().key());
        if (scope == null && entry == null) {
            return context;
        }
        return () -> {
            if (entry != null) {
                entry.close();
            }
            if (scope != null) {
                scope.close();
            }
            context.close();
        };
    }

    // What was found out is of the operation's own type, or refused.
    @SuppressWarnings("unchecked")
    private Reconciliation<T> checked(Reconciliation<?> found) {
        if (found instanceof Reconciliation.Completed<?> completed
                && !((Class<?>) operation.type().valueType()).isInstance(completed.value())) {
            throw new IllegalStateException("The reconciler's value is no "
                    + operation.type().valueType().getTypeName());
        }
        return (Reconciliation<T>) found;
    }
}
