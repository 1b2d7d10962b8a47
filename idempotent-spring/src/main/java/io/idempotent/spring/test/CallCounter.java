package io.idempotent.spring.test;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Reconciliation;
import io.idempotent.engine.IdempotencyListener;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Counts what became of the calls of each operation; as a bean it is told by the library. Safe for use by many threads.
 */
public final class CallCounter implements IdempotencyListener {

    private final Map<String, LongAdder> executions = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> replays = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> refusals = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> unprotected = new ConcurrentHashMap<>();

    /** Makes a counter that has counted nothing. */
    public CallCounter() {}

    /**
     * How often the operation was claimed to be run, whatever became of it, and was not found to have run before; its
     * retries are not counted.
     */
    public long executions(String operation) {
        return count(executions, operation);
    }

    /** How many calls were answered by a recorded outcome. */
    public long replays(String operation) {
        return count(replays, operation);
    }

    /** How often the operation ran unprotected, since the store failed. */
    public long unprotected(String operation) {
        return count(unprotected, operation);
    }

    /** How many calls were refused and ran nothing, but for those without an acceptable key. */
    public long refusals(String operation) {
        return count(refusals, operation);
    }

    /** Begins to count anew. */
    public void reset() {
        executions.clear();
        replays.clear();
        refusals.clear();
        unprotected.clear();
    }

    @Override
    public void claimed(IdempotencyContext context) {
        add(executions, context.key());
    }

    @Override
    public void reconciled(IdempotencyContext context, Reconciliation<?> found) {
        LongAdder counted = executions.get(context.key().operation());
        if (counted != null && !(found instanceof Reconciliation.NotDone)) {
            counted.decrement();
        }
    }

    @Override
    public void replayed(IdempotencyKey key, @Nullable String traceId) {
        add(replays, key);
    }

    @Override
    public void refused(IdempotencyKey key, IdempotencyException refusal) {
        add(refusals, key);
    }

    @Override
    public void unprotected(IdempotencyKey key, IdempotencyStoreException failure) {
        add(unprotected, key);
    }

    private static void add(Map<String, LongAdder> counts, IdempotencyKey key) {
        counts.computeIfAbsent(key.operation(), operation -> new LongAdder()).increment();
    }

    private static long count(Map<String, LongAdder> counts, String operation) {
        LongAdder count = counts.get(operation);
        return count == null ? 0 : count.sum();
    }
}
