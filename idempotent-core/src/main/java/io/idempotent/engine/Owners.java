package io.idempotent.engine;

import io.idempotent.IdempotencyKey;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Who runs in this JVM, so that waiters are woken and closing waits. Safe for use by many threads. */
final class Owners {

    // Of two executions of one key, the one that claimed last.
    private final ConcurrentHashMap<IdempotencyKey, Execution> owners = new ConcurrentHashMap<>();
    private final Pacing pacing;
    private volatile boolean closed;

    Owners(Pacing pacing) {
        this.pacing = pacing;
    }

    /**
     * Refuses a call to a closed engine.
     *
     * @throws IllegalStateException if the engine is closed
     */
    void requireOpen(IdempotencyKey key) {
        if (closed) {
            throw new IllegalStateException("The engine is closed; '" + key + "' was not run");
        }
    }

    /**
     * Adds an execution that has claimed its key. {@link #close} sees it from now on, or was called before.
     *
     * @throws IllegalStateException if the engine is closed; the execution is added all the same
     */
    void join(Execution execution) {
        owners.merge(execution.key(), execution, Owners::successor);
        requireOpen(execution.key());
    }

    /**
     * Adds an execution if nobody in this JVM has its key.
     *
     * @return who has it; null if the execution was added
     */
    @Nullable
    Execution joinIfFree(Execution execution) {
        return owners.putIfAbsent(execution.key(), execution);
    }

    /** Returns who has a key in this JVM, or null. */
    @Nullable
    Execution find(IdempotencyKey key) {
        return owners.get(key);
    }

    /** Removes an execution that has ended, and wakes those that wait for it. */
    void leave(Execution execution) {
        owners.remove(execution.key(), execution);
        execution.wake();
    }

    /**
     * Waits until an execution has ended, whatever its end.
     *
     * @param nanos how long to wait at most
     * @return whether it has ended
     */
    boolean await(Execution owner, long nanos) throws InterruptedException {
        return pacing.awaitEnd(owner, nanos);
    }

    /** Refuses further executions. */
    void close() {
        closed = true;
    }

    /**
     * Waits until all that run now have ended. An interrupt ends the wait, and the flag stays set.
     *
     * @return whether they have ended
     */
    boolean awaitIdle(Duration atMost) {
        long deadline = System.nanoTime() + Nanos.of(atMost);
        for (Execution execution : List.copyOf(owners.values())) {
            try {
                if (!execution.awaitEnd(deadline - System.nanoTime())) {
                    return false;
                }
            } catch (InterruptedException interruption) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    /**
     * Returns the execution that claimed later. The lease of the other was over, or the key had not been claimed again.
     */
    private static Execution successor(Execution one, Execution other) {
        boolean inOrder = one.fencingToken() < other.fencingToken();
        (inOrder ? one : other).superseded();
        return inOrder ? other : one;
    }
}
