package io.idempotent.spring.reactive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.observation.DefaultIdempotencyObservationConvention;
import io.idempotent.spring.observation.IdempotencyObservations;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Mono;

/** The observations of methods that end later. */
class AsyncObservationTest {

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Application {}

    static final class Work {

        private final AtomicInteger runs = new AtomicInteger();
        private volatile CompletableFuture<String> next = CompletableFuture.completedFuture("paid");
    }

    static class Payments {

        private final Work work;
        private final ObservationRegistry registry;

        Payments(Work work, ObservationRegistry registry) {
            this.work = work;
            this.registry = registry;
        }

        @Idempotent(key = "#id", waitAtMost = "20s")
        public CompletableFuture<String> future(String id) {
            work.runs.incrementAndGet();
            return work.next;
        }

        @Idempotent(key = "#id", waitAtMost = "20s")
        public Mono<String> mono(String id) {
            return Mono.deferContextual(view -> {
                work.runs.incrementAndGet();
                Observation.createNotStarted("inside", registry)
                        .parentObservation(view.getOrDefault(ObservationThreadLocalAccessor.KEY, null))
                        .observe(() -> {});
                return Mono.fromFuture(work.next);
            });
        }

        @Idempotent(key = "#id", retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms"))
        public Mono<String> retried(String id) {
            return Mono.fromSupplier(() -> {
                Observation.createNotStarted("attempt", registry).observe(() -> {});
                if (work.runs.incrementAndGet() < 2) {
                    throw new IllegalStateException("again");
                }
                return "paid";
            });
        }
    }

    private final List<Observation.Context> ended = new CopyOnWriteArrayList<>();
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final ObservationRegistry registry = ObservationRegistry.create();
    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    private final Payments payments;
    private final Work work;

    AsyncObservationTest() {
        registry.observationConfig().observationHandler(new ObservationHandler<>() {
            @Override
            public boolean supportsContext(Observation.Context observed) {
                return true;
            }

            @Override
            public void onEvent(Observation.Event event, Observation.Context observed) {
                events.add(event.getName());
            }

            @Override
            public void onStop(Observation.Context observed) {
                ended.add(observed);
            }
        });
        context.register(Application.class, Work.class, Payments.class);
        context.registerBean(ObservationRegistry.class, () -> registry);
        context.registerBean(
                IdempotencyObservations.class,
                () -> new IdempotencyObservations(registry, new DefaultIdempotencyObservationConvention(false)));
        context.refresh();
        payments = context.getBean(Payments.class);
        work = context.getBean(Work.class);
    }

    @AfterEach
    void close() {
        context.close();
    }

    private List<String> outcomes() {
        return ended.stream()
                .filter(observed -> observed.getName().equals("idempotent.execute"))
                .map(observed -> observed.getLowCardinalityKeyValue("outcome").getValue())
                .toList();
    }

    @Test
    void aFutureIsExecutedAndThenReplayed() {
        payments.future("a").join();
        payments.future("a").join();
        assertThat(outcomes()).containsExactly("executed", "replayed");
    }

    @Test
    void aMonoIsExecutedAndThenReplayed() {
        payments.mono("a").block();
        payments.mono("a").block();
        assertThat(outcomes()).containsExactly("executed", "replayed");
    }

    @Test
    void anObservationLastsUntilTheWorkEnds() {
        work.next = new CompletableFuture<>();
        CompletableFuture<String> answer = payments.future("a");
        await().untilAsserted(() -> assertThat(work.runs).hasValue(1));
        answer.cancel(true);
        assertThat(outcomes()).isEmpty();
        work.next.complete("paid");
        await().untilAsserted(() -> assertThat(outcomes()).containsExactly("executed"));
    }

    @Test
    void aDuplicateThatWaitedIsReplayedAfterWaiting() {
        work.next = new CompletableFuture<>();
        CompletableFuture<String> first = payments.future("a");
        await().untilAsserted(() -> assertThat(work.runs).hasValue(1));
        CompletableFuture<String> second = payments.future("a");
        work.next.complete("paid");
        first.join();
        second.join();
        assertThat(outcomes()).hasSize(2).contains("executed").anyMatch(outcome -> outcome.startsWith("replayed"));
    }

    @Test
    void aFailureReleases() {
        work.next = CompletableFuture.failedFuture(new Uncertain("no"));
        assertThatThrownBy(payments.mono("a")::block).isInstanceOf(Uncertain.class);
        assertThat(outcomes()).containsExactly("released");
    }

    @Test
    void aBadKeyIsObserved() {
        assertThatThrownBy(payments.mono(" ")::block);
        assertThatThrownBy(payments.future(" ")::join);
        assertThat(outcomes()).containsExactly("bad-key", "bad-key");
    }

    @Test
    void aRetryIsAnEventAndSeesTheObservation() {
        assertThat(payments.retried("a").block()).isEqualTo("paid");
        assertThat(outcomes()).containsExactly("executed");
        assertThat(events).contains("retry");
        assertThat(ended)
                .filteredOn(observed -> observed.getName().equals("attempt"))
                .hasSize(2)
                .allMatch(AsyncObservationTest::isInsideOfACall);
    }

    @Test
    void whatTheWorkObservesIsPartOfTheCallWhichIsPartOfTheSubscribers() {
        Observation outer = Observation.start("outer", registry);
        payments.mono("a")
                .contextWrite(view -> view.put(ObservationThreadLocalAccessor.KEY, outer))
                .block();
        outer.stop();
        assertThat(outcomes()).containsExactly("executed");
        assertThat(ended)
                .filteredOn(observed -> observed.getName().equals("inside"))
                .singleElement()
                .matches(AsyncObservationTest::isInsideOfACall);
        assertThat(ended)
                .filteredOn(observed -> observed.getName().equals("idempotent.execute"))
                .singleElement()
                .matches(call -> call.getParentObservation() == outer);
        assertThat(registry.getCurrentObservation()).isNull();
    }

    private static boolean isInsideOfACall(Observation.Context observed) {
        return observed.getParentObservation() != null
                && observed.getParentObservation().getContextView().getName().equals("idempotent.execute");
    }
}
