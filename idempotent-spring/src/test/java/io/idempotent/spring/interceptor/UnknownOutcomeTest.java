package io.idempotent.spring.interceptor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.Reconciliation;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.Reconciler;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.spring.test.FakeTicker;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;

/** Executions that stopped in the middle, and what is declared for them. */
class UnknownOutcomeTest {

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Infrastructure {}

    /** A gateway whose answers can get lost. */
    static class Payments {

        private final Map<String, String> charges = new HashMap<>();
        private @Nullable Exception trouble;
        private int runs;

        private String charge(String id) throws Exception {
            runs++;
            charges.put(id, "charge " + runs);
            if (trouble != null) {
                throw trouble;
            }
            return charges.get(id);
        }

        @Idempotent(
                key = "#id",
                operation = "pay",
                fingerprint = Idempotent.NONE,
                unknownOn = SocketTimeoutException.class,
                reconcileWith = "findCharge",
                retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
        public String pay(String id) throws Exception {
            return charge(id);
        }

        Reconciliation<String> findCharge(String id, IdempotencyContext context) {
            assertThat(context.takeovers()).isPositive();
            String charge = charges.get(id);
            return charge == null ? Reconciliation.notDone() : Reconciliation.completed(charge);
        }

        @Idempotent(
                key = "#id",
                operation = "refuse",
                fingerprint = Idempotent.NONE,
                unknownOn = SocketTimeoutException.class,
                whenAbandoned = WhenAbandoned.REFUSE)
        public String refuse(String id) throws Exception {
            return charge(id);
        }

        @Idempotent(
                key = "#id",
                operation = "by-bean",
                fingerprint = Idempotent.NONE,
                whenAbandoned = WhenAbandoned.RECONCILE)
        public String byBean(String id) throws Exception {
            return charge(id);
        }

        @Idempotent(
                key = "#id",
                operation = "by-bean-that-errs",
                fingerprint = Idempotent.NONE,
                whenAbandoned = WhenAbandoned.RECONCILE)
        public int number(String id) {
            return ++runs;
        }

        @Idempotent(key = "#id", operation = "again", fingerprint = Idempotent.NONE)
        public String again(String id) throws Exception {
            return charge(id);
        }
    }

    private static final class ByBean implements Reconciler {

        @Override
        public boolean supports(String operation) {
            return operation.startsWith("by-bean");
        }

        @Override
        public Reconciliation<?> reconcile(IdempotencyContext context, @Nullable Object[] arguments) {
            return Reconciliation.completed("bean found " + arguments[0]);
        }
    }

    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    private final FakeTicker ticker = new FakeTicker();
    private final CaffeineIdempotencyStore store =
            CaffeineIdempotencyStore.builder().ticker(ticker).build();

    private Payments start(Object... properties) {
        Map<String, Object> all = new HashMap<>();
        for (int index = 0; index < properties.length; index += 2) {
            all.put((String) properties[index], properties[index + 1]);
        }
        context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("test", all));
        context.register(Infrastructure.class);
        context.registerBean(CaffeineIdempotencyStore.class, () -> store);
        context.registerBean(ByBean.class);
        context.registerBean(Payments.class);
        context.refresh();
        return context.getBean(Payments.class);
    }

    @AfterEach
    void close() {
        context.close();
    }

    private static Payments target(Payments payments) {
        return (Payments) Objects.requireNonNull(AopProxyUtils.getSingletonTarget(payments));
    }

    private IdempotencyRecord record(String operation) {
        IdempotencyRecord record = store.find(IdempotencyKey.of(operation, "a"));
        assertThat(record).isNotNull();
        return record;
    }

    private void die(String operation) {
        store.claim(new ClaimRequest(
                IdempotencyKey.of(operation, "a"),
                UUID.randomUUID(),
                Fingerprint.none(),
                Duration.ofSeconds(1),
                false));
        ticker.advance(Duration.ofSeconds(1));
    }

    @Test
    void aLostAnswerIsNeitherRetriedNorRunAgainButFoundOut() throws Exception {
        Payments payments = start();
        target(payments).trouble = new IOException("no answer", new SocketTimeoutException());
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> payments.pay("a"));
        assertThat(record("pay").isAbandoned()).isTrue();
        assertThat(payments.pay("a")).isEqualTo("charge 1");
        assertThat(payments.pay("a")).isEqualTo("charge 1");
        assertThat(target(payments).runs).isEqualTo(1);
    }

    @Test
    void whatWasNotDoneIsRun() throws Exception {
        Payments payments = start();
        die("pay");
        assertThat(payments.pay("a")).isEqualTo("charge 1");
        assertThat(payments.pay("a")).isEqualTo("charge 1");
    }

    @Test
    void anOperationThatRefusesIsRunByNobodyUntilTheRecordIsForgotten() throws Exception {
        Payments payments = start();
        target(payments).trouble = new SocketTimeoutException();
        assertThatExceptionOfType(SocketTimeoutException.class).isThrownBy(() -> payments.refuse("a"));
        target(payments).trouble = null;
        assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class).isThrownBy(() -> payments.refuse("a"));
        assertThat(target(payments).runs).isEqualTo(1);
        store.forget(IdempotencyKey.of("refuse", "a"), record("refuse").fencingToken());
        assertThat(payments.refuse("a")).isEqualTo("charge 2");
    }

    @Test
    void aBeanFindsOutForTheOperationsThatItSupports() throws Exception {
        Payments payments = start();
        die("by-bean");
        assertThat(payments.byBean("a")).isEqualTo("bean found a");
        assertThat(target(payments).runs).isZero();
    }

    @Test
    void whatABeanFindsOutHasToBeOfTheMethodsType() {
        Payments payments = start();
        die("by-bean-that-errs");
        assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class)
                .isThrownBy(() -> payments.number("a"))
                .havingCause()
                .withMessage("The reconciler's value is no java.lang.Integer");
        assertThat(target(payments).runs).isZero();
    }

    @Test
    void aPropertyBeatsWhatIsDeclared() throws Exception {
        Payments payments = start("idempotent.operations.again.when-abandoned", "refuse");
        die("again");
        assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class).isThrownBy(() -> payments.again("a"));
    }

    @Test
    void anOperationThatSaysNothingRunsAgain() throws Exception {
        Payments payments = start();
        die("again");
        assertThat(payments.again("a")).isEqualTo("charge 1");
    }

    static class UnknownAndRunAgain {
        @Idempotent(key = "#id", unknownOn = IOException.class)
        public String pay(String id) {
            return id;
        }
    }

    static class NobodyFindsOut {
        @Idempotent(key = "#id", whenAbandoned = WhenAbandoned.RECONCILE)
        public String pay(String id) {
            return id;
        }
    }

    static class NoSuchMethod {
        @Idempotent(key = "#id", reconcileWith = "find")
        public String pay(String id) {
            return id;
        }
    }

    static class OtherParameters {
        @Idempotent(key = "#id", reconcileWith = "find")
        public String pay(String id) {
            return id;
        }

        Reconciliation<String> find(int id) {
            return Reconciliation.unknown();
        }
    }

    static class OtherResult {
        @Idempotent(key = "#id", reconcileWith = "find")
        public String pay(String id) {
            return id;
        }

        Reconciliation<Integer> find(String id) {
            return Reconciliation.unknown();
        }
    }

    static class NoReconciliation {
        @Idempotent(key = "#id", reconcileWith = "find")
        public String pay(String id) {
            return id;
        }

        String find(String id) {
            return id;
        }
    }

    static class Contradiction {
        @Idempotent(key = "#id", reconcileWith = "find", whenAbandoned = WhenAbandoned.REFUSE)
        public String pay(String id) {
            return id;
        }

        Reconciliation<String> find(String id) {
            return Reconciliation.unknown();
        }
    }

    static class AtomicToo {
        @Idempotent(key = "#id", atomic = true, whenAbandoned = WhenAbandoned.REFUSE)
        public String pay(String id) {
            return id;
        }
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                Arguments.of(UnknownAndRunAgain.class, "would be run again after them", "when-abandoned"),
                Arguments.of(NobodyFindsOut.class, "nothing finds out what happened", "Set reconcileWith"),
                Arguments.of(NoSuchMethod.class, "its class has none of that name", "Reconciliation<…> find(String)"),
                Arguments.of(OtherParameters.class, "there is [", "Reconciliation<…> find(String)"),
                Arguments.of(OtherResult.class, "not what was found out about its own", "Reconciliation<String>"),
                Arguments.of(NoReconciliation.class, "not what was found out about its own", "Reconciliation<String>"),
                Arguments.of(Contradiction.class, "says reconcileWith, and whenAbandoned = REFUSE", "Say RECONCILE"),
                Arguments.of(AtomicToo.class, "nothing is left of an atomic execution", "Do without atomic"));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void whatCannotBeFoundOutStopsTheStart(Class<?> bean, String description, String action) {
        try (AnnotationConfigApplicationContext application = new AnnotationConfigApplicationContext()) {
            application.register(Infrastructure.class, bean);
            Consumer<IdempotencyConfigurationException> says = problem -> {
                assertThat(problem.getMessage()).contains(description);
                assertThat(problem.action()).contains(action);
            };
            assertThatExceptionOfType(IdempotencyConfigurationException.class)
                    .isThrownBy(application::refresh)
                    .satisfies(says);
        }
    }

    /** Results of other kinds that are told apart, or not. */
    static class Results {
        @Idempotent(key = "#id", operation = "primitive", reconcileWith = "findNumber")
        public int primitive(String id) {
            return 1;
        }

        Reconciliation<Integer> findNumber(String id) {
            return Reconciliation.unknown();
        }

        @Idempotent(key = "#id", operation = "nothing", reconcileWith = "findNothing")
        public void nothing(String id) {}

        static Reconciliation<?> findNothing(String id) {
            return Reconciliation.unknown();
        }

        @Idempotent(key = "#id", operation = "list", reconcileWith = "findList")
        public List<String> list(String id) {
            return List.of();
        }

        Reconciliation<List<String>> findList(String id) {
            return Reconciliation.unknown();
        }
    }

    @Test
    void primitiveVoidAndGenericResultsCanBeFoundOut() {
        try (AnnotationConfigApplicationContext application = new AnnotationConfigApplicationContext()) {
            application.register(Infrastructure.class, Results.class);
            application.refresh();
            assertThat(application.getBean(Results.class)).isNotNull();
        }
    }
}
