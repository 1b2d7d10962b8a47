package io.idempotent.benchmarks;

import java.util.List;
import java.util.concurrent.TimeUnit;
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
 * A transaction that writes one row, alone, with a key's row by hand, and by the atomic mode. Round trips to a server
 * vary by more than what is looked for, so all are done in turn, and what JMH tells of beside the three together is the
 * time of each and how much more the atomic mode takes than the others.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 8, time = 2)
@Fork(1)
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does
public class AtomicBenchmark {

    private static final int ALONE = 0;
    private static final int BY_HAND = 1;
    private static final int ATOMIC = 2;
    private static final int WAYS = 3;

    /** Where. */
    @Param({"H2", "POSTGRES", "POSTGRES_WITH_FSYNC", "MARIADB"})
    public Server server;

    private ServerBackend backend;
    private BookedPayments booked;
    private List<Payments> ways;
    private int turn;

    /** Starts the server. */
    @Setup(Level.Trial)
    public void open() {
        backend = server.open();
        booked = new BookedPayments(backend.database().orElseThrow());
        ways = List.of(booked.alone(), booked.byHand(), booked.atomic());
    }

    /** Closes the connections. */
    @TearDown(Level.Trial)
    public void close() {
        booked.close();
        backend.close();
    }

    /** One in each way, each time another first. */
    @Benchmark
    public long pay(Times times) {
        turn++;
        times.begin();
        long receipts = 0;
        for (int next = 0; next < WAYS; next++) {
            receipts += pay(times, (turn + next) % WAYS).number();
        }
        return receipts;
    }

    private Receipt pay(Times times, int way) {
        PaymentRequest request = PaymentRequest.number(turn);
        long begin = System.nanoTime();
        Receipt receipt = ways.get(way).pay(request);
        times.add(way, System.nanoTime() - begin);
        return receipt;
    }

    /**
     * How long each took. JMH divides the time of all by these counters, which are such that the wanted time is left.
     */
    @AuxCounters
    @State(Scope.Thread)
    public static class Times {

        private final long[] nanos = new long[WAYS];
        private long turns;

        /** Forgets the last iteration. */
        @Setup(Level.Iteration)
        public void clear() {
            turns = 0;
            nanos[ALONE] = 0;
            nanos[BY_HAND] = 0;
            nanos[ATOMIC] = 0;
        }

        void begin() {
            turns++;
        }

        void add(int way, long took) {
            nanos[way] += took;
        }

        /** The transaction without anything. */
        public double alone() {
            return counterFor(nanos[ALONE]);
        }

        /** With a key's row by hand. */
        public double byHand() {
            return counterFor(nanos[BY_HAND]);
        }

        /** By the atomic mode. */
        public double atomic() {
            return counterFor(nanos[ATOMIC]);
        }

        /** How much longer by the atomic mode than without anything. */
        public double atomicMoreThanAlone() {
            return counterFor(nanos[ATOMIC] - nanos[ALONE]);
        }

        /** How much longer by the atomic mode than by hand. */
        public double atomicMoreThanByHand() {
            return counterFor(nanos[ATOMIC] - nanos[BY_HAND]);
        }

        private double counterFor(long time) {
            return (double) turns * (nanos[ALONE] + nanos[BY_HAND] + nanos[ATOMIC]) / time;
        }
    }
}
