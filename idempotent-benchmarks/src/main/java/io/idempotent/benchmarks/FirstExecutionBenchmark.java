package io.idempotent.benchmarks;

import io.idempotent.benchmarks.Contestants.Annotated;
import io.idempotent.benchmarks.Contestants.AnnotatedConfiguration;
import io.idempotent.benchmarks.Contestants.Cached;
import io.idempotent.benchmarks.Contestants.CachedConfiguration;
import io.idempotent.benchmarks.Contestants.HandWritten;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.springframework.cache.CacheManager;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** A call whose key is new: it is claimed, the method runs, and its outcome is recorded. Half full at most. */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 30)
@Measurement(iterations = 30)
@Fork(
        value = 3,
        jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch"})
@State(Scope.Thread)
public class FirstExecutionBenchmark {

    private static final int REQUESTS = 50_000;

    private final PaymentRequest[] requests = new PaymentRequest[REQUESTS];
    private final AnnotationConfigApplicationContext[] contexts = {
        new AnnotationConfigApplicationContext(CachedConfiguration.class),
        new AnnotationConfigApplicationContext(AnnotatedConfiguration.class)
    };
    private final Payments cached = contexts[0].getBean(Cached.class);
    private final Payments annotated = contexts[1].getBean(Annotated.class);
    private final HandWritten handWritten = new HandWritten();

    /** Makes every key new. */
    @Setup(Level.Iteration)
    public void clear() {
        for (int number = 0; number < REQUESTS; number++) {
            requests[number] = PaymentRequest.number(number);
        }
        handWritten.clear();
        contexts[0].getBean(CacheManager.class).resetCaches();
        contexts[1].getBean(CaffeineIdempotencyStore.class).clear();
    }

    /** Closes the contexts. */
    @TearDown(Level.Trial)
    public void close() {
        for (AnnotationConfigApplicationContext context : contexts) {
            context.close();
        }
    }

    /** By hand. */
    @Benchmark
    @OperationsPerInvocation(REQUESTS)
    public Receipt handWritten() {
        return all(handWritten);
    }

    /** By Spring's cache. */
    @Benchmark
    @OperationsPerInvocation(REQUESTS)
    public Receipt cacheable() {
        return all(cached);
    }

    /** By this library. */
    @Benchmark
    @OperationsPerInvocation(REQUESTS)
    public Receipt idempotent() {
        return all(annotated);
    }

    private Receipt all(Payments payments) {
        Receipt last = payments.pay(requests[0]);
        for (int number = 1; number < REQUESTS; number++) {
            last = payments.pay(requests[number]);
        }
        return last;
    }
}
