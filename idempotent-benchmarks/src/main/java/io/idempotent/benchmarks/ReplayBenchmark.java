package io.idempotent.benchmarks;

import java.util.concurrent.TimeUnit;
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
 * A call whose key is completed. Each call brings a request of its own that equals the first one, as a repeated message
 * does. The heap has its size from the start: while it grows, the kernel clearing its pages is what is measured.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 2,
        jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch"})
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does
public class ReplayBenchmark {

    private static final int REQUESTS = 1_024;

    private final PaymentRequest[] requests = new PaymentRequest[REQUESTS];
    /** How. */
    @Param({
        "PLAIN_CALL",
        "PROXY_THAT_DOES_NOTHING",
        "RETRYABLE",
        "HAND_WRITTEN",
        "CACHEABLE",
        "SPRING_INTEGRATION",
        "IDEMPOTENT",
        "IDEMPOTENT_BY_ID",
        "IDEMPOTENT_BY_PAIR",
        "IDEMPOTENT_WITHOUT_FINGERPRINT",
        "IDEMPOTENT_FUTURE",
        "IDEMPOTENT_MONO",
        "IDEMPOTENT_WITH_LISTENER",
        "IDEMPOTENT_WITH_METRICS",
        "IDEMPOTENT_OBSERVED_BY_NO_OP",
        "IDEMPOTENT_OBSERVED"
    })
    public Way way;

    private Contestant contestant;
    private int next;

    /** Makes every key completed. */
    @Setup(Level.Trial)
    public void complete() {
        contestant = way.open();
        for (int number = 0; number < REQUESTS; number++) {
            contestant.payments().pay(PaymentRequest.number(number));
            requests[number] = PaymentRequest.number(number);
        }
    }

    /** Closes the context. */
    @TearDown(Level.Trial)
    public void close() {
        contestant.close();
    }

    /** A call of a completed key; of what keeps no records, one that runs again. */
    @Benchmark
    public Receipt replay() {
        return contestant.payments().pay(request());
    }

    private PaymentRequest request() {
        next = (next + 1) & (REQUESTS - 1);
        return requests[next];
    }
}
