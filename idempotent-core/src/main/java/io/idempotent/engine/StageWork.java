package io.idempotent.engine;

import io.idempotent.IdempotencyContext;
import io.idempotent.Reconciliation;
import io.idempotent.Steps;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What begins while a key is held, and ends later in any thread.
 *
 * @param <T> what it produces
 */
@FunctionalInterface
public interface StageWork<T extends @Nullable Object> extends RecoverableWork {

    /**
     * Begins the operation, on a thread that may block, in this scope.
     *
     * @param execution this execution, which is also the thread's current context until this returns
     * @return completes when the operation has ended; null counts as a failure to begin
     * @throws Throwable if it did not begin
     */
    @Nullable
    CompletionStage<T> begin(Execution execution) throws Throwable;

    /** Like {@link IdempotentWork#releases}. */
    default boolean releases(T result) {
        return false;
    }

    /** Like {@link IdempotentWork#mayStand}, asked by any thread. */
    default boolean mayStand(Throwable failure) {
        return false;
    }

    /** Like {@link IdempotentWork#undo}, on a thread that may block, in this scope. */
    default void undo(Execution execution, Steps.Action<?> undo) throws Throwable {
        undo.run();
    }

    /** Returns what the engine's threads run parts of the call in. Asked once. Defaults to nothing. */
    default CallScope scope() {
        return Runnable::run;
    }

    /** Like {@link IdempotentWork#reconcile}, on a thread that may block, in this scope. */
    default Reconciliation<T> reconcile(Execution execution) throws Throwable {
        return Reconciliation.unknown();
    }

    /**
     * Returns the context that the call is made in: its key is refused if it is held there. Asked once, by the thread
     * that makes the call. Defaults to that thread's.
     */
    default @Nullable IdempotencyContext calledIn() {
        return IdempotencyContext.currentOrNull();
    }
}
