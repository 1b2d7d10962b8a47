package io.idempotent.store.caffeine;

import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;

/**
 * The store's own clock. It counts nanoseconds since the store was made, by a ticker, and tells the moments of the
 * calendar that they stand for, by one look at another clock when the store was made. Safe for use by many threads.
 */
final class StoreClock {

    /** A moment that never comes. */
    static final long NEVER = Long.MAX_VALUE;

    private final Ticker ticker;
    private final long start;
    private final Instant anchor;
    private final long anchorMicroseconds;

    /**
     * Begins at zero.
     *
     * @param now the moment of the calendar that zero stands for
     * @throws IllegalArgumentException if it is too far from 1970 to be counted in microseconds
     */
    StoreClock(Ticker ticker, Instant now) {
        this.ticker = ticker;
        this.start = ticker.read();
        // Whole microseconds, so that tokens follow the very clock that the records show.
        this.anchor = now.truncatedTo(ChronoUnit.MICROS);
        try {
            this.anchorMicroseconds = ChronoUnit.MICROS.between(Instant.EPOCH, anchor);
        } catch (ArithmeticException overflow) {
            throw new IllegalArgumentException(
                    "The clock says " + now + ", too far from 1970 to be counted in microseconds", overflow);
        }
    }

    /** How many nanoseconds have passed. */
    long read() {
        return ticker.read() - start;
    }

    /** The moment of the calendar at which so many nanoseconds have passed. */
    Instant at(long nanoseconds) {
        return anchor.plusNanos(nanoseconds);
    }

    /** The clock in microseconds since 1970 at which so many nanoseconds have passed. */
    long microsecondsAt(long nanoseconds) {
        return anchorMicroseconds + nanoseconds / 1_000;
    }

    /** When the duration, begun at the given moment, is over; {@link #NEVER} if that is over 292 years away. */
    static long after(long now, Duration duration) {
        return plus(now, TimeUnit.NANOSECONDS.convert(duration));
    }

    /** The sum of two numbers that are not negative; {@link #NEVER} where it overflows. */
    static long plus(long moment, long nanoseconds) {
        long sum = moment + nanoseconds;
        return sum < 0 ? NEVER : sum;
    }
}
