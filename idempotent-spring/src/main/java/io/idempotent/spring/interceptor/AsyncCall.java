package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyContext;
import io.idempotent.Reconciliation;
import io.idempotent.engine.CallScope;
import io.idempotent.engine.Execution;
import io.idempotent.engine.StageWork;
import io.idempotent.spring.operation.KeyInLog;
import io.idempotent.spring.operation.ObservedCall;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** One call of a method that ends later. Used by one thread after the other. */
final class AsyncCall implements StageWork<@Nullable Object> {

    private final IdempotentMethod method;
    private final IdempotentCall call;
    private final AsyncReturn.Caller caller;
    private final @Nullable ObservedCall observed;
    private volatile boolean earlierStands;

    /**
     * Makes a call.
     *
     * @param call the invocation, which may be called more than once
     * @param observed is told of it; null if nobody observes it
     */
    AsyncCall(
            IdempotentMethod method, IdempotentCall call, AsyncReturn.Caller caller, @Nullable ObservedCall observed) {
        this.method = method;
        this.call = call;
        this.caller = caller;
        this.observed = observed;
    }

    @Override
    public @Nullable IdempotencyContext calledIn() {
        return caller.context();
    }

    @Override
    public CallScope scope() {
        CallScope scope = caller.scope();
        return observed == null
                ? scope
                : part -> scope.run(() -> {
                    ObservedCall.Scope entered = observed.enter();
                    try {
                        part.run();
                    } finally {
                        entered.close();
                    }
                });
    }

    @Override
    public @Nullable CompletionStage<@Nullable Object> begin(Execution execution) throws Throwable {
        Retries retries = method.retries();
        if (retries == null) {
            return attempt(execution);
        }
        return retries.runAsync(
                () -> {
                    try {
                        execution.beginAttempt();
                        CompletionStage<@Nullable Object> begun = attempt(execution);
                        return begun != null
                                ? begun
                                : CompletableFuture.failedFuture(new IllegalStateException(
                                        "The method returned null in place of what it is to end by"));
                    } catch (Throwable failure) {
                        return CompletableFuture.failedFuture(failure);
                    }
                },
                execution,
                observed);
    }

    private @Nullable CompletionStage<@Nullable Object> attempt(Execution execution) throws Throwable {
        // A later attempt begins in a thread of its own.
        IdempotencyContext before = IdempotencyContext.bind(execution);
        KeyInLog.Entry entry =
                method.keyInLog() == null ? null : method.keyInLog().enter(execution.key());
        try {
            CompletionStage<@Nullable Object> begun = caller.begin(call.runMethod(), execution);
            return begun == null || method.transaction() == null
                    ? begun
                    : begun.whenComplete((value, failure) -> earlierStands |= failure != null && commitsOn(failure));
        } finally {
            if (entry != null) {
                entry.close();
            }
            IdempotencyContext.bind(before);
        }
    }

    private boolean commitsOn(Throwable failure) {
        MethodTransaction transaction = method.transaction();
        return transaction != null && transaction.commitsOn(failure.getClass());
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
