package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyStoreException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * An execution that holds its key until its caller ends it, by exactly one of {@link #complete}, {@link #completeNotReplayable},
 * {@link #release} and {@link #abandon}. One that is never ended keeps its key for as long as its operation may run, and leaves
 * it abandoned then.
 *
 * <p>Safe for use by several threads, one after the other. Where it runs unprotected, since the store failed and its operation
 * says so, ending it does nothing.
 *
 * @param <T> what the operation returns
 */
public final class OpenExecution<T extends @Nullable Object> implements OpenResult<T> {

    private final IdempotencyEngine engine;
    private final Operation<T> operation;
    private final Execution execution;
    private final Fingerprint fingerprint;
    private final AtomicBoolean open = new AtomicBoolean(true);

    OpenExecution(IdempotencyEngine engine, Operation<T> operation, Execution execution, Fingerprint fingerprint) {
        this.engine = engine;
        this.operation = operation;
        this.execution = execution;
        this.fingerprint = fingerprint;
    }

    /** The execution as its code sees it. */
    public IdempotencyContext context() {
        return execution;
    }

    /** Whether a record protects it; false where it runs although the store failed. */
    public boolean isProtected() {
        return execution.isLeased();
    }

    /** Whether it is still to be ended. */
    public boolean isOpen() {
        return open.get();
    }

    /**
     * Makes this the current context of this thread, until what is returned is closed in the same thread. If it is that already,
     * it stays so when that is closed.
     */
    public Binding bind() {
        IdempotencyContext before = execution.enterAside();
        if (execution.equals(before)) {
            return () -> {};
        }
        if (engine.interruptsOnLeaseLoss()) {
            execution.interruptible();
        }
        return () -> execution.leaveTo(before);
    }

    /**
     * Ends it: the operation is done. If the store fails, that is tried again for a bounded time; what was done stays done, and
     * its value is given back, whatever the store does.
     *
     * @param value what the operation returned
     * @return what the caller is to get: the value, or the one that a successor has recorded if the claim was lost
     * @throws io.idempotent.IdempotencyClaimLostException if the claim was lost, and no successor has recorded an outcome
     * @throws IllegalStateException if it was ended before
     * @throws Throwable a failure that a successor has recorded
     */
    public T complete(T value) throws Throwable {
        end();
        if (!isProtected()) {
            return value;
        }
        try {
            return engine.end(operation, execution, fingerprint, value);
        } finally {
            engine.finish(execution);
        }
    }

    /**
     * Ends it: the operation is done, and what it returned cannot be recorded. Later calls are refused with an
     * {@link io.idempotent.IdempotencyOutcomeException}.
     *
     * @param reason why, in words that reveal nothing of the outcome
     * @throws IllegalStateException if it was ended before
     */
    public void completeNotReplayable(String reason) {
        settle(() -> engine.endNotReplayable(execution, reason));
    }

    /**
     * Ends it: the operation was not done, and the key is free again, or abandoned if it is not known of some step whether it was
     * done.
     *
     * @param failure what made it end, for the listeners; null if it only returned
     * @throws IllegalStateException if it was ended before
     */
    public void release(@Nullable Throwable failure) {
        settle(() -> engine.endReleased(execution, fingerprint, failure));
    }

    /**
     * Ends it: nobody knows whether the operation was done.
     *
     * @throws IllegalStateException if it was ended before
     */
    public void abandon() {
        settle(() -> engine.endUnknown(execution, fingerprint));
    }

    /** Ends it for what came between opening it and giving it to its caller. */
    void fail(boolean begun, Throwable failure) {
        try {
            if (begun) {
                abandon();
            } else {
                end();
                engine.finish(execution);
            }
        } catch (RuntimeException | Error ours) {
            failure.addSuppressed(ours);
        }
    }

    private void settle(Runnable settlement) {
        end();
        if (!isProtected()) {
            return;
        }
        try {
            settlement.run();
        } catch (IdempotencyStoreException toldAlready) {
            // The listeners know, and the record is abandoned when its lease is over.
        } finally {
            engine.finish(execution);
        }
    }

    private void end() {
        if (!open.compareAndSet(true, false)) {
            throw new IllegalStateException("The execution of '" + execution.key() + "' was ended before");
        }
        execution.endOperation();
    }

    /** The context of a thread, for as long as it runs a part of an execution. */
    @FunctionalInterface
    public interface Binding extends AutoCloseable {

        /** Gives the thread back the context that it had before. Called once, and in the same thread. */
        @Override
        void close();
    }
}
