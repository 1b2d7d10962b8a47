package io.idempotent.engine;

import java.time.Duration;

/** Durations in nanoseconds that can be added to a ticker's reading without overflow. */
final class Nanos {

    // About 146 years: half of what a long can hold, so that sums and differences stay in range.
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 2);

    private Nanos() {}

    static long of(Duration duration) {
        return duration.compareTo(LONGEST) > 0 ? LONGEST.toNanos() : duration.toNanos();
    }
}
