package io.idempotent.benchmarks;

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
 * A claim and its completion, by a store and by the very same statements by hand, with the same pool. Round trips to a
 * server vary by more than what is looked for, so both are done in turn, and what JMH tells of beside the two together
 * is the time of each and the difference: the store takes {@code 1 + difference / byHand} times as long.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 8, time = 2)
@Fork(1)
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does
public class StoreBenchmark {

    /** Where. */
    @Param
    public Server server;

    private ServerBackend backend;
    private Claimant store;
    private Claimant byHand;
    private int turn;

    /** Starts the server. */
    @Setup(Level.Trial)
    public void open() {
        backend = server.open();
        store = backend.store();
        byHand = backend.byHand();
    }

    /** Closes the connections. */
    @TearDown(Level.Trial)
    public void close() {
        backend.close();
    }

    /** One by hand and one by the store, now this first and now that. */
    @Benchmark
    public long claimAndComplete(Times times) throws Exception {
        boolean storeFirst = ++turn % 2 == 0;
        String value = "request-" + turn;
        long begin = System.nanoTime();
        long token = (storeFirst ? store : byHand).claimAndComplete(value + "-a");
        long middle = System.nanoTime();
        token ^= (storeFirst ? byHand : store).claimAndComplete(value + "-b");
        long end = System.nanoTime();
        times.add(storeFirst ? end - middle : middle - begin, storeFirst ? middle - begin : end - middle);
        return token;
    }

    /**
     * How long each took. JMH divides the time of both by these counters, which are such that the wanted time is left.
     */
    @AuxCounters
    @State(Scope.Thread)
    public static class Times {

        private long calls;
        private long nanosByHand;
        private long nanosOfStore;

        /** Forgets the last iteration. */
        @Setup(Level.Iteration)
        public void clear() {
            calls = 0;
            nanosByHand = 0;
            nanosOfStore = 0;
        }

        void add(long byHand, long store) {
            calls++;
            nanosByHand += byHand;
            nanosOfStore += store;
        }

        /** One by hand. */
        public double byHand() {
            return counterFor(nanosByHand);
        }

        /** One by the store. */
        public double store() {
            return counterFor(nanosOfStore);
        }

        /** How much longer one by the store takes. */
        public double difference() {
            return counterFor(nanosOfStore - nanosByHand);
        }

        private double counterFor(long nanos) {
            return (double) calls * (nanosByHand + nanosOfStore) / nanos;
        }
    }
}
