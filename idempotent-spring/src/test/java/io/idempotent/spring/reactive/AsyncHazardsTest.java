package io.idempotent.spring.reactive;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.KeyInLog;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Maybe;
import io.reactivex.rxjava3.core.Single;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.aspectj.lang.annotation.Aspect;
import org.aspectj.lang.annotation.Before;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.EnableAspectJAutoProxy;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** What else is decided of methods that end later. None of it depends on the store, which is the one in memory. */
class AsyncHazardsTest {

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableAsync
    @EnableAspectJAutoProxy
    static class Application {}

    /** What the payments do and did; not a part of them, which are called by their proxy. */
    static final class Work {

        final AtomicInteger runs = new AtomicInteger();
        final List<String> seen = new CopyOnWriteArrayList<>();
        volatile Supplier<CompletableFuture<String>> next =
                () -> CompletableFuture.completedFuture("receipt " + runs.get());
    }

    static class Payments {

        private final Work work;

        Payments(Work work) {
            this.work = work;
        }

        @Idempotent(key = "#id", waitAtMost = "60s")
        public Mono<String> pay(String id) {
            return Mono.fromFuture(() -> {
                work.runs.incrementAndGet();
                return work.next.get();
            });
        }

        @Idempotent(key = "#id", waitAtMost = "60s")
        public CompletableFuture<String> payAtOnce(String id) {
            work.runs.incrementAndGet();
            return work.next.get();
        }

        @Idempotent(key = "#id", scope = "#id.length() > 3 ? null : 'all'")
        public Mono<String> scoped(String id) {
            return pay(id);
        }

        @Idempotent(key = "#id", fingerprint = "#id.substring(3)")
        public CompletableFuture<String> compared(String id) {
            return work.next.get();
        }

        @Idempotent(key = "#id")
        public CompletableFuture<String> logs(String id) {
            work.seen.add(
                    MDC.get(KeyInLog.KEY) + " in " + Thread.currentThread().getName());
            return CompletableFuture.completedFuture(id);
        }

        @Async
        @Idempotent(key = "#id")
        public CompletableFuture<String> onAnotherThread(String id) {
            return CompletableFuture.supplyAsync(() -> "receipt " + work.runs.incrementAndGet());
        }

        @Idempotent(key = "#id")
        public Single<String> single(String id) {
            return Single.fromCallable(() -> "receipt " + work.runs.incrementAndGet());
        }

        @Idempotent(key = "#id")
        public Maybe<String> maybe(String id) {
            return Maybe.fromAction(work.runs::incrementAndGet);
        }

        @Idempotent(key = "#id")
        public Completable completable(String id) {
            return Completable.fromAction(work.runs::incrementAndGet);
        }

        @Idempotent(key = "#id")
        public Uni<String> uni(String id) {
            return Uni.createFrom().item(() -> "receipt " + work.runs.incrementAndGet());
        }
    }

    abstract static class Base<T> {

        final AtomicInteger runs = new AtomicInteger();

        @Idempotent(key = "#id")
        public CompletableFuture<T> future(String id) {
            return CompletableFuture.completedFuture(made(id, runs.incrementAndGet()));
        }

        @Idempotent(key = "#id")
        public Mono<List<T>> mono(String id) {
            return Mono.fromSupplier(() -> List.of(made(id, runs.incrementAndGet())));
        }

        abstract T made(String id, int run);
    }

    static class Receipts extends Base<Receipt> {

        @Override
        Receipt made(String id, int run) {
            return new Receipt(id, run);
        }
    }

    @Aspect
    static class Watching {

        final AtomicInteger calls = new AtomicInteger();

        @Before("execution(* io.idempotent.spring.reactive.AsyncHazardsTest.Payments.*(..)) && args(id)")
        public void before(String id) {
            calls.incrementAndGet();
        }
    }

    private static void with(
            List<Class<?>> beans, Consumer<AnnotationConfigApplicationContext> use, String... settings) {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            TestPropertyValues.of(settings).applyTo(context);
            context.registerBean(
                    "store",
                    CaffeineIdempotencyStore.class,
                    () -> CaffeineIdempotencyStore.builder().build());
            context.register(Application.class, Work.class);
            context.register(beans.toArray(Class<?>[]::new));
            context.refresh();
            use.accept(context);
        }
    }

    private static void withPayments(BiConsumer<Payments, Work> use, String... settings) {
        with(
                List.of(Payments.class),
                context -> use.accept(context.getBean(Payments.class), context.getBean(Work.class)),
                settings);
    }

    @Test
    void aSecondSubscriptionIsACallOfItsOwn() {
        withPayments((payments, work) -> {
            work.next = () -> CompletableFuture.failedFuture(new Uncertain("no"));
            Mono<String> mono = payments.pay("a");
            assertThatThrownBy(mono::block).isInstanceOf(Uncertain.class);
            work.next = () -> CompletableFuture.completedFuture("receipt " + work.runs);
            assertThat(mono.block()).isEqualTo("receipt 2");
            assertThat(mono.block()).isEqualTo("receipt 2");
        });
    }

    @Test
    void aThousandDuplicatesAreAnsweredByOneRun() throws Exception {
        withPayments(
                (payments, work) -> {
                    CompletableFuture<String> pending = new CompletableFuture<>();
                    work.next = () -> pending;
                    List<CompletableFuture<String>> answers = IntStream.range(0, 1_000)
                            .mapToObj(number -> payments.pay("a").toFuture())
                            .toList();
                    await().untilAsserted(() -> assertThat(work.runs).hasValue(1));
                    pending.complete("paid");
                    for (CompletableFuture<String> answer : answers) {
                        assertThat(answer.orTimeout(60, SECONDS).join()).isEqualTo("paid");
                    }
                    assertThat(work.runs).hasValue(1);
                },
                "idempotent.async.threads=2",
                "idempotent.max-waiters=1000",
                "idempotent.max-waiters-per-key=1000");
    }

    @Test
    void aScopeOrFingerprintThatFailsIsInWhatIsReturned() {
        withPayments((payments, work) -> {
            assertThatThrownBy(payments.scoped("four")::block).isInstanceOf(IdempotencyKeyException.class);
            assertThatThrownBy(payments.compared("a")::join).hasMessageContaining("fingerprint");
        });
    }

    @Test
    void adviceOfAspectsInsideSeesItsInvocation() {
        with(List.of(Payments.class, Watching.class), context -> {
            Payments payments = context.getBean(Payments.class);
            assertThat(payments.payAtOnce("a").join()).isEqualTo("receipt 1");
            assertThat(payments.pay("b").block()).isEqualTo("receipt 2");
            assertThat(context.getBean(Watching.class).calls).hasValue(2);
        });
    }

    @Test
    void theTypeOfTheValueIsWhatASubclassSays() {
        with(
                List.of(Receipts.class),
                context -> {
                    Receipts receipts = context.getBean(Receipts.class);
                    for (int call = 1; call <= 2; call++) {
                        assertThat(receipts.future("a").join()).isEqualTo(new Receipt("a", 1));
                        assertThat(receipts.mono("b").block()).containsExactly(new Receipt("b", 2));
                    }
                },
                "idempotent.caffeine.store-by-value=true");
    }

    @Test
    void theKeyIsInTheLogWhileTheMethodRuns() {
        withPayments(
                (payments, work) -> {
                    payments.logs("a").join();
                    assertThat(work.seen).singleElement().asString().startsWith("a in ");
                    assertThat(MDC.get(KeyInLog.KEY)).isNull();
                },
                "idempotent.observation.mdc=true");
    }

    @Test
    void aMethodMayBeAsynchronousByItsAnnotationToo() {
        withPayments((payments, work) -> {
            assertThat(payments.onAnotherThread("a").join()).isEqualTo("receipt 1");
            assertThat(payments.onAnotherThread("a").join()).isEqualTo("receipt 1");
        });
    }

    @Test
    void typesThatSpringAdaptsAreProtectedLikeMono() {
        withPayments((payments, work) -> {
            for (int call = 1; call <= 2; call++) {
                assertThat(payments.single("a").blockingGet()).isEqualTo("receipt 1");
                assertThat(payments.uni("b").await().indefinitely()).isEqualTo("receipt 2");
                assertThat(payments.maybe("c").blockingGet()).isNull();
                assertThat(payments.completable("d").blockingAwait(20, SECONDS)).isTrue();
            }
            assertThat(work.runs).hasValue(4);
        });
    }

    @Test
    void aDefaultArgumentOfKotlinIsPartOfTheRequest() {
        ClassLoader kotlin = KotlinCompiler.classes();
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.setClassLoader(kotlin);
            context.register(Application.class);
            Way.register(context, kotlin);
            context.refresh();
            Calls calls = (Calls) context.getBean("suspendCalls");
            for (int call = 1; call <= 2; call++) {
                assertThat(calls.call("annotated", "a").orTimeout(20, SECONDS).join())
                        .isEqualTo("Note(text=none, times=2)");
            }
            assertThat(context.getBean(Script.class).runs("a")).isEqualTo(1);
        }
    }

    @Test
    void theContextDoesNotLeaveTheWork() {
        withPayments((payments, work) -> {
            for (int call = 1; call <= 20; call++) {
                payments.pay("mono " + call).block();
                payments.payAtOnce("future " + call).join();
            }
            assertThat(IdempotencyContext.currentOrNull()).isNull();
            assertThatThrownBy(() -> payments.pay("a")
                            .flatMap(receipt -> ReactiveIdempotencyContext.current())
                            .block())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("not part of an idempotent operation");
            for (int worker = 0; worker < 20; worker++) {
                assertThat(Mono.fromCallable(() -> String.valueOf(IdempotencyContext.currentOrNull()))
                                .subscribeOn(worker % 2 == 0 ? Schedulers.parallel() : Schedulers.boundedElastic())
                                .block())
                        .isEqualTo("null");
            }
        });
    }

    @Test
    void codeThatOutlivesTheWorkMayCallItAgain() {
        withPayments(
                (payments, work) -> {
                    CompletableFuture<IdempotencyContext> kept = new CompletableFuture<>();
                    work.next = () -> {
                        kept.complete(IdempotencyContext.current());
                        return CompletableFuture.completedFuture("paid");
                    };
                    assertThat(payments.payAtOnce("a").join()).isEqualTo("paid");
                    // As context propagation does for a task that the work left behind.
                    IdempotencyContextAccessor accessor = new IdempotencyContextAccessor();
                    accessor.setValue(kept.join());
                    try {
                        assertThat(payments.payAtOnce("a").join()).isEqualTo("paid");
                    } finally {
                        accessor.setValue();
                    }
                },
                "idempotent.caffeine.store-by-value=true");
    }

    @Test
    void aTimeoutOfTheSubscribersCancelsTheWork() {
        with(List.of(Payments.class), context -> {
            Payments payments = context.getBean(Payments.class);
            Work work = context.getBean(Work.class);
            CompletableFuture<String> pending = new CompletableFuture<>();
            work.next = () -> pending;
            assertThatThrownBy(() ->
                            payments.pay("a").timeout(Duration.ofMillis(200)).block())
                    .hasCauseInstanceOf(TimeoutException.class);
            await().untilAsserted(() -> assertThat(pending).isCancelled());
            await().untilAsserted(() -> assertThat(record(context.getBean(IdempotencyStore.class), "payments-pay"))
                    .matches(IdempotencyRecord::isAbandoned));
        });
    }

    @Test
    void whenTheApplicationStopsWorkIsAwaited() {
        CompletableFuture<String> pending = new CompletableFuture<>();
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.register(Application.class, Payments.class, Work.class);
        CaffeineIdempotencyStore store = CaffeineIdempotencyStore.builder().build();
        context.registerBean("store", CaffeineIdempotencyStore.class, () -> store);
        context.refresh();
        Payments payments = context.getBean(Payments.class);
        Work work = context.getBean(Work.class);
        work.next = () -> pending;
        CompletableFuture<String> answer = payments.pay("a").toFuture();
        await().untilAsserted(() -> assertThat(work.runs).hasValue(1));
        CompletableFuture<ContextClosedEvent> begun = new CompletableFuture<>();
        context.addApplicationListener((ContextClosedEvent event) -> begun.complete(event));
        CompletableFuture<Void> closing = CompletableFuture.runAsync(context::close);
        begun.orTimeout(20, SECONDS).join();
        assertThat(closing).isNotDone();
        pending.complete("paid");

        assertThat(answer.orTimeout(20, SECONDS).join()).isEqualTo("paid");
        closing.orTimeout(20, SECONDS).join();
        assertThat(record(store, "payments-pay").outcome()).isNotNull();
    }

    private static IdempotencyRecord record(IdempotencyStore store, String operation) {
        return store.find(IdempotencyKey.of(operation, "a"));
    }
}
