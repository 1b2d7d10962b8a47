package io.idempotent.benchmarks;

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

/** A call whose key is new: it is claimed, the method runs, and its outcome is recorded. Half full at most. */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 30)
@Measurement(iterations = 30)
@Fork(
        value = 2,
        jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch"})
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does
public class FirstExecutionBenchmark {

    private static final int REQUESTS = 50_000;

    private final PaymentRequest[] requests = new PaymentRequest[REQUESTS];
    /** How. */
    @Param
    public Way way;

    private Contestant contestant;

    /** Opens a context. */
    @Setup(Level.Trial)
    public void open() {
        contestant = way.open();
    }

    /** Makes every key new. */
    @Setup(Level.Iteration)
    public void clear() {
        for (int number = 0; number < REQUESTS; number++) {
            requests[number] = PaymentRequest.number(number);
        }
        contestant.clear();
    }

    /** Closes the context. */
    @TearDown(Level.Trial)
    public void close() {
        contestant.close();
    }

    /** A call of a new key. */
    @Benchmark
    @OperationsPerInvocation(REQUESTS)
    public Receipt firstExecution() {
        Payments payments = contestant.payments();
        Receipt last = payments.pay(requests[0]);
        for (int number = 1; number < REQUESTS; number++) {
            last = payments.pay(requests[number]);
        }
        return last;
    }
}
