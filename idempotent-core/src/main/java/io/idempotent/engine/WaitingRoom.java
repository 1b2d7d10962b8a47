package io.idempotent.engine;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Bounds how many callers wait at the same time for keys that are in progress: in all, and for each key, so that the
 * duplicates of one call do not keep out those of others. Several engines may share a room.
 * Safe for use by many threads.
 */
public final class WaitingRoom {

    private final int maxWaiters;
    private final int maxWaitersPerKey;
    private final AtomicInteger waiters = new AtomicInteger();
    private final ConcurrentHashMap<IdempotencyKey, Integer> waitersOfKeys = new ConcurrentHashMap<>();

    /**
     * Makes an empty room.
     *
     * @param maxWaiters how many callers may wait at the same time; with zero none waits
     * @param maxWaitersPerKey how many of them may wait for one key
     * @throws IdempotencyConfigurationException if one is negative
     */
    public WaitingRoom(int maxWaiters, int maxWaitersPerKey) {
        this.maxWaiters = notNegative("max-waiters", maxWaiters);
        this.maxWaitersPerKey = notNegative("max-waiters-per-key", maxWaitersPerKey);
    }

    private static int notNegative(String name, int number) {
        if (number < 0) {
            throw new IdempotencyConfigurationException(name + " is " + number, "It has to be zero or more");
        }
        return number;
    }

    /** Takes a place, to be left again; tells whether there was one. */
    boolean enter(IdempotencyKey key) {
        if (waiters.getAndUpdate(number -> Math.min(number + 1, maxWaiters)) >= maxWaiters) {
            return false;
        }
        boolean[] entered = {false};
        waitersOfKeys.compute(key, (same, number) -> {
            int before = number == null ? 0 : number;
            entered[0] = before < maxWaitersPerKey;
            return entered[0] ? Integer.valueOf(before + 1) : number;
        });
        if (!entered[0]) {
            waiters.decrementAndGet();
        }
        return entered[0];
    }

    /** Leaves the place that was taken. */
    void leave(IdempotencyKey key) {
        waitersOfKeys.computeIfPresent(key, (same, number) -> number == 1 ? null : Integer.valueOf(number - 1));
        waiters.decrementAndGet();
    }
}
