package io.idempotent.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
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

/**
 * Calls by several threads at once, on one key or on many: the same number of calls, however many threads share them. The
 * time is the wall's, divided by all calls: with no contention and enough processors, twice the threads take half of it.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 30)
@Measurement(iterations = 30)
@Fork(
        value = 3,
        jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch"})
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does
public class ContentionBenchmark {

    /** What every number of threads divides. */
    private static final int CALLS = 64 * 1_024;

    /** How. */
    @Param({"HAND_WRITTEN", "CACHEABLE", "IDEMPOTENT"})
    public Way way;

    /** How many threads. */
    @Param({"1", "2", "4", "8", "16", "32", "64"})
    public int threads;

    /** Of which kind. */
    @Param
    public ThreadKind kind;

    private final PaymentRequest[] requests = new PaymentRequest[CALLS];
    private Contestant contestant;
    private ExecutorService executor;

    /** Opens a context. */
    @Setup(Level.Trial)
    public void open() {
        contestant = way.open();
        executor = kind.executor();
    }

    /** Makes every key new, but for the first, and every request another than before. */
    @Setup(Level.Iteration)
    public void clear() {
        contestant.clear();
        for (int number = 0; number < CALLS; number++) {
            requests[number] = PaymentRequest.number(number);
        }
        contestant.payments().pay(PaymentRequest.number(0));
    }

    /** Stops. */
    @TearDown(Level.Trial)
    public void close() {
        executor.shutdown();
        contestant.close();
    }

    /** All calls have one key, which is completed. */
    @Benchmark
    @OperationsPerInvocation(CALLS)
    public Receipt replayOfOneKey() throws Exception {
        return all(0);
    }

    /** Each call has a key of its own, which is new. */
    @Benchmark
    @OperationsPerInvocation(CALLS)
    public Receipt firstExecutionOfManyKeys() throws Exception {
        return all(1);
    }

    private Receipt all(int step) throws Exception {
        Payments payments = contestant.payments();
        int share = CALLS / threads;
        List<Callable<Receipt>> tasks = new ArrayList<>(threads);
        for (int thread = 0; thread < threads; thread++) {
            int begin = thread * share;
            tasks.add(() -> {
                Receipt last = payments.pay(requests[step * begin]);
                for (int number = begin + 1; number < begin + share; number++) {
                    last = payments.pay(requests[step * number]);
                }
                return last;
            });
        }
        List<Future<Receipt>> shares = executor.invokeAll(tasks);
        Receipt last = shares.get(0).get();
        for (Future<Receipt> each : shares) {
            last = each.get();
        }
        return last;
    }
}
