package io.idempotent.spring.observation;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.micrometer.observation.Observation;
import java.lang.ref.WeakReference;
import org.jspecify.annotations.Nullable;

/** What is known of an observed call. All but its operation and store becomes known while it is observed. */
public final class IdempotencyObservationContext extends Observation.Context {

    private final String operation;
    private final String store;
    private volatile @Nullable IdempotencyKey key;
    private volatile @Nullable IdempotencyContext execution;
    private volatile @Nullable WeakReference<IdempotencyContext> pending;
    private volatile @Nullable CallOutcome outcome;
    private volatile @Nullable String firstTraceId;

    IdempotencyObservationContext(String operation, String store) {
        this.operation = operation;
        this.store = store;
    }

    /** Returns the operation's name. */
    public String operation() {
        return operation;
    }

    /** Returns the name of the store's bean, without {@code IdempotencyStore}. */
    public String store() {
        return store;
    }

    /** Returns the call's key; null before the store is asked for it, and if it is not acceptable. */
    public @Nullable IdempotencyKey key() {
        return key;
    }

    /** Returns the execution; null if the key is not claimed by this call. */
    public @Nullable IdempotencyContext execution() {
        IdempotencyContext running = execution;
        WeakReference<IdempotencyContext> waiting = pending;
        return running != null || waiting == null ? running : waiting.get();
    }

    /** Returns what became of the call; null before it is known. */
    public @Nullable CallOutcome outcome() {
        return outcome;
    }

    /** Returns the trace in which the outcome was made that the call got; null if it is no replay, or not recorded. */
    public @Nullable String firstTraceId() {
        return firstTraceId;
    }

    void key(IdempotencyKey known) {
        key = known;
    }

    void execution(IdempotencyContext claimed) {
        key = claimed.key();
        execution = claimed;
    }

    /** Holds the execution no longer than its transaction does, which is to tell its end. */
    void pend() {
        IdempotencyContext running = execution;
        if (running != null) {
            pending = new WeakReference<>(running);
            execution = null;
        }
    }

    void outcome(CallOutcome known) {
        outcome = known;
    }

    void firstTraceId(@Nullable String traceId) {
        firstTraceId = traceId;
    }
}
