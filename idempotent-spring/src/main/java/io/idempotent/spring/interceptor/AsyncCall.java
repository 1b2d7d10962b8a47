package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyContext;
import io.idempotent.Reconciliation;
import io.idempotent.Steps;
import io.idempotent.engine.CallScope;
import io.idempotent.engine.Execution;
import io.idempotent.engine.StageWork;
import io.idempotent.spring.operation.KeyInLog;
import io.idempotent.spring.operation.ObservedCall;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedRequest;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One call of a method that ends later. Used by one thread after the other. */
final class AsyncCall implements StageWork<@Nullable Object> {

    private final IdempotentMethod method;
    private final IdempotentCall call;
    private final AsyncReturn.Caller caller;
    private final @Nullable ObservedCall observed;
    private final @Nullable IdempotencyRecord recovered;
    private volatile CallScope scope = Runnable::run;
    private volatile boolean earlierStands;

    /**
     * Makes a call.
     *
     * @param call the invocation, which may be called more than once
     * @param observed is told of it; null if nobody observes it
     * @param recovered the record that it finishes without its caller; null if there is a caller
     */
    AsyncCall(
            IdempotentMethod method,
            IdempotentCall call,
            AsyncReturn.Caller caller,
            @Nullable ObservedCall observed,
            @Nullable IdempotencyRecord recovered) {
        this.method = method;
        this.call = call;
        this.caller = caller;
        this.observed = observed;
        this.recovered = recovered;
    }

    private static void run(Runnable part, ObservedCall observed) {
        ObservedCall.Scope entered = observed.enter();
        try {
            part.run();
        } finally {
            entered.close();
        }
    }

    @Override
    public @Nullable IdempotencyContext calledIn() {
        return caller.context();
    }

    @Override
    public CallScope scope() {
        CallScope callers = caller.scope();
        scope = observed == null ? callers : part -> callers.run(() -> run(part, observed));
        return scope;
    }

    // The caller's scope has what is to be captured of its context.
    @Override
    public @Nullable RecordedRequest request() {
        if (recovered != null || !method.isRecoverable()) {
            return null;
        }
        AtomicReference<@Nullable RecordedRequest> request = new AtomicReference<>();
        scope.run(() -> request.set(method.request(call)));
        return request.get();
    }

    @Override
    public @Nullable IdempotencyRecord recovers() {
        return recovered;
    }

    @Override
    public @Nullable CompletionStage<@Nullable Object> begin(Execution execution) throws Throwable {
        Retries retries = method.retries();
        return retries == null
                ? attempt(execution)
                : retries.runAsync(
                        () -> beginAttempt(execution),
                        failure -> earlierStands |= commitsOn(failure),
                        execution,
                        observed);
    }

    private CompletionStage<@Nullable Object> beginAttempt(Execution execution) {
        if (execution.equals(IdempotencyContext.currentOrNull())) {
            return beginOrFail(execution);
        }
        // A later attempt begins in a thread of its own.
        CompletableFuture<CompletionStage<@Nullable Object>> begun = new CompletableFuture<>();
        scope.run(() -> {
            IdempotencyContext before = IdempotencyContext.bind(execution);
            try {
                begun.complete(beginOrFail(execution));
            } finally {
                IdempotencyContext.bind(before);
            }
        });
        return begun.join();
    }

    private CompletionStage<@Nullable Object> beginOrFail(Execution execution) {
        try {
            execution.beginAttempt();
            CompletionStage<@Nullable Object> begun = attempt(execution);
            return begun != null
                    ? begun
                    : CompletableFuture.failedFuture(
                            new IllegalStateException("The method returned null in place of what it is to end by"));
        } catch (Throwable failure) {
            return CompletableFuture.failedFuture(failure);
        }
    }

    private @Nullable CompletionStage<@Nullable Object> attempt(Execution execution) throws Throwable {
        KeyInLog.Entry entry =
                method.keyInLog() == null ? null : method.keyInLog().enter(execution.key());
        try {
            return caller.begin(call.runMethodLater(), execution);
        } finally {
            if (entry != null) {
                entry.close();
            }
        }
    }

    private boolean commitsOn(Throwable failure) {
        MethodTransaction transaction = method.transaction();
        return transaction != null && transaction.commitsOn(failure.getClass());
    }

    @Override
    public void undo(Execution execution, Steps.Action<?> undo) throws Throwable {
        method.undo(undo, execution, observed);
    }

    @Override
    public boolean mayStand(Throwable failure) {
        return earlierStands || commitsOn(failure);
    }

    @Override
    public boolean releases(@Nullable Object result) {
        return method.releases(call, result);
    }

    // It is checked at startup that what is found out is about the method's own result.
    @Override
    @SuppressWarnings("unchecked")
    public Reconciliation<@Nullable Object> reconcile(Execution execution) throws Throwable {
        return (Reconciliation<@Nullable Object>) method.reconcile(call, execution);
    }
}
