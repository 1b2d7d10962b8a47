package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.Outcome;
import io.idempotent.codec.ReferenceOutcomeCodec;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.IdempotencyStore;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class IdempotencyEngineTest {

    private static final Operation<String> PAY =
            Operation.builder("payment-service-pay", String.class).build();

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final RecordedEvents events = new RecordedEvents();
    private final IdempotencyEngine engine = builder().build();
    private final Callers callers = new Callers();

    private IdempotencyEngine.Builder builder() {
        return IdempotencyEngine.builder(store).ticker(ticker).listener(events).errorHandler(events);
    }

    @AfterEach
    void close() {
        callers.close();
        engine.close();
    }

    private static String call(IdempotencyEngine node, String key) throws Exception {
        return node.execute(PAY, key, Fingerprint.none(), () -> "receipt");
    }

    // listeners

    @Test
    void listenersAreToldInOrderOnTheCallingThreadBeforeTheCallReturns() throws Exception {
        List<String> told = new ArrayList<>();
        class Named implements IdempotencyListener {
            private final String name;

            Named(String name) {
                this.name = name;
            }

            private void tell(String event) {
                told.add(name + " " + event + " " + Thread.currentThread().getId());
            }

            @Override
            public void claimed(IdempotencyContext context) {
                tell("claimed");
            }

            @Override
            public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
                tell("completed after " + took);
            }

            @Override
            public void replayed(IdempotencyKey key, @Nullable String traceId) {
                tell("replayed");
            }
        }
        long thread = Thread.currentThread().getId();
        try (IdempotencyEngine told2 =
                builder().listener(new Named("a")).listener(new Named("b")).build()) {
            told2.execute(PAY, "4711", Fingerprint.none(), () -> {
                told.add("ran");
                ticker.elapse(Duration.ofSeconds(2));
                return "";
            });
            call(told2, "4711");
        }
        assertThat(told)
                .containsExactly(
                        "a claimed " + thread,
                        "b claimed " + thread,
                        "ran",
                        "a completed after PT2S " + thread,
                        "b completed after PT2S " + thread,
                        "a replayed " + thread,
                        "b replayed " + thread);
    }

    /** Fails whatever it is told. */
    private static final class FailingListener implements IdempotencyListener {

        private final Throwable failure;

        FailingListener(Throwable failure) {
            this.failure = failure;
        }

        @Override
        public void claimed(IdempotencyContext context) {
            throw Sneaky.raise(failure);
        }

        @Override
        public void completed(IdempotencyContext context, Outcome outcome, Duration took) {
            throw Sneaky.raise(failure);
        }

        @Override
        public void released(IdempotencyContext context, @Nullable Throwable thrown, Duration took) {
            throw Sneaky.raise(failure);
        }

        @Override
        public void replayed(IdempotencyKey key, @Nullable String traceId) {
            throw Sneaky.raise(failure);
        }

        @Override
        public void refused(IdempotencyKey key, IdempotencyException refusal) {
            throw Sneaky.raise(failure);
        }
    }

    private void assertThatNoListenerChangesACall(Throwable failure) throws Exception {
        try (IdempotencyEngine told = IdempotencyEngine.builder(store)
                .ticker(ticker)
                .listener(new FailingListener(failure))
                .listener(events)
                .errorHandler(events)
                .build()) {
            assertThat(call(told, "4711")).isEqualTo("receipt");
            assertThat(call(told, "4711")).isEqualTo("receipt");
            IllegalStateException declined = new IllegalStateException("declined");
            assertThatIllegalStateException()
                    .isThrownBy(() -> told.execute(PAY, "4712", Fingerprint.none(), () -> {
                        assertThatExceptionOfType(IdempotencyInProgressException.class)
                                .isThrownBy(() -> call(told, "4712"));
                        throw declined;
                    }))
                    .isSameAs(declined);
            assertThat(declined).hasNoSuppressedExceptions();
        }
        // The one after it was told all the same.
        assertThat(events.names())
                .containsExactly("claimed", "completed", "replayed", "claimed", "refused", "released");
        assertThat(events.errors()).hasSize(6).allSatisfy(error -> {
            assertThat(error.failure()).isSameAs(failure);
            assertThat(error.message())
                    .isEqualTo("The listener " + FailingListener.class.getName() + " failed; the call is not affected");
        });
        assertThat(store.find(PAY.key("4712"))).isNull();
    }

    @Test
    void aListenerThatFailsChangesNothingAndIsReported() throws Exception {
        assertThatNoListenerChangesACall(new IllegalStateException("full disk"));
    }

    @Test
    void anErrorInAListenerChangesNothingAndIsReported() throws Exception {
        assertThatNoListenerChangesACall(new NoClassDefFoundError("io/micrometer/Observation"));
    }

    @Test
    void anErrorHandlerThatFailsChangesNothing() throws Exception {
        try (IdempotencyEngine told = IdempotencyEngine.builder(store)
                .ticker(ticker)
                .listener(new FailingListener(new IllegalStateException("full disk")))
                .listener(events)
                .errorHandler((message, failure) -> {
                    throw new IllegalStateException("full disk");
                })
                .build()) {
            assertThat(call(told, "4711")).isEqualTo("receipt");
            assertThat(call(told, "4711")).isEqualTo("receipt");
        }
        assertThat(events.names()).containsExactly("claimed", "completed", "replayed");
    }

    @Test
    void renewalsGoOnAfterAnErrorThatTheErrorHandlerFailedOn() throws Exception {
        Operation<String> operation = Operation.builder("payment-service-pay", String.class)
                .lease(Duration.ofMillis(60))
                .build();
        store.meet(Request.RENEW, request -> {
            throw new AssertionError("a bug of the store");
        });
        try (IdempotencyEngine told = IdempotencyEngine.builder(store)
                .ticker(ticker)
                .errorHandler((message, failure) -> {
                    throw new IllegalStateException("full disk");
                })
                .build()) {
            told.execute(operation, "4711", Fingerprint.none(), () -> {
                ticker.elapse(Duration.ofMillis(20));
                Callers.until(() -> store.count(Request.RENEW) >= 3);
                return "receipt";
            });
        }
    }

    @Test
    void aFailureThatNobodyHandlesGoesToTheThreadsHandler() throws Exception {
        List<Throwable> uncaught = new ArrayList<>();
        IllegalStateException failure = new IllegalStateException("full disk");
        try (IdempotencyEngine told = IdempotencyEngine.builder(store)
                .listener(new FailingListener(failure))
                .build()) {
            Thread caller = new Thread(() -> {
                try {
                    call(told, "4711");
                } catch (Exception unexpected) {
                    uncaught.add(unexpected);
                }
            });
            caller.setUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
            caller.start();
            caller.join();
        }
        assertThat(uncaught)
                .hasSize(2)
                .allSatisfy(thrown -> assertThat(thrown)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("failed; the call is not affected")
                        .hasCause(failure));
    }

    // closing

    @Test
    void closingWaitsForRunningCallsWhoseLeasesAreRenewedMeanwhile() throws Exception {
        Duration lease = Duration.ofMillis(60);
        Operation<String> operation = Operation.builder("payment-service-pay", String.class)
                .lease(lease)
                .build();
        Callers.Gate gate = new Callers.Gate();
        Future<String> running =
                callers.call(() -> engine.execute(operation, "4711", Fingerprint.none(), () -> gate.pass("receipt")));
        gate.awaitEntered();
        Future<String> closing = callers.call(() -> {
            engine.close();
            return "closed";
        });
        Callers.until(() -> {
            try {
                call(engine, "other");
                return false;
            } catch (IllegalStateException closed) {
                return true;
            }
        });
        for (int half = 0; half < 4; half++) {
            int before = store.count(Request.RENEW);
            ticker.elapse(lease.dividedBy(2));
            Callers.until(() -> store.count(Request.RENEW) > before);
        }
        assertThat(closing).isNotDone();
        gate.open();
        assertThat(Callers.get(closing)).isEqualTo("closed");
        assertThat(Callers.get(running)).isEqualTo("receipt");
        assertThat(events.named("leaseLost")).isEmpty();
    }

    @Test
    void aKeyThatIsNotAcceptableIsNeverClaimed() {
        for (String value : List.of("", " ", "a\nb", "x".repeat(IdempotencyKey.MAXIMUM_LENGTH + 1))) {
            IdempotencyKey key = IdempotencyKey.unchecked("payment-service-pay", "", value);
            assertThatExceptionOfType(IdempotencyKeyException.class)
                    .isThrownBy(() -> engine.execute(PAY, key, Fingerprint.none(), execution -> "not run"));
            assertThat(store.find(key)).isNull();
        }
        assertThat(events.names()).isEmpty();
    }

    @Test
    void aClosedEngineRefusesCallsAndLeavesTheStoreOpen() throws Exception {
        call(engine, "4711");
        engine.close();
        engine.close();
        for (String key : List.of("4711", "4712")) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> call(engine, key))
                    .withMessage("The engine is closed; 'payment-service-pay:" + key + "' was not run");
        }
        try (IdempotencyEngine next = builder().build()) {
            assertThat(next.store()).isSameAs(store);
            call(next, "4711");
        }
        assertThat(events.names()).containsExactly("claimed", "completed", "replayed");
    }

    @Test
    void aCallThatGetsItsClaimWhenTheEngineIsClosedDoesNotRunAndGivesTheKeyBack() {
        store.meet(Request.CLAIM, request -> {
            Object answer = request.get();
            engine.close();
            return answer;
        });
        assertThatIllegalStateException()
                .isThrownBy(() -> call(engine, "4711"))
                .withMessage("The engine is closed; 'payment-service-pay:4711' was not run");
        assertThat(store.find(PAY.key("4711"))).isNull();
        assertThat(events.all()).isEmpty();
    }

    @Test
    void closingWaitsNoLongerThanItIsToldAndTheCallEndsAsItWould() throws Exception {
        Callers.Gate gate = new Callers.Gate();
        IdempotencyEngine hasty = builder().closeTimeout(Duration.ZERO).build();
        Future<String> running =
                callers.call(() -> hasty.execute(PAY, "4711", Fingerprint.none(), () -> gate.pass("receipt")));
        gate.awaitEntered();
        hasty.close();
        assertThat(running).isNotDone();
        gate.open();
        assertThat(Callers.get(running)).isEqualTo("receipt");
        assertThat(call(engine, "4711")).isEqualTo("receipt");
        assertThat(events.names()).containsExactly("claimed", "completed", "replayed");
    }

    @Test
    void anInterruptedClosingEndsWithItsFlagSet() throws Exception {
        Callers.Gate gate = new Callers.Gate();
        Future<String> running =
                callers.call(() -> engine.execute(PAY, "4711", Fingerprint.none(), () -> gate.pass("receipt")));
        gate.awaitEntered();
        Thread.currentThread().interrupt();
        engine.close();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(running).isNotDone();
        gate.open();
        assertThat(Callers.get(running)).isEqualTo("receipt");
    }

    // what cannot be configured

    private static void assertRefused(ThrowingCallable configuring, String description, String action) {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(configuring)
                .satisfies(wrong -> {
                    assertThat(wrong.description()).isEqualTo(description);
                    assertThat(wrong.action()).isEqualTo(action);
                });
    }

    @Test
    void settingsOfAnEngineThatCannotBeAreRefused() {
        Duration negative = Duration.ofNanos(-1);
        assertRefused(() -> builder().maxWaiters(-1), "max-waiters is -1", "It has to be zero or more");
        assertRefused(
                () -> builder().completionTimeout(negative),
                "The completion timeout is PT-0.000000001S",
                "It has to be zero or more");
        assertRefused(
                () -> builder().closeTimeout(negative),
                "The close timeout is PT-0.000000001S",
                "It has to be zero or more");
    }

    @Test
    void aStoreOfBytesNeedsACodec() {
        InvocationHandler bytes =
                (proxy, method, arguments) -> method.getName().equals("keepsReferences") ? false : null;
        IdempotencyStore ofBytes = (IdempotencyStore)
                Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {IdempotencyStore.class}, bytes);
        assertRefused(
                () -> IdempotencyEngine.builder(ofBytes).build(),
                "The store " + ofBytes.getClass().getName() + " keeps bytes, and no codec is given to make them",
                "Give the engine a codec, such as JacksonOutcomeCodec");
        IdempotencyEngine.builder(ofBytes)
                .codec(new ReferenceOutcomeCodec())
                .build()
                .close();
    }

    @Test
    void settingsOfAnOperationThatCannotBeAreRefused() {
        Operation.Builder<String> pay = Operation.builder("pay", String.class);
        Duration negative = Duration.ofNanos(-1);
        for (Duration duration : List.of(Duration.ZERO, negative)) {
            assertRefused(
                    () -> pay.retention(duration),
                    "The retention of operation 'pay' is " + duration,
                    "It has to be more than zero");
            assertRefused(
                    () -> pay.maxRun(duration),
                    "The max-run of operation 'pay' is " + duration,
                    "It has to be more than zero");
        }
        assertRefused(
                () -> pay.lease(Duration.ofMillis(10).minusNanos(1)),
                "The lease of operation 'pay' is PT0.009999999S",
                "It has to be at least 10 ms");
        assertRefused(
                () -> pay.waitAtMost(negative),
                "The wait-at-most of operation 'pay' is PT-0.000000001S",
                "It has to be zero or more");
        assertRefused(
                () -> Operation.builder("a.b", String.class),
                "'a.b' is no name for an operation",
                "Use 1 to 200 ASCII letters, digits, hyphens or underscores");
    }

    @Test
    void anOperationHasTheDefaultsThatAreDocumented() {
        assertThat(PAY.name()).isEqualTo("payment-service-pay");
        assertThat(PAY.retention()).isEqualTo(Duration.ofHours(24));
        assertThat(PAY.lease()).isEqualTo(Duration.ofSeconds(30));
        assertThat(PAY.maxRun()).isEqualTo(Duration.ofHours(1));
        assertThat(PAY.waitAtMost()).isZero();
        assertThat(PAY.whenStoreFails()).isEqualTo(WhenStoreFails.REFUSE);
        assertThat(PAY.type().failures()).isEmpty();
        assertThat(PAY).hasToString("Operation[payment-service-pay]");
    }

    @Test
    void durationsWithoutEndAreTakenAsVeryLong() throws Exception {
        Duration forever = Duration.ofSeconds(Long.MAX_VALUE);
        Operation<String> operation = Operation.builder("pay", String.class)
                .retention(forever)
                .lease(forever)
                .maxRun(forever)
                .waitAtMost(forever)
                .build();
        try (IdempotencyEngine patient =
                builder().completionTimeout(forever).closeTimeout(forever).build()) {
            assertThat(patient.execute(operation, "4711", Fingerprint.none(), () -> {
                        ticker.elapse(Duration.ofDays(36_500));
                        assertThat(IdempotencyContext.current().leaseLost()).isFalse();
                        return "receipt";
                    }))
                    .isEqualTo("receipt");
            assertThat(patient.execute(operation, "4711", Fingerprint.none(), () -> "never"))
                    .isEqualTo("receipt");
        }
    }
}
