package io.idempotent.spring.interceptor;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.Reconciliation;
import io.idempotent.RedactedException;
import io.idempotent.Steps;
import io.idempotent.engine.CallScope;
import io.idempotent.engine.Execution;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.engine.StageCall;
import io.idempotent.engine.StoreTransactions;
import io.idempotent.spring.operation.KeyInLog;
import io.idempotent.spring.operation.ListenerMethod;
import io.idempotent.spring.operation.ObservedCall;
import io.idempotent.spring.operation.OperationContract;
import io.idempotent.spring.operation.OperationName;
import io.idempotent.spring.operation.OperationObserver;
import io.idempotent.spring.operation.Recovery;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All that is known of one idempotent method, resolved once and used by every call.
 *
 * @param transaction how calls and transactions go together; null where there are no transactions, and for an atomic
 *     method
 * @param reconciling how it is found out what became of abandoned executions; null where nobody asks
 * @param atomic the transactions that an atomic method is claimed, run and completed in; null for any other
 * @param observer observes the calls; null where nobody does
 * @param keyInLog puts keys into the log while the method runs; null where nobody does
 * @param listener answers the container of message listeners that calls the method; null where none does
 * @param async how the method returns what it produces later; null if it has produced it when it returns
 * @param recoverable how abandoned executions are finished without their callers; null where they are not
 */
record IdempotentMethod(
        OperationName name,
        Operation<@Nullable Object> operation,
        IdempotencyEngine engine,
        OperationContract contract,
        CallExpression key,
        @Nullable CallExpression scope,
        CallFingerprint fingerprint,
        @Nullable CallExpression unless,
        @Nullable Retries retries,
        @Nullable MethodTransaction transaction,
        @Nullable Reconciling reconciling,
        @Nullable StoreTransactions atomic,
        @Nullable OperationObserver observer,
        @Nullable KeyInLog keyInLog,
        @Nullable ListenerMethod listener,
        @Nullable AsyncReturn async,
        @Nullable RecoverableMethod recoverable)
        implements ProtectedMethod, CallBody {

    @Override
    public boolean isRetried() {
        return retries != null;
    }

    @Override
    public boolean isRepeatedLater() {
        return async != null && (retries != null || async.isRepeatable());
    }

    @Override
    public @Nullable Recovery recovery() {
        return recoverable == null || !recoverable.isCallable() ? null : recoverable;
    }

    @Override
    public void recoverBy(Supplier<?> bean) {
        if (recoverable != null) {
            recoverable.calledOn(bean);
        }
    }

    boolean isRecoverable() {
        return recoverable != null;
    }

    @Override
    public @Nullable RecordedRequest request(IdempotentCall call) {
        return recoverable == null ? null : recoverable.request(call);
    }

    private @Nullable IdempotencyRecord recovered(IdempotentCall call) {
        RecoveredCall taken = recoverable == null ? null : RecoveredCall.take(operation.name(), call);
        return taken == null ? null : taken.record();
    }

    @Override
    public boolean commitsUnrecorded(Class<? extends Throwable> failure) {
        return transaction != null && !operation.recordsAll(failure) && transaction.commitsOn(failure);
    }

    @Nullable
    Object invoke(IdempotentCall call) throws Throwable {
        if (async != null) {
            return makeAsync(async, call);
        }
        return listener == null ? make(call) : listener.answer(call.arguments(), new Delivered(this, call));
    }

    /** Takes key and fingerprint now, and makes the call each time that somebody asks for the result. */
    private Object makeAsync(AsyncReturn returns, IdempotentCall call) {
        IdempotencyRecord recovered = recovered(call);
        IdempotencyKey resolvedKey;
        Fingerprint resolvedFingerprint;
        try {
            resolvedKey = recovered == null ? key(call) : recovered.key();
            resolvedFingerprint = recovered == null ? fingerprint.of(call) : recovered.fingerprint();
        } catch (RuntimeException | Error refusal) {
            ObservedCall observed = observer == null ? null : observer.begin();
            if (observed != null) {
                observed.answered(refusal);
            }
            return returns.failed(refusal);
        }
        try {
            return returns.answer((caller, cancelling) ->
                    makeAsync(call, resolvedKey, resolvedFingerprint, recovered, caller, cancelling));
        } catch (RuntimeException | Error refusal) {
            return returns.failed(refusal);
        }
    }

    private CompletableFuture<@Nullable Object> makeAsync(
            IdempotentCall call,
            IdempotencyKey resolvedKey,
            Fingerprint resolvedFingerprint,
            @Nullable IdempotencyRecord recovered,
            AsyncReturn.Caller caller,
            Consumer<Runnable> cancelling) {
        ObservedCall observed = observer == null ? null : begin(observer, caller.scope());
        if (observed == null) {
            StageCall<@Nullable Object> made = execute(call, resolvedKey, resolvedFingerprint, recovered, caller, null);
            return made.future().isDone() ? made.future() : answer(made, null, cancelling);
        }
        observed.identifiedBy(resolvedKey);
        ObservedCall.Scope scope = observed.enter();
        try {
            return answer(
                    execute(call, resolvedKey, resolvedFingerprint, recovered, caller, observed), observed, cancelling);
        } catch (RuntimeException | Error refusal) {
            observed.answered(refusal);
            throw refusal;
        } finally {
            scope.close();
        }
    }

    /** Returns a future of the caller's own, which ends after the observation does. */
    private static CompletableFuture<@Nullable Object> answer(
            StageCall<@Nullable Object> made, @Nullable ObservedCall observed, Consumer<Runnable> cancelling) {
        if (!made.future().isDone()) {
            cancelling.accept(made::cancel);
        }
        CompletableFuture<@Nullable Object> answer = new CompletableFuture<>();
        var unused = made.future().whenComplete((value, failure) -> {
            if (observed != null) {
                observed.answered(failure);
            }
            if (failure == null) {
                answer.complete(value);
            } else {
                answer.completeExceptionally(failure);
            }
        });
        return answer;
    }

    /** Begins in the scope of who asks, whose observation may be known there only. */
    private static @Nullable ObservedCall begin(OperationObserver observer, CallScope scope) {
        AtomicReference<@Nullable ObservedCall> begun = new AtomicReference<>();
        scope.run(() -> begun.set(observer.begin()));
        return begun.get();
    }

    private StageCall<@Nullable Object> execute(
            IdempotentCall call,
            IdempotencyKey resolvedKey,
            Fingerprint resolvedFingerprint,
            @Nullable IdempotencyRecord recovered,
            AsyncReturn.Caller caller,
            @Nullable ObservedCall observed) {
        if (transaction != null && transaction.enclosing() != null) {
            throw new IllegalStateException("The method of operation '" + operation.name()
                    + "', which ends later, was called in a transaction, and was not run: its record would stay if the"
                    + " transaction is rolled back. Call it outside of the transaction, or after its commit");
        }
        return engine.executeAsync(
                operation, resolvedKey, resolvedFingerprint, new AsyncCall(this, call, caller, observed, recovered));
    }

    private @Nullable Object make(IdempotentCall call) throws Throwable {
        ObservedCall observed = observer == null ? null : observer.begin();
        return observed == null ? execute(call) : observe(call, observed);
    }

    private @Nullable Object observe(IdempotentCall call, ObservedCall observed) throws Throwable {
        call.observedBy(observed);
        ObservedCall.Scope scope = observed.enter();
        Throwable thrown = null;
        try {
            return execute(call);
        } catch (Throwable failure) {
            thrown = failure;
            throw failure;
        } finally {
            scope.close();
            observed.answered(thrown);
        }
    }

    private @Nullable Object execute(IdempotentCall call) throws Throwable {
        IdempotencyRecord recovered = recovered(call);
        IdempotencyKey resolvedKey = recovered == null ? key(call) : recovered.key();
        if (call.observed() != null) {
            call.observed().identifiedBy(resolvedKey);
        }
        Fingerprint resolvedFingerprint = recovered == null ? fingerprint.of(call) : recovered.fingerprint();
        call.asked();
        if (atomic != null) {
            return engine.executeAtomically(
                    operation, resolvedKey, resolvedFingerprint, atomic, new AtomicCall(this, call));
        }
        call.does(recovered == null ? this : new RecoveredBody(this, recovered));
        return engine.execute(operation, resolvedKey, resolvedFingerprint, call);
    }

    /** Returns the key, which the engine checks when it is not a replay. */
    private IdempotencyKey key(IdempotentCall call) {
        return IdempotencyKey.unchecked(
                operation.name(),
                scope == null ? "" : text("scope", evaluate("scope", scope, call)),
                keyText(evaluate("key", key, call)));
    }

    @Override
    public @Nullable Object run(IdempotentCall call, Execution execution) throws Throwable {
        KeyInLog.Entry entry = keyInLog == null ? null : keyInLog.enter(execution.key());
        try {
            return attempt(call, execution);
        } finally {
            if (entry != null) {
                entry.close();
            }
        }
    }

    // The type argument says @Nullable, which javac 17 does not read from class files.
    @SuppressWarnings("NullAway")
    private @Nullable Object attempt(IdempotentCall call, Execution execution) throws Throwable {
        return retries == null
                ? call.attempt()
                : retries.run(
                        () -> {
                            execution.beginAttempt();
                            return call.attempt();
                        },
                        execution,
                        call.observed());
    }

    @Override
    public void undo(IdempotentCall call, Execution execution, Steps.Action<?> undo) throws Throwable {
        undo(undo, execution, call.observed());
    }

    // The type argument says @Nullable, which javac 17 does not read from class files.
    @SuppressWarnings("NullAway")
    void undo(Steps.Action<?> undo, Execution execution, @Nullable ObservedCall observed) throws Throwable {
        if (retries == null) {
            undo.run();
            return;
        }
        var unused = retries.run(
                () -> {
                    undo.run();
                    return null;
                },
                execution,
                observed);
    }

    @Override
    public Reconciliation<?> reconcile(IdempotentCall call, Execution execution) throws Throwable {
        return reconciling == null ? Reconciliation.unknown() : reconciling.ask(call, execution);
    }

    @Override
    public boolean releases(IdempotentCall call, @Nullable Object result) {
        if (unless == null) {
            return false;
        }
        Object value = unless.evaluate(call, result);
        if (value instanceof Boolean released) {
            return released;
        }
        throw new IllegalStateException("The expression unless of operation '" + operation.name()
                + "' is neither true nor false, but " + (value == null ? "null" : "of " + value.getClass()));
    }

    private @Nullable Object evaluate(String part, CallExpression expression, IdempotentCall call) {
        try {
            return expression.evaluate(call, null);
        } catch (RuntimeException failure) {
            throw new IdempotencyKeyException(
                    operation.name(), CallExpression.failed(part, failure), RedactedException.of(failure));
        }
    }

    private String keyText(@Nullable Object value) {
        // First what nearly every key is: asking it for an interface takes longer. A blank one is never recorded, and
        // refused when it is to be.
        if (value instanceof String text) {
            return text;
        }
        if (value instanceof List<?> elements) {
            List<String> texts = new ArrayList<>(elements.size());
            for (int index = 0; index < elements.size(); index++) {
                // A blank one is refused where they are joined.
                texts.add(
                        elements.get(index) instanceof String text
                                ? text
                                : text("key's element " + index, elements.get(index)));
            }
            return IdempotencyKey.join(operation.name(), texts);
        }
        return text("key", value);
    }

    private String text(String part, @Nullable Object value) {
        if (value instanceof String text) {
            if (IdempotencyKey.isBlank(text)) {
                throw new IdempotencyKeyException(operation.name(), "the " + part + " is blank");
            }
            return text;
        }
        if (value == null) {
            throw new IdempotencyKeyException(operation.name(), "the " + part + " is null");
        }
        if (value instanceof Enum<?> constant) {
            return constant.name();
        }
        if (!KeyTypes.isKey(value.getClass())) {
            throw new IdempotencyKeyException(
                    operation.name(),
                    "the " + part + " is of type " + value.getClass().getName()
                            + ", whose text need not be the same for equal values and another for others: use one"
                            + " of its"
                            + " properties, or a list of several");
        }
        return text(part, value.toString());
    }

    /** The body of a call that finishes an abandoned execution without its caller. */
    private record RecoveredBody(
            IdempotentMethod method, @Override IdempotencyRecord recovers) implements CallBody {

        @Override
        public @Nullable MethodTransaction transaction() {
            return method.transaction();
        }

        @Override
        public @Nullable RecordedRequest request(IdempotentCall call) {
            return null;
        }

        @Override
        public @Nullable Object run(IdempotentCall call, Execution execution) throws Throwable {
            return method.run(call, execution);
        }

        @Override
        public void undo(IdempotentCall call, Execution execution, Steps.Action<?> undo) throws Throwable {
            method.undo(call, execution, undo);
        }

        @Override
        public boolean releases(IdempotentCall call, @Nullable Object result) {
            return method.releases(call, result);
        }

        @Override
        public Reconciliation<?> reconcile(IdempotentCall call, Execution execution) throws Throwable {
            return method.reconcile(call, execution);
        }
    }

    private record Delivered(IdempotentMethod method, IdempotentCall call) implements ListenerMethod.Delivery {

        @Override
        public @Nullable Object make() throws Throwable {
            return method.make(call);
        }

        @Override
        public boolean hasRun() {
            return call.hasRun();
        }

        @Override
        public boolean hasReturned() {
            return call.hasReturned();
        }

        @Override
        public boolean isReplay(Throwable failure) {
            return call.isAsked()
                    && !call.hasRun()
                    && !(failure instanceof IdempotencyException)
                    && method.operation.type().records(failure);
        }
    }
}
