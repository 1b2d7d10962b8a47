package io.idempotent.store;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/**
 * The pauses between repeats of one request. Each is twice as long as the one before, up to the longest, and shortened
 * at random by up to a half, so that those who fail together do not come back together.
 *
 * <p>It only says how long to pause; whoever repeats waits, and decides when to give up. For one thread at a time.
 */
public final class Backoff {

    private final long longest;

    private long next;

    private Backoff(long first, long longest) {
        this.next = first;
        this.longest = longest;
    }

    /**
     * Begins the pauses of one request.
     *
     * @param first the first pause, before it is shortened
     * @param longest no pause is longer
     * @throws IllegalArgumentException if the first pause is not positive, or longer than the longest
     */
    public static Backoff of(Duration first, Duration longest) {
        if (first.isNegative() || first.isZero() || first.compareTo(longest) > 0) {
            throw new IllegalArgumentException(
                    "The first pause is " + first + " and the longest " + longest + "; 0 < first <= longest must hold");
        }
        return new Backoff(first.toNanos(), longest.toNanos());
    }

    /** Returns the next pause in nanoseconds: at least half of what is due, and never zero. */
    public long nextNanos() {
        return nextNanos(ThreadLocalRandom.current());
    }

    long nextNanos(RandomGenerator random) {
        long due = next;
        next = due > longest / 2 ? longest : due * 2;
        return due - random.nextLong((due + 1) / 2);
    }
}
