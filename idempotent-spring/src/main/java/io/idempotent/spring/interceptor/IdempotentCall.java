package io.idempotent.spring.interceptor;

import io.idempotent.Reconciliation;
import io.idempotent.Steps;
import io.idempotent.engine.EnclosingTransaction;
import io.idempotent.engine.Execution;
import io.idempotent.engine.IdempotentWork;
import io.idempotent.spring.operation.ObservedCall;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedRequest;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/**
 * One call of an idempotent method, however it was intercepted. Used by the calling thread, or, if the method ends
 * later, by the threads that work on the call in its place.
 */
public abstract class IdempotentCall implements IdempotentWork<@Nullable Object> {

    // How far it came. One byte, since each call has an object of this size.
    private static final byte ASKED = 1;
    private static final byte RAN = 2;
    private static final byte RETURNED = 3;

    private final Method method;
    private final Object target;
    private final @Nullable Object[] arguments;
    private @Nullable CallBody body;
    private @Nullable ObservedCall observed;
    private boolean earlierStands;
    private boolean undone;
    private byte progress;

    /**
     * For the ways to intercept.
     *
     * @param method the method as it was invoked
     * @param target the object that is called
     * @param arguments the arguments; kept, and not changed
     */
    protected IdempotentCall(Method method, Object target, @Nullable Object[] arguments) {
        this.method = method;
        this.target = target;
        this.arguments = arguments;
    }

    /** The method as it was invoked. */
    public final Method method() {
        return method;
    }

    /** The object that is called. */
    public final Object target() {
        return target;
    }

    /** The arguments; not to be changed. */
    public final @Nullable Object[] arguments() {
        return arguments;
    }

    /**
     * Calls what is behind the interception, all inner advice included. May be called once for each attempt.
     *
     * @throws Throwable what the method throws
     */
    protected abstract @Nullable Object proceed() throws Throwable;

    /** Like {@link #proceed}, in another thread than the one that made the call, once for each attempt. */
    protected @Nullable Object proceedLater() throws Throwable {
        return proceed();
    }

    /** Like {@link #proceed}, and remembers that the method ran, and whether it returned. */
    final @Nullable Object runMethod() throws Throwable {
        cameTo(RAN);
        Object result = proceed();
        cameTo(RETURNED);
        return result;
    }

    /** Like {@link #proceedLater}, and remembers that the method ran. */
    final @Nullable Object runMethodLater() throws Throwable {
        cameTo(RAN);
        return proceedLater();
    }

    /** Notes that the engine is asked, who alone knows of earlier outcomes. */
    final void asked() {
        cameTo(ASKED);
    }

    private void cameTo(byte further) {
        if (progress < further) {
            progress = further;
        }
    }

    final boolean isAsked() {
        return progress >= ASKED;
    }

    /** Whether the method ran. */
    final boolean hasRun() {
        return progress >= RAN;
    }

    /** Whether the method returned in one of its attempts. */
    final boolean hasReturned() {
        return progress == RETURNED;
    }

    /**
     * Like {@link #runMethod}, and remembers whether what a failed attempt did may stand, whatever later ones do, and
     * whether what this one did was undone though it returned.
     */
    final @Nullable Object attempt() throws Throwable {
        MethodTransaction transaction = body().transaction();
        try (MethodTransaction.Watch watch = transaction == null ? null : transaction.watch()) {
            Object result = runMethod();
            undone = watch != null && watch.isUndone();
            return result;
        } catch (Throwable failure) {
            earlierStands |= mayStand(failure);
            throw failure;
        }
    }

    final void does(CallBody resolved) {
        this.body = resolved;
    }

    final void observedBy(ObservedCall observer) {
        this.observed = observer;
    }

    /** What observes it; null if nobody does. */
    final @Nullable ObservedCall observed() {
        return observed;
    }

    // The type argument says @Nullable, which javac 17 does not read from class files.
    @Override
    @SuppressWarnings("NullAway")
    public final @Nullable Object run(Execution execution) throws Throwable {
        return body().run(this, execution);
    }

    @Override
    public final void undo(Execution execution, Steps.Action<?> undo) throws Throwable {
        body().undo(this, execution, undo);
    }

    @Override
    public final boolean releases(@Nullable Object result) {
        return body().releases(this, result);
    }

    @Override
    public final Remains remains() {
        if (!undone) {
            return Remains.ALL;
        }
        return earlierStands ? Remains.UNKNOWN : Remains.NOTHING;
    }

    // It is checked at startup that what is found out is about the method's own result.
    @Override
    @SuppressWarnings("unchecked")
    public final Reconciliation<@Nullable Object> reconcile(Execution execution) throws Throwable {
        return (Reconciliation<@Nullable Object>) body().reconcile(this, execution);
    }

    @Override
    public final @Nullable EnclosingTransaction enclosingTransaction() {
        MethodTransaction transaction = body().transaction();
        return transaction == null ? null : transaction.enclosing();
    }

    @Override
    public final boolean mayStand(Throwable failure) {
        MethodTransaction transaction = body().transaction();
        return earlierStands || (transaction != null && transaction.mayStand(failure));
    }

    @Override
    public final @Nullable RecordedRequest request() {
        return body().request(this);
    }

    @Override
    public final @Nullable IdempotencyRecord recovers() {
        return body().recovers();
    }

    private CallBody body() {
        if (body == null) {
            throw new IllegalStateException("The call was not made by IdempotencySupport");
        }
        return body;
    }
}
