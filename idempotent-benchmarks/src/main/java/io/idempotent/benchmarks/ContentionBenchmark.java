package io.idempotent.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
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
 * Calls by several threads at once, on one key or on many: the same number of calls, however many threads share them.
 * The time is the wall's, divided by all calls: with no contention and enough processors, twice the threads take half
 * of it.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 10)
@Measurement(iterations = 15)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch"})
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does
public class ContentionBenchmark {

    /** What every number of threads divides, and twice of which is kept. */
    private static final int KEYS = 32 * 1_024;

    /** So many that starting threads does not count. */
    private static final int REPLAYS = 16 * KEYS;

    /** How. */
    @Param({"HAND_WRITTEN", "CACHEABLE", "IDEMPOTENT"})
    public Way way;

    /** How many threads. */
    @Param({"1", "8", "64"})
    public int threads;

    /** Of which kind. */
    @Param
    public ThreadKind kind;

    private final PaymentRequest[] completed = new PaymentRequest[KEYS];
    private final PaymentRequest[] unknown = new PaymentRequest[KEYS];
    private Contestant contestant;
    private ExecutorService executor;

    /** Opens a context. */
    @Setup(Level.Trial)
    public void open() {
        contestant = way.open();
        executor = kind.executor();
    }

    /** Makes half of the keys completed and half of them new. */
    @Setup(Level.Iteration)
    public void complete() {
        contestant.clear();
        for (int number = 0; number < KEYS; number++) {
            contestant.payments().pay(PaymentRequest.number(number));
            completed[number] = PaymentRequest.number(number);
            unknown[number] = PaymentRequest.number(KEYS + number);
        }
    }

    /** Stops. */
    @TearDown(Level.Trial)
    public void close() {
        executor.shutdown();
        contestant.close();
    }

    /** All calls have one key, which is completed. */
    @Benchmark
    @OperationsPerInvocation(REPLAYS)
    public Receipt replayOfOneKey() throws Exception {
        return all(REPLAYS, number -> completed[0]);
    }

    /** Each call of a thread has another key, which is completed. */
    @Benchmark
    @OperationsPerInvocation(REPLAYS)
    public Receipt replayOfManyKeys() throws Exception {
        return all(REPLAYS, number -> completed[number % KEYS]);
    }

    /** Each call has a key of its own, which is new. */
    @Benchmark
    @OperationsPerInvocation(KEYS)
    public Receipt firstExecutionOfManyKeys() throws Exception {
        return all(KEYS, number -> unknown[number]);
    }

    private Receipt all(int calls, IntFunction<PaymentRequest> requests) throws Exception {
        Payments payments = contestant.payments();
        int share = calls / threads;
        List<Callable<Receipt>> tasks = new ArrayList<>(threads);
        for (int thread = 0; thread < threads; thread++) {
            int begin = thread * share;
            tasks.add(() -> {
                Receipt last = payments.pay(requests.apply(begin));
                for (int number = begin + 1; number < begin + share; number++) {
                    last = payments.pay(requests.apply(number));
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
