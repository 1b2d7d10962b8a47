package io.idempotent.benchmarks;

import io.idempotent.benchmarks.Contestants.Annotated;
import io.idempotent.benchmarks.Contestants.AnnotatedConfiguration;
import io.idempotent.benchmarks.Contestants.Bare;
import io.idempotent.benchmarks.Contestants.Cached;
import io.idempotent.benchmarks.Contestants.CachedConfiguration;
import io.idempotent.benchmarks.Contestants.HandWritten;
import io.idempotent.benchmarks.Contestants.ProxiedConfiguration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * A call whose key is completed. Each call brings a request of its own that equals the first one, as a repeated message does.
 * The heap has its size from the start: while it grows, the kernel clearing its pages is what is measured.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 8, time = 1)
@Fork(
        value = 5,
        jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch"})
@State(Scope.Thread)
public class ReplayBenchmark {

    private static final int REQUESTS = 1_024;

    private final PaymentRequest[] requests = new PaymentRequest[REQUESTS];
    private final AnnotationConfigApplicationContext[] contexts = {
        new AnnotationConfigApplicationContext(ProxiedConfiguration.class),
        new AnnotationConfigApplicationContext(CachedConfiguration.class),
        new AnnotationConfigApplicationContext(AnnotatedConfiguration.class)
    };
    private final Payments proxied = contexts[0].getBean(Bare.class);
    private final Payments cached = contexts[1].getBean(Cached.class);
    private final Payments annotated = contexts[2].getBean(Annotated.class);
    private final Payments handWritten = new HandWritten();
    private int next;

    /** Makes every key completed. */
    @Setup(Level.Trial)
    public void complete() {
        for (int number = 0; number < REQUESTS; number++) {
            PaymentRequest first = PaymentRequest.number(number);
            cached.pay(first);
            annotated.pay(first);
            handWritten.pay(first);
            requests[number] = PaymentRequest.number(number);
        }
    }

    /** Closes the contexts. */
    @TearDown(Level.Trial)
    public void close() {
        for (AnnotationConfigApplicationContext context : contexts) {
            context.close();
        }
    }

    /** A proxy that does nothing. */
    @Benchmark
    public Receipt proxyThatDoesNothing() {
        return proxied.pay(request());
    }

    /** A look-up by hand. */
    @Benchmark
    public Receipt handWritten() {
        return handWritten.pay(request());
    }

    /** Spring's cache. */
    @Benchmark
    public Receipt cacheable() {
        return cached.pay(request());
    }

    /** This library. */
    @Benchmark
    public Receipt idempotent() {
        return annotated.pay(request());
    }

    private PaymentRequest request() {
        next = (next + 1) & (REQUESTS - 1);
        return requests[next];
    }
}
