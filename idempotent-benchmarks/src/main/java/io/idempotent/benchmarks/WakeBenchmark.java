package io.idempotent.benchmarks;

import io.idempotent.Fingerprint;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Callers that wait for the first call of their key, and are woken when it ends: how long until the first of them has
 * its answer, until half have, and until all have, and what that comes to for each, of which a report makes how many
 * are woken in a second. Of a fair room, the last waits as much longer than the first as it takes to answer all, and
 * half of them half as much. What JMH tells of a round includes its preparation; what counts is beside it.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 6, time = 1)
@Fork(1)
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does
public class WakeBenchmark {

    private static final Operation<String> PAY = Operation.builder("pay", String.class)
            .waitAtMost(Duration.ofMinutes(1))
            .build();

    /** How many wait. */
    @Param({"1", "8", "63", "500"})
    public int waiters;

    /** In threads of which kind. */
    @Param
    public ThreadKind kind;

    private IdempotencyEngine engine;
    private ExecutorService executor;
    private int round;

    /** Makes an engine. */
    @Setup(Level.Trial)
    public void open() {
        engine = IdempotencyEngine.builder(CaffeineIdempotencyStore.create()).build();
        executor = kind.executor();
    }

    /** Stops. */
    @TearDown(Level.Trial)
    public void close() {
        executor.shutdown();
        engine.close();
    }

    /** One owner and all its waiters. */
    @Benchmark
    public String wake(Times times) throws Exception {
        long begin = System.nanoTime();
        String key = "request-" + ++round;
        List<Future<Long>> ends = new ArrayList<>(waiters);
        AtomicReferenceArray<Thread> threads = new AtomicReferenceArray<>(waiters);
        long[] ended = new long[1];
        String outcome = engine.execute(PAY, key, Fingerprint.none(), () -> {
            for (int waiter = 0; waiter < waiters; waiter++) {
                int number = waiter;
                ends.add(executor.submit(() -> {
                    threads.set(number, Thread.currentThread());
                    var unused = engine.execute(PAY, key, Fingerprint.none(), () -> "never");
                    return System.nanoTime();
                }));
            }
            awaitWaiting(threads);
            ended[0] = System.nanoTime();
            return "receipt";
        });
        List<Long> answered = new ArrayList<>(waiters);
        for (Future<Long> end : ends) {
            answered.add(end.get() - ended[0]);
        }
        answered.sort(null);
        times.add(
                waiters,
                answered.get(0),
                answered.get(waiters / 2),
                answered.get(waiters - 1),
                System.nanoTime() - begin);
        return outcome;
    }

    /** All of them have nothing to do but wait. */
    private static void awaitWaiting(AtomicReferenceArray<Thread> threads) {
        for (int waiter = 0; waiter < threads.length(); waiter++) {
            Thread thread = threads.get(waiter);
            while (thread == null || thread.getState() != Thread.State.TIMED_WAITING) {
                LockSupport.parkNanos(1_000);
                thread = threads.get(waiter);
            }
        }
    }

    /** How long it took. JMH divides the time of all by these counters, which are such that the wanted time is left. */
    @AuxCounters
    @State(Scope.Thread)
    public static class Times {

        private long rounds;
        private long answers;
        private long nanosOfAll;
        private long nanosUntilFirst;
        private long nanosUntilHalf;
        private long nanosUntilLast;

        /** Forgets the last iteration. */
        @Setup(Level.Iteration)
        public void clear() {
            rounds = 0;
            answers = 0;
            nanosOfAll = 0;
            nanosUntilFirst = 0;
            nanosUntilHalf = 0;
            nanosUntilLast = 0;
        }

        void add(int waiters, long first, long half, long last, long all) {
            rounds++;
            answers += waiters;
            nanosUntilFirst += first;
            nanosUntilHalf += half;
            nanosUntilLast += last;
            nanosOfAll += all;
        }

        /** Until the first waiter had its answer. */
        public double untilFirst() {
            return counterFor(rounds, nanosUntilFirst);
        }

        /** Until half of them had. */
        public double untilHalf() {
            return counterFor(rounds, nanosUntilHalf);
        }

        /** Until all had. */
        public double untilLast() {
            return counterFor(rounds, nanosUntilLast);
        }

        /** For each of them, until all had. */
        public double perWaiter() {
            return counterFor(answers, nanosUntilLast);
        }

        private double counterFor(long number, long nanos) {
            return (double) number * nanosOfAll / nanos;
        }
    }
}
