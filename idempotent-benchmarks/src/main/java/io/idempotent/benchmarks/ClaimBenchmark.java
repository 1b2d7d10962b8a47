package io.idempotent.benchmarks;

import io.idempotent.store.Claim;
import io.idempotent.store.ClaimResult;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
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
import org.openjdk.jmh.infra.BenchmarkParams;

/**
 * A claim, where there are few records and where there are many, up to ten million: as many after each iteration as
 * before. Keys are of 36 characters, and are claimed all over their range, as random ones are.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 300)
@Measurement(iterations = 200)
@Fork(value = 1, jvmArgsAppend = ClaimBenchmark.HEAP)
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does
public class ClaimBenchmark {

    private static final int CLAIMS = 100;

    /** Room for ten million records. */
    static final String HEAP = "-Xmx14g";

    /** Where. */
    @Param({"CAFFEINE", "POSTGRES_WITH_4_GB", "POSTGRES", "REDIS"})
    public Keeper keeper;

    /** How many records there are. */
    @Param({"1000", "1000000", "10000000"})
    public int records;

    private final String[] values = new String[CLAIMS];
    private final ClaimResult[] results = new ClaimResult[CLAIMS];
    private Backend backend;
    private int lastNumber;

    /** Starts the server and fills it. */
    @Setup(Level.Trial)
    public void open() throws Exception {
        backend = keeper.open();
        backend.fill(records);
        lastNumber = records;
    }

    /** Closes the connections. */
    @TearDown(Level.Trial)
    public void close() {
        backend.close();
    }

    /** Thinks of keys. */
    @Setup(Level.Iteration)
    public void nameKeys(BenchmarkParams benchmark) {
        boolean free = benchmark.getBenchmark().endsWith(".claim");
        for (int index = 0; index < CLAIMS; index++) {
            values[index] = StoreClaimant.value(
                    free ? ++lastNumber : ThreadLocalRandom.current().nextInt(1, records + 1));
        }
    }

    /** Removes what was claimed. */
    @TearDown(Level.Iteration)
    public void removeClaims() throws Exception {
        List<Claim> claims = Stream.of(results)
                .filter(ClaimResult.Claimed.class::isInstance)
                .map(result -> ((ClaimResult.Claimed) result).claim())
                .toList();
        if (!claims.isEmpty()) {
            backend.remove(claims);
        }
    }

    /** Of keys that are free. */
    @Benchmark
    @OperationsPerInvocation(CLAIMS)
    public ClaimResult[] claim() {
        return claimAll();
    }

    /** Of keys that are completed, any of them. */
    @Benchmark
    @OperationsPerInvocation(CLAIMS)
    public ClaimResult[] replay() {
        return claimAll();
    }

    private ClaimResult[] claimAll() {
        for (int index = 0; index < CLAIMS; index++) {
            results[index] = backend.store().claim(values[index]);
        }
        return results;
    }
}
