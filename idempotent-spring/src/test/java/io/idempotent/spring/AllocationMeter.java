package io.idempotent.spring;

import com.sun.management.ThreadMXBean;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Mono;

/**
 * Tells how many bytes each kind of call allocates on the Caffeine store. A program, whose JVM is to have no optimizing
 * compiler: what that can leave out depends on all that ran before.
 */
final class AllocationMeter {

    /** Calls of a round: each with a key of its own. */
    private static final int CALLS = 1_000;

    /** The first one resolves the method, compiles its expressions and grows tables. */
    private static final int ROUNDS = 3;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private AllocationMeter() {}

    /**
     * A request, whose copies are equal and not the same. Public, as a type has to be for its expressions to be
     * compiled.
     */
    public record Request(String id, String account, BigDecimal amount) {

        static Request number(int number) {
            return new Request("request-" + number, "account-7", new BigDecimal("12.50"));
        }
    }

    /** Allocates nothing itself. */
    static class Service {

        private static final String RECEIPT = "receipt";

        @Idempotent(key = "#id")
        public String byId(String id) {
            return RECEIPT;
        }

        @Idempotent(key = "#id", fingerprint = Idempotent.NONE)
        public String byIdOnly(String id) {
            return RECEIPT;
        }

        @Idempotent(key = "#id", retry = @Idempotent.Retry(maxRetries = 3, budget = @Idempotent.Budget(tokens = 100)))
        public String byIdRetried(String id) {
            return RECEIPT;
        }

        @Idempotent(key = "#id")
        public CompletableFuture<String> future(String id) {
            return CompletableFuture.completedFuture(RECEIPT);
        }

        @Idempotent(key = "#id")
        public Mono<String> mono(String id) {
            return Mono.just(RECEIPT);
        }

        @Idempotent(key = "#request.id")
        public String byProperty(Request request) {
            return RECEIPT;
        }

        @Idempotent(key = "#request.id", fingerprint = Idempotent.NONE)
        public String byPropertyOnly(Request request) {
            return RECEIPT;
        }

        @Idempotent(key = "{#a, #b}")
        public String byPair(String a, String b) {
            return RECEIPT;
        }

        @Idempotent(key = "{#a, #b}", fingerprint = Idempotent.NONE)
        public String byPairOnly(String a, String b) {
            return RECEIPT;
        }
    }

    /** The library without any setting. */
    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class WithoutListener {

        @Bean
        Service service() {
            return new Service();
        }
    }

    /** The same and a listener that counts. */
    @Configuration(proxyBeanMethods = false)
    static class WithListener extends WithoutListener {

        @Bean
        Counter counter() {
            return new Counter();
        }
    }

    /** Allocates nothing itself. */
    static final class Counter implements IdempotencyListener {

        private final LongAdder completed = new LongAdder();
        private final LongAdder replayed = new LongAdder();

        @Override
        public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
            completed.increment();
        }

        @Override
        public void replayed(IdempotencyKey key, @Nullable String traceId) {
            replayed.increment();
        }
    }

    /** What is called. */
    enum Method {
        ID,
        ID_WITHOUT_FINGERPRINT,
        ID_WITH_RETRY,
        PROPERTY,
        PROPERTY_WITHOUT_FINGERPRINT,
        PAIR,
        PAIR_WITHOUT_FINGERPRINT,
        ID_AS_FUTURE,
        ID_AS_MONO;

        @Nullable
        String call(Service service, Request request) {
            return switch (this) {
                case ID -> service.byId(request.id());
                case ID_WITHOUT_FINGERPRINT -> service.byIdOnly(request.id());
                case ID_WITH_RETRY -> service.byIdRetried(request.id());
                case PROPERTY -> service.byProperty(request);
                case PROPERTY_WITHOUT_FINGERPRINT -> service.byPropertyOnly(request);
                case PAIR -> service.byPair(request.account(), request.id());
                case PAIR_WITHOUT_FINGERPRINT -> service.byPairOnly(request.account(), request.id());
                case ID_AS_FUTURE -> service.future(request.id()).join();
                case ID_AS_MONO -> service.mono(request.id()).block();
            };
        }
    }

    /** Writes the figures into the file that the argument names. */
    public static void main(String[] arguments) throws IOException {
        Properties figures = new Properties();
        measure(WithoutListener.class, "", figures, Method.values());
        measure(WithListener.class, "_WITH_LISTENER", figures, Method.PROPERTY);
        try (OutputStream file = Files.newOutputStream(Path.of(arguments[0]))) {
            figures.store(file, "bytes per call");
        }
    }

    private static void measure(Class<?> configuration, String suffix, Properties figures, Method... methods) {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext(configuration)) {
            Service service = context.getBean(Service.class);
            CaffeineIdempotencyStore store = context.getBean(CaffeineIdempotencyStore.class);
            for (Method method : methods) {
                long first = Long.MAX_VALUE;
                long replay = Long.MAX_VALUE;
                for (int round = 0; round < ROUNDS; round++) {
                    store.clear();
                    first = Math.min(first, allocated(service, method));
                    replay = Math.min(replay, allocated(service, method));
                }
                figures.setProperty("FIRST_EXECUTION_OF_" + method + suffix, Long.toString(first));
                figures.setProperty("REPLAY_OF_" + method + suffix, Long.toString(replay));
            }
        }
    }

    /** The bytes per call. No two rounds bring the same objects. */
    private static long allocated(Service service, Method method) {
        Request[] requests = IntStream.range(0, CALLS).mapToObj(Request::number).toArray(Request[]::new);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (Request request : requests) {
            if (!Service.RECEIPT.equals(method.call(service, request))) {
                throw new IllegalStateException("Another outcome");
            }
        }
        return (THREADS.getCurrentThreadAllocatedBytes() - before) / CALLS;
    }
}
