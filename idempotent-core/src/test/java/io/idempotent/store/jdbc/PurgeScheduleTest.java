package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When the next batch is purged. */
class PurgeScheduleTest {

    private static final Duration INTERVAL = Duration.ofMinutes(5);
    private static final int BATCH_SIZE = 100;

    /** Runs what is due when the test says so. */
    private static final class Turns extends ScheduledThreadPoolExecutor {

        private final List<Duration> pauses = new ArrayList<>();
        private final Deque<Runnable> next = new ArrayDeque<>();

        Turns() {
            super(1);
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            pauses.add(Duration.ofNanos(unit.toNanos(delay)));
            ScheduledFuture<?> scheduled = super.schedule(() -> {}, 0, unit);
            next.add(task);
            return scheduled;
        }

        Duration run() {
            next.remove().run();
            return pauses.get(pauses.size() - 1);
        }
    }

    private final Turns turns = new Turns();
    private final List<String> failures = new ArrayList<>();
    private long nanoseconds;

    @AfterEach
    void stop() {
        turns.shutdownNow();
    }

    private void schedule(Duration batch, Integer... removed) {
        Deque<Integer> answers = new ArrayDeque<>(List.of(removed));
        var unused = new PurgeSchedule(
                atMost -> {
                    assertThat(atMost).isEqualTo(BATCH_SIZE);
                    nanoseconds += batch.toNanos();
                    return answers.remove();
                },
                INTERVAL,
                BATCH_SIZE,
                (what, failure) -> failures.add(what + ": " + failure.getMessage()),
                turns,
                () -> nanoseconds);
    }

    @Test
    void aFullBatchIsFollowedByARestAsLongAsItTookAndTheLastOneByAnInterval() {
        schedule(Duration.ofMillis(20), BATCH_SIZE, BATCH_SIZE, 7, BATCH_SIZE);
        assertThat(turns.run()).isEqualTo(Duration.ofMillis(20));
        assertThat(turns.run()).isEqualTo(Duration.ofMillis(20));
        assertThat(turns.run()).isEqualTo(INTERVAL);
        assertThat(turns.run()).isEqualTo(Duration.ofMillis(20));
        assertThat(failures).isEmpty();
    }

    @Test
    void theFirstBatchComesWithinAnInterval() {
        schedule(Duration.ofMillis(20));
        assertThat(turns.pauses)
                .singleElement()
                .satisfies(pause -> assertThat(pause).isLessThan(INTERVAL).isGreaterThanOrEqualTo(Duration.ZERO));
    }

    @Test
    void aFailureIsToldAndTheNextIntervalComes() {
        var unused = new PurgeSchedule(
                atMost -> {
                    throw new IllegalStateException("no connection");
                },
                INTERVAL,
                BATCH_SIZE,
                (what, failure) -> failures.add(what + ": " + failure.getMessage()),
                turns,
                () -> nanoseconds);
        assertThat(turns.run()).isEqualTo(INTERVAL);
        assertThat(failures)
                .containsExactly(
                        "Purging idempotency records failed; it is tried again at the next interval: no connection");
    }

    @Test
    void aHandlerThatThrowsDoesNotEndTheSchedule() {
        var unused = new PurgeSchedule(
                atMost -> {
                    throw new IllegalStateException("no connection");
                },
                INTERVAL,
                BATCH_SIZE,
                (what, failure) -> {
                    throw new IllegalStateException("a handler's own", failure);
                },
                turns,
                () -> nanoseconds);
        Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> failures.add(failure.getMessage()));
        try {
            assertThat(turns.run()).isEqualTo(INTERVAL);
        } finally {
            Thread.currentThread().setUncaughtExceptionHandler(null);
        }
        assertThat(failures).containsExactly("a handler's own");
    }

    @Test
    void aScheduleThatIsClosedDuringABatchEndsAfterIt() {
        var unused = new PurgeSchedule(
                atMost -> {
                    turns.shutdown();
                    return atMost;
                },
                INTERVAL,
                BATCH_SIZE,
                (what, failure) -> failures.add(what + ": " + failure.getMessage()),
                turns,
                () -> nanoseconds);
        assertThat(turns.run()).isEqualTo(Duration.ZERO);
        assertThat(turns.next).isEmpty();
        assertThat(failures).isEmpty();
    }
}
