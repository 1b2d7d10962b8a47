package io.idempotent.spring.interceptor;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Tokens for retries: full at first, emptied by retries, filled by calls that succeed. Safe for use by many threads,
 * without a lock.
 */
final class RetryBudget {

    /** The least part of a token that counts: one of so many. */
    static final int PARTS = 1_000;

    // In parts of tokens.
    private final long capacity;
    private final long gain;
    private final AtomicLong left;

    /**
     * Makes a full budget.
     *
     * @param tokens how many there are at most
     * @param perSuccess how many a call that succeeds gives back
     */
    RetryBudget(int tokens, double perSuccess) {
        this.capacity = (long) tokens * PARTS;
        this.gain = Math.min(capacity, Math.round(perSuccess * PARTS));
        this.left = new AtomicLong(capacity);
    }

    /** Takes a token for a retry, if there is one. */
    boolean take() {
        return left.getAndUpdate(parts -> parts < PARTS ? parts : parts - PARTS) >= PARTS;
    }

    /** Takes note that a call succeeded. Writes nothing as long as the budget is full. */
    void succeeded() {
        if (left.get() < capacity) {
            left.updateAndGet(parts -> Math.min(capacity, parts + gain));
        }
    }

    /** Tells whether another one may be shared with those that want this one. */
    boolean isLike(RetryBudget other) {
        return capacity == other.capacity && gain == other.gain;
    }

    @Override
    public String toString() {
        return capacity / PARTS + " tokens, " + (double) gain / PARTS + " per success";
    }
}
