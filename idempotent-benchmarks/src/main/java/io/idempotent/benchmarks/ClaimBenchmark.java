package io.idempotent.benchmarks;

import io.idempotent.store.ClaimResult;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** A claim, where there are few records and where there are many: as many after each iteration as before. */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 100)
@Measurement(iterations = 200)
@Fork(3)
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does
public class ClaimBenchmark {

    private static final int CLAIMS = 100;

    /** Where. */
    @Param({"H2", "POSTGRES", "MARIADB", "REDIS"})
    public Server server;

    /** How many records there are. */
    @Param({"1000", "1000000"})
    public int records;

    private final List<String> values = new ArrayList<>();
    private Backend backend;
    private int iteration;

    /** Starts the server and fills it. */
    @Setup(Level.Trial)
    public void open() throws Exception {
        backend = server.open();
        backend.fill(records);
    }

    /** Closes the connections. */
    @TearDown(Level.Trial)
    public void close() {
        backend.close();
    }

    /** Thinks of new keys. */
    @Setup(Level.Iteration)
    public void nameKeys() {
        iteration++;
        for (int number = 0; number < CLAIMS; number++) {
            values.add("request-" + iteration + "-" + number);
        }
    }

    /** Removes them. */
    @TearDown(Level.Iteration)
    public void removeKeys() throws Exception {
        backend.remove(values);
        values.clear();
    }

    /** Of a key that is free. */
    @Benchmark
    @OperationsPerInvocation(CLAIMS)
    public ClaimResult claim() {
        ClaimResult last = backend.store().claim(values.get(0));
        for (int number = 1; number < CLAIMS; number++) {
            last = backend.store().claim(values.get(number));
        }
        return last;
    }

    /** Of a key that is completed, any of them. */
    @Benchmark
    @OperationsPerInvocation(CLAIMS)
    public ClaimResult replay() {
        ClaimResult last = backend.store().claim(anyCompleted());
        for (int number = 1; number < CLAIMS; number++) {
            last = backend.store().claim(anyCompleted());
        }
        return last;
    }

    private String anyCompleted() {
        return Integer.toString(ThreadLocalRandom.current().nextInt(1, records + 1));
    }
}
