package io.idempotent.spring.observation;

import static io.idempotent.spring.observation.CallOutcome.ABANDONED;
import static io.idempotent.spring.observation.CallOutcome.BAD_KEY;
import static io.idempotent.spring.observation.CallOutcome.CLAIM_LOST;
import static io.idempotent.spring.observation.CallOutcome.EXECUTED;
import static io.idempotent.spring.observation.CallOutcome.IN_PROGRESS;
import static io.idempotent.spring.observation.CallOutcome.KEY_REUSED;
import static io.idempotent.spring.observation.CallOutcome.NOT_REPLAYABLE;
import static io.idempotent.spring.observation.CallOutcome.OUTCOME_UNKNOWN;
import static io.idempotent.spring.observation.CallOutcome.RECONCILED;
import static io.idempotent.spring.observation.CallOutcome.RECORDED_FAILURE;
import static io.idempotent.spring.observation.CallOutcome.REFUSED;
import static io.idempotent.spring.observation.CallOutcome.RELEASED;
import static io.idempotent.spring.observation.CallOutcome.REPLAYED;
import static io.idempotent.spring.observation.CallOutcome.REPLAYED_AFTER_WAITING;
import static io.idempotent.spring.observation.CallOutcome.STORE_FAILED;
import static io.idempotent.spring.observation.CallOutcome.TAKEN_OVER;
import static io.idempotent.spring.observation.CallOutcome.UNPROTECTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.observation.ObservedApplication.Declined;
import io.idempotent.spring.observation.ObservedApplication.MemoryStore;
import io.idempotent.spring.observation.ObservedApplication.Payments;
import io.idempotent.spring.observation.ObservedApplication.Waits;
import io.idempotent.spring.observation.ObservedApplication.Work;
import io.idempotent.store.Claim;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.micrometer.common.KeyValue;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.tck.TestObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistryAssert;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.webmvc.test.autoconfigure.AutoConfigureMockMvc;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestPropertySource;
import org.springframework.test.web.servlet.assertj.MockMvcTester;
import org.springframework.test.web.servlet.assertj.MvcTestResult;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.web.filter.OncePerRequestFilter;

/** Every outcome of methods, endpoints and atomic methods, each told once. */
@OnOneJdk("ExportTest tells outcomes on both")
@SpringBootTest(classes = CallOutcomesTest.Application.class)
@AutoConfigureMockMvc
@TestPropertySource(
        properties = {
            "idempotent.store=memory",
            "idempotent.web.scope=shared",
            "idempotent.web.maximum-body-size=100B",
            "spring.datasource.generate-unique-name=true"
        })
class CallOutcomesTest {

    private static final AtomicInteger KEYS = new AtomicInteger();

    @Configuration(proxyBeanMethods = false)
    @Import(ObservedApplication.class)
    static class Application {

        @Bean
        static Stopped stopped() {
            return new Stopped();
        }

        @Bean
        static FilterRegistrationBean<Broken> broken() {
            FilterRegistrationBean<Broken> outermost = new FilterRegistrationBean<>(new Broken());
            outermost.setOrder(Ordered.HIGHEST_PRECEDENCE);
            return outermost;
        }

        @Bean
        static TestObservationRegistry observationRegistry() {
            return TestObservationRegistry.create();
        }
    }

    /** A connection on which nothing can be written, since its client is gone. */
    static final class Broken extends OncePerRequestFilter {

        static final String HEADER = "X-Broken";

        @Override
        protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
                throws ServletException, IOException {
            chain.doFilter(
                    request,
                    request.getHeader(HEADER) == null
                            ? response
                            : new HttpServletResponseWrapper(response) {
                                @Override
                                public ServletOutputStream getOutputStream() throws IOException {
                                    throw new IOException("Broken pipe");
                                }
                            });
        }
    }

    /** Keeps the observations of ours that were stopped. */
    static final class Stopped implements ObservationHandler<IdempotencyObservationContext> {

        final List<IdempotencyObservationContext> contexts = new CopyOnWriteArrayList<>();
        final List<Observation.Event> events = new CopyOnWriteArrayList<>();

        @Override
        public boolean supportsContext(Observation.Context context) {
            return context instanceof IdempotencyObservationContext;
        }

        @Override
        public void onEvent(Observation.Event event, IdempotencyObservationContext context) {
            events.add(event);
        }

        @Override
        public void onStop(IdempotencyObservationContext context) {
            contexts.add(context);
        }
    }

    @Autowired
    private Payments payments;

    @Autowired
    private MockMvcTester mvc;

    @Autowired
    private Work work;

    @Autowired
    private Waits waits;

    @Autowired
    private MemoryStore memory;

    @Autowired
    private JdbcIdempotencyStore jdbc;

    @Autowired
    private JdbcClient sql;

    @Autowired
    private PlatformTransactionManager transactions;

    @Autowired
    private TestObservationRegistry registry;

    @Autowired
    private Stopped stopped;

    private final String key = "k" + KEYS.incrementAndGet();

    @BeforeEach
    void begin() {
        work.does(() -> "done");
        memory.failing(false);
        waits.begun.drainPermits();
        stopped.contexts.clear();
        stopped.events.clear();
        registry.clear();
    }

    /** Something that a test does, in which calls fail or not. */
    @FunctionalInterface
    interface Act {
        void run(CallOutcomesTest test) throws Exception;
    }

    static Stream<Arguments> methods() {
        return Stream.of(
                row(
                        "runs, and runs not again",
                        test -> test.twice(() -> test.payments.pay(test.key, 1)),
                        EXECUTED,
                        REPLAYED),
                row(
                        "waits for the first",
                        test -> test.atOnce(() -> test.payments.pay(test.key, 1)),
                        EXECUTED,
                        REPLAYED_AFTER_WAITING),
                row(
                        "records its failure, and replays it",
                        test -> {
                            test.work.does(CallOutcomesTest::decline);
                            test.twice(() -> test.payments.pay(test.key, 1));
                        },
                        RECORDED_FAILURE,
                        REPLAYED),
                row(
                        "fails, and is released",
                        test -> {
                            test.work.does(CallOutcomesTest::fail);
                            test.attempt(() -> test.payments.pay(test.key, 1));
                        },
                        RELEASED),
                row(
                        "fails so that nobody knows, and is refused then",
                        test -> {
                            test.work.does(CallOutcomesTest::timeOut);
                            test.twice(() -> test.payments.payRefusing(test.key));
                        },
                        ABANDONED,
                        OUTCOME_UNKNOWN),
                row(
                        "takes over",
                        test -> {
                            abandon(test.memory, "pay", test.key);
                            test.attempt(() -> test.payments.pay(test.key, 1));
                        },
                        TAKEN_OVER),
                row(
                        "is reconciled",
                        test -> {
                            abandon(test.memory, "pay-reconciling", test.key);
                            assertThat(test.payments.payReconciling(test.key)).isEqualTo("found");
                        },
                        RECONCILED),
                row(
                        "is in progress elsewhere",
                        test -> {
                            ObservedApplication.claimFor(test.memory, IdempotencyKey.of("pay", test.key));
                            test.attempt(() -> test.payments.payAtOnce(test.key, 1));
                        },
                        IN_PROGRESS),
                row(
                        "says something else under the same key",
                        test -> {
                            test.payments.pay(test.key, 1);
                            test.attempt(() -> test.payments.pay(test.key, 2));
                        },
                        EXECUTED,
                        KEY_REUSED),
                row("has no key", test -> test.attempt(() -> test.payments.pay(" ", 1)), BAD_KEY),
                row(
                        "loses its claim",
                        test -> {
                            test.work.does(test::losing);
                            test.attempt(() -> test.payments.pay(test.key, 1));
                        },
                        CLAIM_LOST),
                row(
                        "finds the store gone",
                        test -> {
                            test.memory.failing(true);
                            test.attempt(() -> test.payments.pay(test.key, 1));
                        },
                        STORE_FAILED),
                row(
                        "runs though the store is gone",
                        test -> {
                            test.memory.failing(true);
                            assertThat(test.payments.payAnyhow(test.key)).isEqualTo("done");
                        },
                        UNPROTECTED),
                row(
                        "cannot be replayed",
                        test -> {
                            ObservedApplication.completeNotReplayable(test.memory, IdempotencyKey.of("pay", test.key));
                            test.attempt(() -> test.payments.pay(test.key, 1));
                        },
                        NOT_REPLAYABLE),
                row(
                        "calls itself, which is refused, and goes on",
                        test -> {
                            test.work.does(() -> {
                                test.attempt(() -> test.payments.pay(test.key, 1));
                                return "done";
                            });
                            test.payments.pay(test.key, 1);
                        },
                        IN_PROGRESS,
                        EXECUTED));
    }

    static Stream<Arguments> endpoints() {
        return Stream.of(
                row("runs, and runs not again", test -> test.twice(() -> test.post("/pay", "{}")), EXECUTED, REPLAYED),
                row(
                        "waits for the first",
                        test -> test.atOnce(() -> test.post("/pay", "{}")),
                        EXECUTED,
                        REPLAYED_AFTER_WAITING),
                row(
                        "answers that it is not served, and is released",
                        test -> {
                            test.work.does(CallOutcomesTest::decline);
                            assertThat(test.post("/pay", "{}")).hasStatus(503);
                        },
                        RELEASED),
                row(
                        "answers so after a step of which nobody knows",
                        test -> {
                            test.work.does(CallOutcomesTest::doubt);
                            assertThat(test.post("/pay", "{}")).hasStatus(503);
                        },
                        ABANDONED),
                row(
                        "takes over",
                        test -> {
                            abandon(test.memory, "endpoint", test.key);
                            assertThat(test.post("/pay", "{}")).hasStatusOk();
                        },
                        TAKEN_OVER),
                row(
                        "is reconciled",
                        test -> {
                            abandon(test.memory, "endpoint-reconciling", test.key);
                            assertThat(test.post("/reconciling", "{}"))
                                    .bodyText()
                                    .isEqualTo("found");
                        },
                        RECONCILED),
                row(
                        "is in progress elsewhere",
                        test -> {
                            ObservedApplication.claimFor(test.memory, IdempotencyKey.of("endpoint-at-once", test.key));
                            assertThat(test.post("/at-once", "{}")).hasStatus(409);
                        },
                        IN_PROGRESS),
                row(
                        "says something else under the same key",
                        test -> {
                            test.post("/pay", "{}");
                            assertThat(test.post("/pay", "{\"amount\":2}")).hasStatus(422);
                        },
                        EXECUTED,
                        KEY_REUSED),
                row(
                        "has a key that is none",
                        test -> assertThat(test.postWith("not a key", "/pay", "{}"))
                                .hasStatus(400),
                        BAD_KEY),
                row(
                        "has no key, and needs one",
                        test -> assertThat(test.mvc.post().uri("/pay").content("{}"))
                                .hasStatus(400),
                        BAD_KEY),
                row(
                        "has no key, and needs none",
                        test -> assertThat(test.mvc.post().uri("/optional").content("{}"))
                                .hasStatusOk()),
                row(
                        "is refused, since nobody knows",
                        test -> {
                            abandon(test.memory, "endpoint-refusing", test.key);
                            assertThat(test.post("/refusing", "{}")).hasStatus4xxClientError();
                        },
                        OUTCOME_UNKNOWN),
                row(
                        "loses its claim",
                        test -> {
                            test.work.does(test::losing);
                            assertThat(test.post("/pay", "{}")).hasStatus(409);
                        },
                        CLAIM_LOST),
                row(
                        "finds the store gone",
                        test -> {
                            test.memory.failing(true);
                            assertThat(test.post("/pay", "{}")).hasStatus(503);
                        },
                        STORE_FAILED),
                row(
                        "runs though the store is gone",
                        test -> {
                            test.memory.failing(true);
                            assertThat(test.post("/anyhow", "{}")).hasStatusOk();
                        },
                        UNPROTECTED),
                row(
                        "cannot be replayed",
                        test -> {
                            ObservedApplication.completeNotReplayable(
                                    test.memory, IdempotencyKey.of("endpoint", test.key));
                            test.post("/pay", "{}");
                        },
                        NOT_REPLAYABLE),
                row(
                        "is longer than may be",
                        test -> assertThat(test.post("/pay", "x".repeat(101))).hasStatus(413),
                        REFUSED),
                row(
                        "runs in another thread",
                        test -> assertThat(test.post("/callable", "{}")).hasStatusOk(),
                        EXECUTED));
    }

    static Stream<Arguments> atomics() {
        return Stream.of(
                row(
                        "runs, and runs not again",
                        test -> test.twice(() -> test.payments.payAtomically(test.key, 1)),
                        EXECUTED,
                        REPLAYED),
                row(
                        "waits for the first",
                        test -> test.atOnce(() -> test.payments.payAtomically(test.key, 1)),
                        EXECUTED,
                        REPLAYED_AFTER_WAITING),
                row(
                        "records its failure, and replays it",
                        test -> {
                            test.work.does(CallOutcomesTest::decline);
                            test.twice(() -> test.payments.payAtomically(test.key, 1));
                        },
                        RECORDED_FAILURE,
                        REPLAYED),
                row(
                        "fails, and is released",
                        test -> {
                            test.work.does(CallOutcomesTest::fail);
                            test.attempt(() -> test.payments.payAtomically(test.key, 1));
                        },
                        RELEASED),
                row(
                        "takes over what was not atomic",
                        test -> {
                            abandon(test.jdbc, "pay-atomically", test.key);
                            test.attempt(() -> test.payments.payAtomically(test.key, 1));
                        },
                        TAKEN_OVER),
                row(
                        "is in progress elsewhere",
                        test -> {
                            ObservedApplication.claimFor(test.jdbc, IdempotencyKey.of("pay-atomically", test.key));
                            test.attempt(() -> test.payments.payAtomicallyAtOnce(test.key, 1));
                        },
                        IN_PROGRESS),
                row(
                        "says something else under the same key",
                        test -> {
                            test.payments.payAtomically(test.key, 1);
                            test.attempt(() -> test.payments.payAtomically(test.key, 2));
                        },
                        EXECUTED,
                        KEY_REUSED),
                row("has no key", test -> test.attempt(() -> test.payments.payAtomically(" ", 1)), BAD_KEY),
                row(
                        "is refused, since steps were recorded when it was not atomic",
                        test -> {
                            Claim claim = ObservedApplication.claimFor(
                                    test.jdbc, IdempotencyKey.of("pay-atomically", test.key));
                            test.jdbc.recordStep(claim, new RecordedStep("charge", null));
                            test.jdbc.abandon(claim);
                            test.attempt(() -> test.payments.payAtomically(test.key, 1));
                        },
                        OUTCOME_UNKNOWN),
                row(
                        "loses its record while it runs",
                        test -> {
                            test.work.does(() -> {
                                test.sql.sql("DELETE FROM idempotency_record").update();
                                return "done";
                            });
                            test.attempt(() -> test.payments.payAtomically(test.key, 1));
                        },
                        CLAIM_LOST),
                row(
                        "finds the table gone",
                        test -> test.withoutTable(() -> test.attempt(() -> test.payments.payAtomically(test.key, 1))),
                        STORE_FAILED),
                row(
                        "cannot be replayed",
                        test -> {
                            ObservedApplication.completeNotReplayable(
                                    test.jdbc, IdempotencyKey.of("pay-atomically", test.key));
                            test.attempt(() -> test.payments.payAtomically(test.key, 1));
                        },
                        NOT_REPLAYABLE));
    }

    @ParameterizedTest(name = "{0}: {2}")
    @MethodSource("methods")
    void aMethodHasOneOutcome(String what, Act act, List<CallOutcome> outcomes) throws Exception {
        check(act, outcomes);
    }

    @ParameterizedTest(name = "{0}: {2}")
    @MethodSource("endpoints")
    void anEndpointHasOneOutcome(String what, Act act, List<CallOutcome> outcomes) throws Exception {
        check(act, outcomes);
    }

    @ParameterizedTest(name = "{0}: {2}")
    @MethodSource("atomics")
    void anAtomicMethodHasOneOutcome(String what, Act act, List<CallOutcome> outcomes) throws Exception {
        check(act, outcomes);
    }

    @Test
    void everyOutcomeIsInATable() {
        assertThat(Stream.of(methods(), endpoints(), atomics())
                        .flatMap(rows -> rows)
                        .<Object>flatMap(row -> ((List<?>) row.get()[2]).stream()))
                .containsOnly((Object[]) CallOutcome.values());
    }

    private void check(Act act, List<CallOutcome> outcomes) throws Exception {
        act.run(this);
        assertThat(told()).containsExactlyInAnyOrderElementsOf(outcomes);
        TestObservationRegistryAssert.assertThat(registry)
                .doesNotHaveAnyRemainingCurrentObservation()
                .hasNumberOfObservationsWithNameEqualTo("idempotent.execute", outcomes.size());
        for (CallOutcome outcome : outcomes) {
            TestObservationRegistryAssert.assertThat(registry)
                    .hasAnObservationWithAKeyValue("outcome", outcome.value());
        }
        // No payload, no key, no scope.
        assertThat(stopped.contexts).allSatisfy(context -> {
            assertThat(context.getLowCardinalityKeyValues().stream().map(KeyValue::getKey))
                    .containsExactlyInAnyOrder("operation", "store", "outcome");
            assertThat(context.getHighCardinalityKeyValues()).isEmpty();
        });
    }

    private List<CallOutcome> told() {
        return stopped.contexts.stream()
                .map(IdempotencyObservationContext::outcome)
                .toList();
    }

    @Test
    void aCallInACallersTransactionIsToldWhenThatEnds() {
        new TransactionTemplate(transactions).executeWithoutResult(transaction -> {
            payments.payInTransaction(key);
            assertThat(told()).isEmpty();
            payments.payInTransaction(key);
            assertThat(told()).containsExactly(REPLAYED);
        });
        assertThat(told()).containsExactly(REPLAYED, EXECUTED);
    }

    @Test
    void aCallInACallersTransactionThatIsRolledBackIsReleased() {
        new TransactionTemplate(transactions).executeWithoutResult(transaction -> {
            payments.payInTransaction(key);
            transaction.setRollbackOnly();
        });
        assertThat(told()).containsExactly(RELEASED);
    }

    @Test
    void anAtomicCallInACallersTransactionIsToldWhenThatEnds() {
        new TransactionTemplate(transactions).executeWithoutResult(transaction -> {
            payments.payAtomically(key, 1);
            assertThat(told()).isEmpty();
        });
        assertThat(told()).containsExactly(EXECUTED);
    }

    @Test
    void theErrorOfAReplayedFailureIsOfTheRecordedType() {
        work.does(CallOutcomesTest::decline);
        twice(() -> payments.pay(key, 1));
        assertThat(stopped.contexts)
                .hasSize(2)
                .allSatisfy(context -> assertThat(context.getError()).isInstanceOf(Declined.class));
    }

    @Test
    void aReplayThatItsClientDoesNotReadIsToldToo() throws Exception {
        post("/pay", "{}");
        mvc.post()
                .uri("/pay")
                .header("Idempotency-Key", key)
                .contentType("application/json")
                .content("{}")
                .header(Broken.HEADER, "yes")
                .exchange();
        assertThat(told()).containsExactly(EXECUTED, REPLAYED);
        TestObservationRegistryAssert.assertThat(registry).doesNotHaveAnyRemainingCurrentObservation();
    }

    @Test
    void retriesAreEvents() {
        AtomicInteger attempts = new AtomicInteger();
        work.does(() -> {
            if (attempts.incrementAndGet() < 3) {
                fail();
            }
            return "done";
        });
        payments.payRetried(key);
        attempts.set(0);
        payments.payAtomicallyRetried(key);
        assertThat(events("retry")).isEqualTo(4);
        assertThat(events("retry.exhausted")).isZero();
    }

    @Test
    void usedUpRetriesAreAnEvent() {
        work.does(CallOutcomesTest::fail);
        attempt(() -> payments.payRetried(key));
        assertThat(events("retry")).isEqualTo(2);
        assertThat(events("retry.exhausted")).isEqualTo(1);
        assertThat(told()).containsExactly(RELEASED);
    }

    @Test
    void aUsedUpBudgetOfRetriesIsAnEventOfItsOwn() {
        work.does(CallOutcomesTest::fail);
        attempt(() -> payments.payWithinBudget(key));
        assertThat(events("retry")).isEqualTo(1);
        assertThat(events("retry.budget.exhausted")).isEqualTo(1);
        assertThat(events("retry.exhausted")).isZero();
        work.does(() -> "done");
        payments.payWithinBudget(key);
        assertThat(told()).containsExactly(RELEASED, EXECUTED);
    }

    @Test
    void aFailureThatIsNeverRetriedUsesNothingUp() {
        work.does(CallOutcomesTest::decline);
        attempt(() -> payments.payRetried(key));
        assertThat(events("retry")).isZero();
        assertThat(events("retry.exhausted")).isZero();
    }

    private long events(String name) {
        return stopped.events.stream()
                .filter(event -> event.getName().equals(name))
                .count();
    }

    private static Arguments row(String what, Act act, CallOutcome... outcomes) {
        return arguments(what, act, List.of(outcomes));
    }

    private static void abandon(IdempotencyStore store, String operation, String key) {
        store.abandon(ObservedApplication.claimFor(store, IdempotencyKey.of(operation, key)));
    }

    private static String decline() {
        throw new Declined("4111 1111 1111 1111");
    }

    private static String fail() {
        throw new IllegalStateException("no");
    }

    private static String timeOut() throws IOException {
        throw new IOException("no answer");
    }

    private static String doubt() {
        try {
            IdempotencyContext.current().steps().atMostOnce().run("charge", () -> {
                throw new IllegalStateException("lost");
            });
        } catch (IllegalStateException lost) {
            throw new Declined("busy");
        }
        return "done";
    }

    private String losing() {
        memory.stealLastClaim();
        return "done";
    }

    private MvcTestResult post(String path, String body) {
        return postWith(key, path, body);
    }

    private MvcTestResult postWith(String header, String path, String body) {
        return mvc.post()
                .uri(path)
                .header("Idempotency-Key", header)
                .contentType("application/json")
                .content(body)
                .exchange();
    }

    private void attempt(Callable<?> call) {
        try {
            call.call();
        } catch (Exception failure) {
            // The outcome says what it was.
            assertThat(failure).isNotInstanceOf(NullPointerException.class);
        }
    }

    private void twice(Callable<?> call) {
        attempt(call);
        attempt(call);
    }

    /** Calls twice, the second time while the first call runs. */
    private void atOnce(Callable<?> call) throws Exception {
        work.does(() -> {
            assertThat(waits.begun.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
            return "done";
        });
        FutureTask<?> first = new FutureTask<>(call);
        FutureTask<?> second = new FutureTask<>(call);
        new Thread(first).start();
        new Thread(second).start();
        first.get(60, TimeUnit.SECONDS);
        second.get(60, TimeUnit.SECONDS);
    }

    private void withoutTable(Runnable action) {
        sql.sql("ALTER TABLE idempotency_record RENAME TO elsewhere").update();
        try {
            action.run();
        } finally {
            sql.sql("ALTER TABLE elsewhere RENAME TO idempotency_record").update();
        }
    }
}
