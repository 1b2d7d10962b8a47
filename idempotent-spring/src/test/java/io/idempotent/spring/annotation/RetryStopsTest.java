package io.idempotent.spring.annotation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKey;
import io.idempotent.spring.operation.RetryHint;
import io.idempotent.spring.settings.IdempotencySettings;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;

/** When an operation is retried no more, although it has retries left. */
class RetryStopsTest {

    private static final int CALLS = 2_000;

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    /** Calls what is down, until it is up. Its fields are not those of its proxy. */
    static class Carrier {

        private final List<String> attempts = new ArrayList<>();
        private @Nullable Supplier<RuntimeException> outage = () -> new UncheckedIOException(new ConnectException());

        public List<String> attempts() {
            return attempts;
        }

        public void outage(@Nullable Supplier<RuntimeException> failure) {
            outage = failure;
        }

        @Idempotent(key = "#id", operation = "ship")
        public String ship(String id) {
            return call("ship");
        }

        @Idempotent(key = "#id", operation = "track")
        public String track(String id) {
            return call("track");
        }

        private String call(String what) {
            attempts.add(what);
            if (outage != null) {
                throw outage.get();
            }
            return "done";
        }
    }

    private static Throwable shipInVain(Carrier carrier, String id) {
        return catchThrowable(() -> carrier.ship(id));
    }

    private static void trackInVain(Carrier carrier) {
        assertThatThrownBy(() -> carrier.track("1")).isInstanceOf(UncheckedIOException.class);
    }

    /** A failure that says when to try again. */
    private static final class BusyException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final Duration until;

        BusyException(Duration until) {
            this.until = until;
        }
    }

    private static void run(Map<String, String> retry, RetryHint hint, Consumer<Carrier> test) {
        Map<String, String> settings = new HashMap<>(Map.of("retry.max-retries", "3", "retry.delay", "0s"));
        retry.forEach((name, value) -> settings.put(name.startsWith("operations") ? name : "retry." + name, value));
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.register(Enabled.class, Carrier.class);
            context.registerBean(IdempotencySettings.class, () -> IdempotencySettings.of(settings));
            context.registerBean(RetryHint.class, () -> hint);
            context.refresh();
            test.accept(context.getBean(Carrier.class));
        }
    }

    private static void run(Map<String, String> retry, Consumer<Carrier> test) {
        run(retry, failure -> failure instanceof BusyException busy ? busy.until : null, test);
    }

    // budgets

    private static double attemptsPerCallInAnOutage(Map<String, String> retry) {
        List<String> attempts = new ArrayList<>();
        run(retry, carrier -> {
            for (int call = 0; call < CALLS; call++) {
                assertThat(shipInVain(carrier, "order " + call)).isInstanceOf(UncheckedIOException.class);
            }
            attempts.addAll(carrier.attempts());
        });
        return (double) attempts.size() / CALLS;
    }

    @Test
    void anOutageIsHardlyMadeWorseWhereRetriesHaveABudget() {
        assertThat(attemptsPerCallInAnOutage(Map.of())).isEqualTo(4.0);
        for (int tokens : new int[] {10, 100}) {
            assertThat(attemptsPerCallInAnOutage(Map.of("budget.tokens", String.valueOf(tokens))))
                    .isEqualTo(1 + (double) tokens / CALLS)
                    .isLessThanOrEqualTo(1.05);
        }
    }

    @Test
    void theCallerGetsTheLastFailureWhenTheBudgetEnds() {
        List<RuntimeException> thrown = new ArrayList<>();
        run(Map.of("budget.tokens", "2"), carrier -> {
            carrier.outage(() -> {
                thrown.add(new IllegalStateException("no " + thrown.size()));
                return thrown.get(thrown.size() - 1);
            });
            Throwable first = shipInVain(carrier, "1");
            assertThat(first).isSameAs(thrown.get(2));
            assertThat(first.getSuppressed()).containsExactly(thrown.get(0), thrown.get(1));
            Throwable second = shipInVain(carrier, "2");
            assertThat(second).isSameAs(thrown.get(3));
            assertThat(second.getSuppressed()).isEmpty();
        });
    }

    @Test
    void callsThatSucceedFillTheBudgetAgain() {
        run(Map.of("budget.tokens", "3", "budget.per-success", "0.5"), carrier -> {
            shipInVain(carrier, "1");
            shipInVain(carrier, "2");
            carrier.outage(null);
            carrier.attempts().clear();
            for (int call = 0; call < 4; call++) {
                assertThat(carrier.ship("good " + call)).isEqualTo("done");
                // A replay is no success of the operation.
                assertThat(carrier.ship("good " + call)).isEqualTo("done");
            }
            assertThat(carrier.attempts()).hasSize(4);
            carrier.outage(IllegalStateException::new);
            carrier.attempts().clear();
            shipInVain(carrier, "3");
            assertThat(carrier.attempts()).as("one and two retries").hasSize(3);
        });
    }

    @Test
    void operationsHaveEachABudgetUnlessTheyNameOneTogether() {
        run(Map.of("budget.tokens", "3"), carrier -> {
            shipInVain(carrier, "1");
            trackInVain(carrier);
            assertThat(carrier.attempts()).hasSize(8);
        });
        run(Map.of("budget.tokens", "3", "budget.name", "carrier"), carrier -> {
            shipInVain(carrier, "1");
            trackInVain(carrier);
            assertThat(carrier.attempts()).containsExactly("ship", "ship", "ship", "ship", "track");
        });
    }

    @Test
    void oneOperationCanDoWithoutTheBudgetOfAll() {
        run(Map.of("budget.tokens", "1", "operations.track.retry.budget.tokens", "0"), carrier -> {
            shipInVain(carrier, "1");
            trackInVain(carrier);
            assertThat(carrier.attempts()).containsExactly("ship", "ship", "track", "track", "track", "track");
        });
    }

    @Test
    void aPauseThatThereIsNoTimeForCostsNoToken() {
        run(Map.of("budget.tokens", "3", "timeout", "1m"), carrier -> {
            carrier.outage(() -> new BusyException(Duration.ofHours(1)));
            shipInVain(carrier, "1");
            shipInVain(carrier, "2");
            assertThat(carrier.attempts()).hasSize(2);
            carrier.outage(IllegalStateException::new);
            shipInVain(carrier, "3");
            assertThat(carrier.attempts()).hasSize(2 + 4);
        });
    }

    // hints

    @ParameterizedTest
    @ValueSource(strings = {"PT1M", "PT1H", "PT2562047788015H", "PT2562047788015215H"})
    void aHintBeyondTheTimeoutEndsTheCallAtOnce(Duration hint) {
        run(Map.of("timeout", "59s"), carrier -> {
            BusyException busy = new BusyException(hint);
            carrier.outage(() -> new IllegalStateException(new IllegalArgumentException(busy)));
            assertThat(shipInVain(carrier, "1")).hasRootCause(busy).hasNoSuppressedExceptions();
            assertThat(carrier.attempts()).hasSize(1);
        });
    }

    @Test
    void aHintBeyondTheTimeInWhichTheLeaseIsRenewedEndsTheCallAtOnce() {
        run(Map.of(), carrier -> {
            carrier.outage(() -> new BusyException(Duration.ofHours(1)));
            assertThat(shipInVain(carrier, "1")).isInstanceOf(BusyException.class);
            assertThat(carrier.attempts()).hasSize(1);
        });
    }

    @Test
    void theLongestPauseLimitsAHint() {
        run(Map.of("max-delay", "1ms", "timeout", "1m"), carrier -> {
            carrier.outage(() -> new BusyException(Duration.ofHours(1)));
            shipInVain(carrier, "1");
            assertThat(carrier.attempts()).hasSize(4);
        });
    }

    @Test
    void aHintStandsInForALongerDelayAndANegativeOneIsNone() {
        run(Map.of("delay", "1h", "jitter", "0s"), carrier -> {
            carrier.outage(() -> new BusyException(Duration.ZERO));
            shipInVain(carrier, "1");
            carrier.outage(() -> new BusyException(Duration.ofSeconds(-5)));
            shipInVain(carrier, "2");
            assertThat(carrier.attempts()).hasSize(4 + 4);
        });
    }

    @Test
    void ofSeveralHintsTheLongestCounts() {
        run(Map.of("timeout", "1m"), carrier -> {
            BusyException cause = new BusyException(Duration.ofHours(1));
            BusyException failure = new BusyException(Duration.ZERO);
            failure.initCause(cause);
            carrier.outage(() -> failure);
            shipInVain(carrier, "1");
            assertThat(carrier.attempts()).hasSize(1);
        });
    }

    @Test
    void whatAHintThrowsIsSuppressedByTheFailure() {
        IllegalArgumentException broken = new IllegalArgumentException("the hint is broken");
        IllegalStateException failure = new IllegalStateException("the carrier is down");
        run(
                Map.of("max-retries", "1"),
                asked -> {
                    throw broken;
                },
                carrier -> {
                    carrier.outage(() -> failure);
                    assertThat(shipInVain(carrier, "1")).isSameAs(failure).hasSuppressedException(broken);
                    assertThat(carrier.attempts()).hasSize(2);
                });
    }

    @Test
    void anotherOperationInProgressSaysWhenToTryAgain() {
        IdempotencyInProgressException inProgress = new IdempotencyInProgressException(
                IdempotencyKey.of("charge", "4711"), Reason.NOT_WAITING, Duration.ofHours(2));
        run(Map.of("timeout", "1h"), carrier -> {
            carrier.outage(() -> new IllegalStateException(inProgress));
            assertThat(shipInVain(carrier, "1")).hasCause(inProgress);
            assertThat(carrier.attempts())
                    .as("there is no time to wait so long")
                    .hasSize(1);

            carrier.outage(() -> inProgress);
            assertThat(shipInVain(carrier, "2")).isSameAs(inProgress).hasNoSuppressedExceptions();
            assertThat(carrier.attempts()).as("never retried itself").hasSize(2);
        });
    }

    @Test
    void causesThatGoRoundInACircleAreSearchedOnce() {
        IllegalStateException one = new IllegalStateException("one");
        IllegalArgumentException other = new IllegalArgumentException(one);
        one.initCause(other);
        run(Map.of(), carrier -> {
            carrier.outage(() -> one);
            assertThat(shipInVain(carrier, "1")).isSameAs(one);
            assertThat(carrier.attempts()).hasSize(4);
        });
    }

    // circuit breakers

    private static Supplier<RuntimeException> openCircuitBreaker() {
        CircuitBreaker breaker = CircuitBreaker.ofDefaults("carrier");
        breaker.transitionToOpenState();
        return () -> (RuntimeException) catchThrowable(() -> breaker.executeSupplier(() -> "called"));
    }

    @Test
    void whatAnOpenCircuitBreakerRefusesIsNotRetried() {
        run(Map.of("includes", "java.lang.RuntimeException"), carrier -> {
            Supplier<RuntimeException> refusal = openCircuitBreaker();
            carrier.outage(refusal);
            assertThat(shipInVain(carrier, "1")).isInstanceOf(CallNotPermittedException.class);
            carrier.outage(() -> new IllegalStateException("No fallback available", refusal.get()));
            assertThat(shipInVain(carrier, "2")).hasCauseInstanceOf(CallNotPermittedException.class);
            assertThat(carrier.attempts()).hasSize(2);
        });
    }

    @Test
    void unlessItsTypeIsIncludedByName() {
        run(Map.of("includes", CallNotPermittedException.class.getName()), carrier -> {
            Supplier<RuntimeException> refusal = openCircuitBreaker();
            carrier.outage(refusal);
            shipInVain(carrier, "1");
            carrier.outage(() -> new IllegalStateException("No fallback available", refusal.get()));
            shipInVain(carrier, "2");
            assertThat(carrier.attempts()).hasSize(4 + 4);
        });
    }

    // what remains

    @Test
    void anAttemptKnowsHowLongTheCallMayStillTake() {
        List<Duration> remaining = new ArrayList<>();
        Supplier<RuntimeException> failing = () -> {
            remaining.add(IdempotencyContext.current().remaining());
            return new IllegalStateException();
        };
        run(Map.of("timeout", "10m", "max-retries", "1"), carrier -> {
            carrier.outage(failing);
            shipInVain(carrier, "1");
        });
        assertThat(remaining)
                .hasSize(2)
                .allSatisfy(rest -> assertThat(rest).isBetween(Duration.ofMinutes(9), Duration.ofMinutes(10)));
        assertThat(remaining.get(1)).isLessThan(remaining.get(0));
        remaining.clear();
        run(Map.of("max-retries", "1"), carrier -> {
            carrier.outage(failing);
            shipInVain(carrier, "1");
        });
        assertThat(remaining)
                .hasSize(2)
                .allSatisfy(rest -> assertThat(rest).isBetween(Duration.ofMinutes(59), Duration.ofHours(1)));
    }
}
