package io.idempotent.spring.reactive;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.spring.DurableBackend;
import io.idempotent.spring.interceptor.RecoveringApplication;
import io.idempotent.spring.operation.Recovery.Result;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Work that ends later is finished without its caller, too, in each way to return it. */
@ParameterizedClass(name = "{0} on {1}")
@MethodSource("table")
class AsyncRecoveryTest {

    private static final Map<DurableBackend, RecoveringApplication> APPLICATIONS = new ConcurrentHashMap<>();

    private static final AtomicInteger KEYS = new AtomicInteger();

    private final Way way;
    private final RecoveringApplication application;
    private final Calls calls;
    private final Script script;
    private final String id = "key " + KEYS.incrementAndGet();

    AsyncRecoveryTest(Way way, DurableBackend backend) {
        this.way = way;
        this.application = APPLICATIONS.computeIfAbsent(backend, AsyncRecoveryTest::start);
        this.calls = way.calls(application.context());
        this.script = application.bean(Script.class);
    }

    static Stream<Arguments> table() {
        return DurableBackend.wanted()
                .flatMap(backend -> Stream.of(Way.values()).map(way -> Arguments.of(way, backend)));
    }

    private static RecoveringApplication start(DurableBackend backend) {
        Map<String, Object> properties = new HashMap<>();
        for (Way way : Way.values()) {
            for (String method : List.of("pay", "nothing", "declined", "retried")) {
                properties.put("idempotent.operations." + operation(way, method) + ".recover.after", "1m");
            }
        }
        return RecoveringApplication.start(backend, backend.newAddress(), properties, context -> {
            context.setClassLoader(KotlinCompiler.classes());
            Way.register(context, KotlinCompiler.classes());
        });
    }

    @AfterAll
    static void close() {
        APPLICATIONS.values().forEach(RecoveringApplication::close);
        APPLICATIONS.clear();
    }

    private static String operation(Way way, String method) {
        return way.name().toLowerCase(Locale.ROOT) + "-payments-" + method;
    }

    private IdempotencyKey key(String method) {
        return RecoveringApplication.key(operation(way, method), id);
    }

    private void cutOff(String method, Object argument) {
        application.cutOff(() -> calls.call(method, argument).get(20, SECONDS));
        assertThat(application.store().record(key(method)).isAbandoned()).isTrue();
        assertThat(script.runs(id)).isEqualTo(1);
    }

    @Test
    void theEndIsWaitedFor() throws Exception {
        cutOff("pay", id);
        CompletableFuture<IdempotencyContext> seen = new CompletableFuture<>();
        script.does(id, context -> {
            seen.complete(context);
            return CompletableFuture.supplyAsync(() -> new Receipt(id, 42));
        });
        assertThat(application.recover(key("pay"))).isEqualTo(Result.FINISHED);
        assertThat(seen.get().recovered()).isTrue();
        assertThat(calls.call("pay", id).get(20, SECONDS)).isEqualTo(new Receipt(id, 42));
        assertThat(script.runs(id)).isEqualTo(2);
    }

    @Test
    void whatReturnsNothingEndsAsWell() {
        cutOff("nothing", id);
        assertThat(application.recover(key("nothing"))).isEqualTo(Result.FINISHED);
        assertThat(script.runs(id)).isEqualTo(2);
    }

    @Test
    void aFailureLeavesTheRecordAbandoned() {
        cutOff("pay", id);
        script.does(id, context -> CompletableFuture.failedFuture(new IllegalStateException("still down")));
        assertThat(application.recover(key("pay"))).isEqualTo(Result.NOT_FINISHED);
        assertThat(application.store().record(key("pay")).isAbandoned()).isTrue();
        assertThat(application.store().request(key("pay"))).isNotNull();
    }

    @Test
    void aFinalFailureIsRecorded() {
        cutOff("declined", id);
        script.does(id, context -> CompletableFuture.failedFuture(new Declined("no money")));
        assertThat(application.recover(key("declined"))).isEqualTo(Result.FINISHED);
        assertThat(calls.call("declined", id))
                .failsWithin(Duration.ofSeconds(20))
                .withThrowableOfType(ExecutionException.class)
                .withCauseInstanceOf(Declined.class);
    }

    @Test
    void anInterruptedRecoveryLetsTheCallGoOn() throws Exception {
        cutOff("pay", id);
        CompletableFuture<Object> work = new CompletableFuture<>();
        CountDownLatch begun = new CountDownLatch(1);
        script.does(id, context -> {
            begun.countDown();
            return work;
        });
        CompletableFuture<Result> result = new CompletableFuture<>();
        Thread recovering = new Thread(() -> result.complete(application.recover(key("pay"))));
        recovering.start();
        assertThat(begun.await(20, SECONDS)).isTrue();
        recovering.interrupt();
        assertThat(result.get(20, SECONDS)).isEqualTo(Result.NOT_FINISHED);
        assertThat(application.store().record(key("pay")).isAbandoned()).isFalse();

        work.complete(new Receipt(id, 2));
        await().untilAsserted(() ->
                assertThat(application.store().record(key("pay")).outcome()).isNotNull());
    }

    @Test
    void failedAttemptsAreRepeated() {
        cutOff("retried", id);
        script.does(
                id,
                context -> context.attempt() == 1
                        ? CompletableFuture.failedFuture(new IllegalStateException("not yet"))
                        : CompletableFuture.completedFuture(new Receipt(id, 3)));
        assertThat(application.recover(key("retried"))).isEqualTo(Result.FINISHED);
        assertThat(script.runs(id)).isEqualTo(3);
    }
}
