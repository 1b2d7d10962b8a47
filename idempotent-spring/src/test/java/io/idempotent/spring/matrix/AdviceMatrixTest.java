package io.idempotent.spring.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.RecordedEvents;
import io.idempotent.spring.interceptor.IdempotencyInterceptor;
import io.idempotent.spring.matrix.OtherAdvice.CountingCache;
import io.idempotent.spring.matrix.OtherAdvice.CountingTransactionManager;
import jakarta.validation.ConstraintViolationException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.aop.framework.Advised;
import org.springframework.aop.interceptor.AsyncExecutionInterceptor;
import org.springframework.aop.interceptor.ExposeInvocationInterceptor;
import org.springframework.aop.support.AopUtils;
import org.springframework.cache.interceptor.CacheInterceptor;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.resilience.retry.AbstractRetryInterceptor;
import org.springframework.transaction.interceptor.TransactionInterceptor;
import org.springframework.util.ReflectionUtils;
import org.springframework.validation.beanvalidation.MethodValidationInterceptor;

/**
 * Each way to intercept beside each advice of Spring. In each cell the advice stands in its order, the bank is
 * unreachable twice so that every retry is seen, and a duplicate runs no body.
 */
class AdviceMatrixTest {

    /** The advice beside ours. */
    enum Advice {
        NOTHING("Alone"),
        TRANSACTIONAL("Transacted"),
        CACHEABLE("Cached"),
        ASYNC("Asynchronous"),
        RETRYABLE("Retried"),
        VALIDATED("Validating");

        private final String service;

        Advice(String service) {
            this.service = service;
        }

        /** What a proxy's advice is, ours included. */
        List<Class<?>> fromOutside() {
            return switch (this) {
                case NOTHING -> List.of(IdempotencyInterceptor.class);
                case TRANSACTIONAL -> List.of(IdempotencyInterceptor.class, TransactionInterceptor.class);
                case CACHEABLE -> List.of(IdempotencyInterceptor.class, CacheInterceptor.class);
                case ASYNC -> List.of(AsyncExecutionInterceptor.class, IdempotencyInterceptor.class);
                case RETRYABLE -> List.of(AbstractRetryInterceptor.class, IdempotencyInterceptor.class);
                case VALIDATED -> List.of(IdempotencyInterceptor.class, MethodValidationInterceptor.class);
            };
        }
    }

    private static final PaymentRequest REQUEST = new PaymentRequest("4711", 100);

    static Stream<Arguments> proxied() {
        return Arrays.stream(Way.values()).filter(way -> way != Way.WEAVING).flatMap(AdviceMatrixTest::cells);
    }

    static Stream<Arguments> woven() {
        return cells(Way.WEAVING);
    }

    private static Stream<Arguments> cells(Way way) {
        return Arrays.stream(Advice.values()).map(advice -> Arguments.of(way, advice));
    }

    @ParameterizedTest(name = "{0} and {1}")
    @MethodSource("proxied")
    void adviceStandsInOrderAndADuplicateRunsNoBody(Way way, Advice advice) throws Exception {
        try (Cell cell = new Cell(way, advice.service)) {
            assertThat(way.isRightProxy(cell.service))
                    .as("kind of proxy: %s", cell.service.getClass())
                    .isTrue();
            assertThat(cell.advice().stream().filter(AdviceMatrixTest::looksFromInside))
                    .hasSize(1);
            assertThat(cell.advice().stream().filter(one -> !looksFromInside(one)))
                    .zipSatisfy(
                            advice.fromOutside(),
                            (is, expected) -> assertThat(is).isInstanceOf(expected));

            cell.bank.failNext(2);
            switch (advice) {
                case NOTHING -> {
                    cell.payTwice();
                    cell.assertOneClaimOfThreeAttempts("replayed");
                }
                case TRANSACTIONAL -> {
                    cell.payTwice();
                    cell.assertOneClaimOfThreeAttempts("replayed");
                    assertThat(cell.transactions())
                            .as("begun, committed, rolled back")
                            .containsExactly(3, 1, 2);
                }
                case CACHEABLE -> {
                    cell.payTwice();
                    cell.assertOneClaimOfThreeAttempts("replayed");
                    assertThat(cell.cacheAsked())
                            .as("once for each attempt, not for the duplicate")
                            .isEqualTo(3);
                }
                case ASYNC -> cell.assertOrderedTwiceOnOtherThreads();
                case RETRYABLE -> {
                    cell.payTwice();
                    cell.assertEachRetryIsACallOfItsOwn();
                }
                case VALIDATED -> {
                    cell.assertInvalidIsRefused("claimed", "released");
                    cell.payTwice();
                    cell.assertOneClaimOfThreeAttempts("replayed");
                }
            }
        }
    }

    /** What looks at the method's own transaction, and stands inside of that. */
    private static boolean looksFromInside(Object advice) {
        return advice.getClass().getName().startsWith("io.idempotent.spring.transaction.");
    }

    /** Proxied advice is outside of a woven class, whatever its order. */
    @Tag("weaving")
    @ParameterizedTest(name = "{0} and {1}")
    @MethodSource("woven")
    void proxiedAdviceStandsOutsideOfAWovenClassAndADuplicateRunsNoBody(Way way, Advice advice) throws Exception {
        if (advice == Advice.TRANSACTIONAL) {
            assertThatExceptionOfType(IdempotencyConfigurationException.class)
                    .isThrownBy(() -> new Cell(way, advice.service).close())
                    .satisfies(refusal -> {
                        assertThat(refusal.description()).contains("Transacted.pay", "retr", "transaction");
                        assertThat(refusal.action()).contains("PROXY");
                    });
        }
        String service = advice == Advice.TRANSACTIONAL ? "TransactedOnce" : advice.service;
        try (Cell cell = new Cell(way, service)) {
            List<Class<?>> others = new ArrayList<>(advice.fromOutside());
            others.remove(IdempotencyInterceptor.class);
            assertThat(AopUtils.isAopProxy(cell.service)).isEqualTo(!others.isEmpty());
            assertThat(cell.advice())
                    .zipSatisfy(others, (is, expected) -> assertThat(is).isInstanceOf(expected));

            switch (advice) {
                case NOTHING -> {
                    cell.bank.failNext(2);
                    cell.payTwice();
                    cell.assertOneClaimOfThreeAttempts("replayed");
                }
                case TRANSACTIONAL -> {
                    Receipt first = cell.pay(REQUEST);
                    assertThat(cell.transactions()).containsExactly(1, 1, 0);
                    assertThat(cell.pay(REQUEST)).isSameAs(first);
                    assertThat(cell.transactions())
                            .as("the duplicate's transaction, outside of the replay")
                            .containsExactly(2, 2, 0);
                    assertThat(cell.bank.attempts()).containsExactly(1);
                    assertThat(cell.events.drain()).containsExactly("claimed", "completed", "replayed");
                }
                case CACHEABLE -> {
                    cell.bank.failNext(2);
                    cell.payTwice();
                    cell.assertOneClaimOfThreeAttempts();
                    assertThat(cell.cacheAsked())
                            .as("once for each call, whatever the attempts")
                            .isEqualTo(2);
                }
                case ASYNC -> {
                    cell.bank.failNext(2);
                    cell.assertOrderedTwiceOnOtherThreads();
                }
                case RETRYABLE -> {
                    cell.bank.failNext(2);
                    cell.payTwice();
                    cell.assertEachRetryIsACallOfItsOwn();
                }
                case VALIDATED -> {
                    cell.assertInvalidIsRefused();
                    cell.bank.failNext(2);
                    cell.payTwice();
                    cell.assertOneClaimOfThreeAttempts("replayed");
                }
            }
        }
    }

    /** One application with one service. */
    private static final class Cell implements AutoCloseable {

        private final ConfigurableApplicationContext context;
        private final Object service;
        private final Bank bank;
        private final RecordedEvents events;

        Cell(Way way, String service) {
            this.context = way.start(OtherAdvice.class, way.service(service));
            this.service = context.getBean(context.getBeanNamesForType(type(way, service))[0]);
            this.bank = context.getBean(Bank.class);
            this.events = context.getBean(RecordedEvents.class);
        }

        private static Class<?> type(Way way, String service) {
            Class<?> type = way.service(service);
            return way == Way.JDK_PROXY ? type.getInterfaces()[0] : type;
        }

        @Override
        public void close() {
            context.close();
        }

        /** The advice of the service's proxy, from outside. */
        List<Object> advice() {
            List<Object> advice = new ArrayList<>();
            if (service instanceof Advised advised) {
                for (var advisor : advised.getAdvisors()) {
                    if (!(advisor.getAdvice() instanceof ExposeInvocationInterceptor)) {
                        advice.add(advisor.getAdvice());
                    }
                }
            }
            return advice;
        }

        List<Integer> transactions() {
            return context.getBean(CountingTransactionManager.class).counts();
        }

        int cacheAsked() {
            return context.getBean(CountingCache.class).asked();
        }

        Receipt pay(PaymentRequest request) {
            return (Receipt) call("pay", request);
        }

        private Object call(String name, PaymentRequest request) {
            var method = ReflectionUtils.findMethod(service.getClass(), name, PaymentRequest.class);
            assertThat(method).isNotNull();
            ReflectionUtils.makeAccessible(method);
            // Rethrows what the method throws.
            return ReflectionUtils.invokeMethod(method, service, request);
        }

        /** Pays, and again, and gets the same receipt. */
        void payTwice() {
            Receipt first = pay(REQUEST);
            assertThat(first.requestId()).isEqualTo(REQUEST.id());
            assertThat(pay(REQUEST)).isSameAs(first);
        }

        void assertOneClaimOfThreeAttempts(String... ofDuplicate) {
            assertThat(bank.attempts()).containsExactly(1, 2, 3);
            List<String> expected = new ArrayList<>(List.of("claimed", "completed"));
            expected.addAll(List.of(ofDuplicate));
            assertThat(events.drain()).isEqualTo(expected);
        }

        void assertEachRetryIsACallOfItsOwn() {
            assertThat(bank.attempts()).containsExactly(1, 1, 1);
            assertThat(events.drain())
                    .containsExactly("claimed", "released", "claimed", "released", "claimed", "completed", "replayed");
        }

        void assertOrderedTwiceOnOtherThreads() throws InterruptedException {
            call("order", REQUEST);
            assertThat(events.next()).isEqualTo("claimed");
            assertThat(events.next()).isEqualTo("completed");
            call("order", REQUEST);
            assertThat(events.next()).isEqualTo("replayed");
            assertThat(bank.attempts()).containsExactly(1, 2, 3);
            assertThat(bank.threads()).doesNotContain(Thread.currentThread());
        }

        void assertInvalidIsRefused(String... told) {
            assertThatExceptionOfType(ConstraintViolationException.class)
                    .isThrownBy(() -> pay(new PaymentRequest(REQUEST.id(), -1)));
            assertThat(bank.attempts()).isEmpty();
            assertThat(events.drain()).containsExactly(told);
        }
    }
}
