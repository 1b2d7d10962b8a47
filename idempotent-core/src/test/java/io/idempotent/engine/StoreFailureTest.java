package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.engine.TroubledStore.Request;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StoreFailureTest {

    private static final Duration LEASE = Duration.ofMillis(60);
    private static final Operation<String> PAY = Operation.builder("payment-service-pay", String.class)
            .recordFailures(List.of(IOException.class))
            .build();
    private static final Operation<String> FAIL_OPEN = Operation.builder("payment-service-pay", String.class)
            .whenStoreFails(WhenStoreFails.RUN)
            .build();
    private static final IdempotencyKey KEY = PAY.key("4711");

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final RecordedEvents events = new RecordedEvents();
    private final IdempotencyEngine engine = engine(IdempotencyEngine.DEFAULT_COMPLETION_TIMEOUT);
    private final IdempotencyEngine atOnce = engine(Duration.ZERO);
    private final AtomicInteger runs = new AtomicInteger();

    private IdempotencyEngine engine(Duration completionTimeout) {
        return IdempotencyEngine.builder(store)
                .completionTimeout(completionTimeout)
                .ticker(ticker)
                .listener(events)
                .errorHandler(events)
                .build();
    }

    @AfterEach
    void close() {
        engine.close();
        atOnce.close();
    }

    private String call(IdempotencyEngine node, Operation<String> operation) throws Exception {
        return node.execute(operation, "4711", Fingerprint.none(), () -> "receipt of run " + runs.incrementAndGet());
    }

    private static String fail(IdempotencyEngine node, Exception failure) throws Exception {
        return node.execute(PAY, "4711", Fingerprint.none(), () -> {
            throw failure;
        });
    }

    // claiming

    @Test
    void whileTheStoreFailsNothingIsRun() throws Exception {
        store.fail(Request.CLAIM, 2);
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> call(engine, PAY))
                .withMessage("The store failed twice to claim 'payment-service-pay:4711'; if it took effect"
                        + " nevertheless, the key is held until its lease of 30.0 s ends: call again after that")
                .satisfies(failure -> {
                    assertThat(failure.key()).isEqualTo(KEY);
                    assertThat(failure.isTransient()).isTrue();
                    assertThat(failure.getCause())
                            .hasMessage("The line is down")
                            .hasCauseInstanceOf(IOException.class);
                    assertThat(failure.getCause().getSuppressed())
                            .singleElement()
                            .isInstanceOf(IdempotencyStoreException.class);
                    assertThat(events.all()).singleElement().satisfies(event -> {
                        assertThat(event.name()).isEqualTo("refused");
                        assertThat(event.detail()).isSameAs(failure);
                    });
                });
        assertThat(store.count(Request.CLAIM)).isEqualTo(2);
        assertThat(runs).hasValue(0);
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
    }

    @Test
    void whateverAStoreThrowsBecomesAFailureOfTheStore() {
        IllegalStateException foreign = new IllegalStateException("secret");
        store.meet(Request.CLAIM, request -> {
            throw foreign;
        });
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> call(engine, PAY))
                .withMessage("The store failed to claim 'payment-service-pay:4711': java.lang.IllegalStateException")
                .withCause(foreign)
                .satisfies(failure -> assertThat(failure.key()).isEqualTo(KEY));
        assertThat(runs).hasValue(0);
    }

    @Test
    void aFailureThatDoesNotPassIsNotAskedForAgain() {
        IdempotencyStoreException lasting = TroubledStore.lastingFailure();
        store.meet(Request.CLAIM, request -> {
            throw lasting;
        });
        assertThat(catchThrowable(() -> call(engine, PAY))).isSameAs(lasting);
        assertThat(store.count(Request.CLAIM)).isEqualTo(1);
        assertThat(runs).hasValue(0);
    }

    @Test
    void aClaimThatFailsAgainInAWayThatDoesNotPassIsRefusedAsSuch() {
        IdempotencyStoreException passing = TroubledStore.failure();
        IdempotencyStoreException lasting = TroubledStore.lastingFailure();
        store.meet(Request.CLAIM, request -> {
            throw store.count(Request.CLAIM) == 1 ? passing : lasting;
        });
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> call(engine, PAY))
                .withCause(lasting)
                .satisfies(failure -> assertThat(failure.isTransient()).isFalse());
        assertThat(lasting.getSuppressed()).containsExactly(passing);
    }

    @Test
    void aStoreThatThrowsTheSameFailureTwiceIsToldSo() {
        IdempotencyStoreException same = TroubledStore.failure();
        store.meet(Request.CLAIM, request -> {
            throw same;
        });
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> call(engine, PAY))
                .withCause(same);
        assertThat(same.getSuppressed()).isEmpty();
    }

    @Test
    void aClaimWhoseAnswerWasLostIsAskedForAgainAndRunsOnceWithinThatClaim() throws Throwable {
        List<Object> answers = new ArrayList<>();
        store.meet(Request.CLAIM, request -> {
            Object answer = request.get();
            answers.add(answer);
            if (answers.size() == 1) {
                ticker.elapse(Duration.ofSeconds(10));
                throw TroubledStore.failure();
            }
            return answer;
        });
        assertThat(engine.execute(PAY, KEY, Fingerprint.none(), execution -> {
                    assertThat(execution.takeovers()).isZero();
                    assertThat(execution.lease().remaining())
                            .as("counted from before the first request")
                            .isEqualTo(Duration.ofSeconds(20).toNanos());
                    return "receipt of run " + runs.incrementAndGet();
                }))
                .isEqualTo("receipt of run 1");
        assertThat(answers).hasSize(2);
        assertThat(Set.copyOf(answers)).as("one claim").hasSize(1);
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
        assertThat(store.find(KEY).takeovers()).isZero();
        assertThat(events.names()).containsExactly("claimed", "completed", "replayed");
    }

    @Test
    void aClaimWhoseAnswerWasLostUntilItsLeaseWasOverIsNotRunAndGivenBack() {
        store.meet(Request.CLAIM, request -> {
            Object answer = request.get();
            if (store.count(Request.CLAIM) == 1) {
                ticker.elapse(PAY.lease());
                throw TroubledStore.failure();
            }
            return answer;
        });
        assertThatExceptionOfType(IdempotencyClaimLostException.class).isThrownBy(() -> call(engine, PAY));
        assertThat(runs).hasValue(0);
        assertThat(store.find(KEY)).isNull();
    }

    @Test
    void aCompletedKeyWhoseAnswerWasLostIsReplayed() throws Exception {
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
        store.loseAnswers(Request.CLAIM, 1);
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
    }

    @Test
    void whereTheOperationRunsUnprotectedALostAnswerDoesNotMakeIt() throws Exception {
        store.loseAnswers(Request.CLAIM, 1);
        assertThat(call(engine, FAIL_OPEN)).isEqualTo("receipt of run 1");
        assertThat(events.names()).containsExactly("claimed", "completed");
    }

    @Test
    void aClaimWhoseAnswerWasLostTwiceRunsNothingAndItsKeyIsTakenOverAfterTheLease() throws Exception {
        store.loseAnswers(Request.CLAIM, 2);
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> call(engine, PAY))
                .withMessageEndingWith("the key is held until its lease of 30.0 s ends: call again after that");
        assertThat(runs).hasValue(0);
        assertThatExceptionOfType(IdempotencyInProgressException.class).isThrownBy(() -> call(engine, PAY));
        ticker.elapse(PAY.lease());
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
    }

    @Test
    void whereTheOperationSaysSoItRunsUnprotectedWhileTheStoreFails() throws Throwable {
        store.fail(Request.CLAIM, 4);
        for (int time = 1; time <= 2; time++) {
            String result = engine.execute(FAIL_OPEN, KEY, Fingerprint.none(), execution -> {
                assertThat(IdempotencyContext.current()).isSameAs(execution);
                assertThat(execution.fencingToken()).isZero();
                assertThat(execution.takeovers()).isZero();
                assertThat(execution.key()).isEqualTo(KEY);
                ticker.elapse(PAY.lease().multipliedBy(2));
                assertThat(execution.leaseLost()).isFalse();
                execution.beginAttempt();
                execution.beginAttempt();
                assertThat(execution.attempt()).isEqualTo(2);
                assertThat(execution.remaining()).isNull();
                return "receipt of run " + runs.incrementAndGet();
            });
            assertThat(result).isEqualTo("receipt of run " + time);
        }
        assertThat(IdempotencyContext.currentOrNull()).isNull();
        assertThat(events.names()).containsExactly("unprotected", "unprotected");
        assertThat(events.all().get(0).detail()).isInstanceOf(IdempotencyStoreException.class);
        assertThat(store.count(Request.COMPLETE)).isZero();

        assertThat(call(engine, FAIL_OPEN)).isEqualTo("receipt of run 3");
        assertThat(call(engine, FAIL_OPEN)).isEqualTo("receipt of run 3");
    }

    @Test
    void whatRunsUnprotectedThrowsWhatItThrows() {
        store.fail(Request.CLAIM);
        IOException declined = new IOException("declined");
        assertThat(catchThrowable(() -> engine.execute(FAIL_OPEN, "4711", Fingerprint.none(), () -> {
                    throw declined;
                })))
                .isSameAs(declined);
        assertThat(IdempotencyContext.currentOrNull()).isNull();
        assertThat(declined).hasNoSuppressedExceptions();
    }

    @Test
    void whatRunsUnprotectedDoesNotRunWithinItselfEither() throws Exception {
        store.fail(Request.CLAIM);
        engine.execute(FAIL_OPEN, "4711", Fingerprint.none(), () -> {
            assertThatExceptionOfType(IdempotencyInProgressException.class)
                    .isThrownBy(() -> call(engine, FAIL_OPEN))
                    .satisfies(refusal ->
                            assertThat(refusal.reason()).isEqualTo(IdempotencyInProgressException.Reason.REENTRANT));
            return "";
        });
        assertThat(runs).hasValue(0);
    }

    // completing

    @Test
    void completingIsTriedAgainUntilTheStoreIsBackAndTheOperationRanOnce() throws Exception {
        store.fail(Request.COMPLETE, 2);
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
        assertThat(store.count(Request.COMPLETE)).isEqualTo(3);
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
        assertThat(events.names()).containsExactly("claimed", "completed", "replayed");
        assertThat(runs).hasValue(1);
    }

    private static IdempotencyStoreException refusal() {
        return IdempotencyStoreException.refusal(
                "The store refused a value of 2000000 bytes", KEY, new IllegalStateException("it is too large"));
    }

    @Test
    void anOutcomeThatTheStoreRefusesForGoodIsRecordedAsNotReplayableAtOnce() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        store.meet(Request.COMPLETE, request -> {
            if (tries.incrementAndGet() == 1) {
                throw refusal();
            }
            return request.get();
        });
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
        assertThat(tries).hasValue(2);
        assertThat(events.names()).containsExactly("claimed", "notReplayable", "completed");
        assertThat(events.named("notReplayable").get(0).detail())
                .asString()
                .contains("The store refused a value of 2000000 bytes")
                .doesNotContain("receipt of run 1");
        assertThatExceptionOfType(IdempotencyOutcomeException.class)
                .isThrownBy(() -> call(engine, PAY))
                .withMessageContaining("The store refused a value of 2000000 bytes");
        assertThat(runs).hasValue(1);
    }

    @Test
    void aStoreThatRefusesThatAnOutcomeIsNotReplayableTooIsAskedUntilTheTimeIsOver() throws Exception {
        store.meet(Request.COMPLETE, request -> {
            ticker.elapse(Duration.ofMillis(30));
            throw refusal();
        });
        try (IdempotencyEngine hurried = engine(Duration.ofMillis(100))) {
            assertThat(call(hurried, PAY)).isEqualTo("receipt of run 1");
        }
        assertThat(events.names()).containsExactly("claimed", "completionFailed");
        assertThat(store.find(KEY).outcome()).isNull();
    }

    @Test
    void theLeaseIsRenewedWhileCompletingIsTriedAgain() throws Exception {
        Operation<String> operation = Operation.builder("payment-service-pay", String.class)
                .lease(LEASE)
                .build();
        AtomicInteger failed = new AtomicInteger();
        store.meet(Request.COMPLETE, request -> {
            assertThat(store.find(KEY).isAbandoned()).isFalse();
            // A lease and a half long, each half of one after the renewal of the half before.
            if (store.count(Request.RENEW) >= 3) {
                return request.get();
            }
            if (store.count(Request.RENEW) >= failed.get()) {
                failed.incrementAndGet();
                ticker.elapse(LEASE.dividedBy(2));
            }
            throw TroubledStore.failure();
        });
        assertThat(call(engine, operation)).isEqualTo("receipt of run 1");
        assertThat(failed).hasValue(3);
        assertThat(call(engine, operation)).isEqualTo("receipt of run 1");
        assertThat(events.named("leaseLost")).isEmpty();
    }

    @Test
    void aRenewalThatIsRefusedSinceTheKeyIsCompletedTellsNoLoss() throws Exception {
        Operation<String> operation = Operation.builder("payment-service-pay", String.class)
                .lease(LEASE)
                .build();
        AtomicInteger tries = new AtomicInteger();
        store.meet(Request.COMPLETE, request -> {
            if (tries.incrementAndGet() == 1) {
                // It takes effect, and its answer is lost.
                assertThat(request.get()).isNotNull();
                ticker.elapse(LEASE.dividedBy(2));
            }
            if (store.count(Request.RENEW) == 0) {
                throw TroubledStore.failure();
            }
            return request.get();
        });
        assertThat(call(engine, operation)).isEqualTo("receipt of run 1");
        assertThat(store.count(Request.RENEW)).isPositive();
        assertThat(events.names()).containsExactly("claimed", "completed");
    }

    @Test
    void completingIsGivenUpWhenItsTimeIsOver() throws Exception {
        store.meet(Request.COMPLETE, request -> {
            ticker.elapse(Duration.ofMillis(30));
            throw TroubledStore.failure();
        });
        try (IdempotencyEngine hurried = engine(Duration.ofMillis(100))) {
            assertThat(call(hurried, PAY)).isEqualTo("receipt of run 1");
        }
        assertThat(store.count(Request.COMPLETE)).isEqualTo(4);
        assertThat(events.names()).containsExactly("claimed", "completionFailed");
    }

    @Test
    void whenCompletingFailsToTheEndTheCallerHasItsResultAndTheKeyIsAbandoned() throws Exception {
        IllegalStateException foreign = new IllegalStateException("pool closed");
        store.meet(Request.COMPLETE, request -> {
            throw foreign;
        });
        assertThat(call(atOnce, PAY)).isEqualTo("receipt of run 1");
        assertThat(store.count(Request.COMPLETE)).isEqualTo(1);
        assertThat(events.names()).containsExactly("claimed", "completionFailed");
        assertThat(events.all().get(1).detail()).isInstanceOfSatisfying(IdempotencyStoreException.class, failure -> {
            assertThat(failure)
                    .hasMessage("The store failed to complete 'payment-service-pay:4711':"
                            + " java.lang.IllegalStateException")
                    .hasCause(foreign);
            assertThat(failure.key()).isEqualTo(KEY);
        });

        store.heal(Request.COMPLETE);
        assertThatExceptionOfType(IdempotencyInProgressException.class).isThrownBy(() -> call(atOnce, PAY));
        ticker.elapse(PAY.lease());
        assertThat(store.find(KEY).isAbandoned()).isTrue();
        assertThat(call(atOnce, PAY)).isEqualTo("receipt of run 2");
        assertThat(store.find(KEY).takeovers()).isEqualTo(1);
    }

    @Test
    void aCompletionWhoseAnswerWasLostIsRecordedOnceAndReplayed() throws Exception {
        store.loseAnswers(Request.COMPLETE, 1);
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
        assertThat(store.count(Request.COMPLETE)).isEqualTo(2);
        assertThat(events.names()).containsExactly("claimed", "completed", "replayed");
    }

    @Test
    void aCompletionWhoseAnswerWasLostToTheEndIsReplayedAllTheSame() throws Exception {
        store.loseAnswers(Request.COMPLETE, 1);
        assertThat(call(atOnce, PAY)).isEqualTo("receipt of run 1");
        assertThat(call(atOnce, PAY)).isEqualTo("receipt of run 1");
        assertThat(events.names()).containsExactly("claimed", "completionFailed", "replayed");
    }

    // the user's exception wins

    @Test
    void whenReleasingFailsTheUsersExceptionWinsWithOursSuppressed() {
        store.fail(Request.RELEASE);
        IllegalStateException declined = new IllegalStateException("declined");
        assertThat(catchThrowable(() -> fail(atOnce, declined))).isSameAs(declined);
        assertThat(declined.getSuppressed())
                .singleElement()
                .satisfies(ours -> assertThat(ours)
                        .isInstanceOf(IdempotencyStoreException.class)
                        .hasMessage("The line is down"));
        assertThat(events.names()).containsExactly("claimed", "completionFailed");
        assertThat(store.find(KEY)).isNotNull();
    }

    @Test
    void whenRecordingAFailureFailsTheUsersExceptionWinsWithOursSuppressed() {
        store.fail(Request.COMPLETE);
        IOException declined = new IOException("declined");
        assertThat(catchThrowable(() -> fail(atOnce, declined))).isSameAs(declined);
        assertThat(declined.getSuppressed()).singleElement().isInstanceOf(IdempotencyStoreException.class);
    }

    @Test
    void evenAnErrorOfTheStoreIsOnlySuppressed() {
        AssertionError bug = new AssertionError("a bug of the store");
        store.meet(Request.RELEASE, request -> {
            throw bug;
        });
        AssertionError own = new AssertionError("a bug of the user");
        assertThat(catchThrowable(() -> atOnce.execute(PAY, "4711", Fingerprint.none(), () -> {
                    throw own;
                })))
                .isSameAs(own);
        assertThat(own.getSuppressed())
                .singleElement()
                .isInstanceOf(IdempotencyStoreException.class)
                .satisfies(ours -> assertThat(ours).hasCause(bug));
    }

    @Test
    void anErrorOfTheStoreDoesNotCostTheCallerItsResult() throws Exception {
        store.meet(Request.COMPLETE, request -> {
            throw new NoClassDefFoundError("a driver");
        });
        assertThat(call(atOnce, PAY)).isEqualTo("receipt of run 1");
        assertThat(events.names()).containsExactly("claimed", "completionFailed");
    }

    @Test
    void anErrorOfTheStoreOnClaimingIsAFailureOfTheStore() {
        store.meet(Request.CLAIM, request -> {
            throw new NoClassDefFoundError("a driver");
        });
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> call(atOnce, PAY))
                .withCauseInstanceOf(NoClassDefFoundError.class);
    }

    @Test
    void releasingIsTriedAgainUntilTheStoreIsBack() throws Exception {
        store.fail(Request.RELEASE, 2);
        IllegalStateException declined = new IllegalStateException("declined");
        assertThat(catchThrowable(() -> fail(engine, declined)))
                .isSameAs(declined)
                .hasNoSuppressedExceptions();
        assertThat(store.count(Request.RELEASE)).isEqualTo(3);
        assertThat(events.names()).containsExactly("claimed", "released");
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
    }

    @Test
    void aResultThatIsNotToBeRecordedIsGivenEvenWhenReleasingFails() throws Throwable {
        store.fail(Request.RELEASE);
        assertThat(atOnce.execute(PAY, KEY, Fingerprint.none(), new IdempotentWork<>() {
                    @Override
                    public String run(Execution execution) {
                        return "pending";
                    }

                    @Override
                    public boolean releases(String result) {
                        return true;
                    }
                }))
                .isEqualTo("pending");
    }

    // interrupts

    private void refuseInterrupted(Request kind) {
        store.meet(kind, request -> {
            if (Thread.currentThread().isInterrupted()) {
                throw TroubledStore.failure();
            }
            return request.get();
        });
    }

    @Test
    void anInterruptedOperationIsCompletedAndTheFlagIsRestored() throws Exception {
        refuseInterrupted(Request.COMPLETE);
        assertThat(atOnce.execute(PAY, "4711", Fingerprint.none(), () -> {
                    Thread.currentThread().interrupt();
                    return "receipt";
                }))
                .isEqualTo("receipt");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(call(atOnce, PAY)).isEqualTo("receipt");
        assertThat(Thread.interrupted()).isFalse();
    }

    @Test
    void anInterruptedOperationThatFailsIsReleasedAndTheFlagIsRestored() throws Exception {
        refuseInterrupted(Request.RELEASE);
        IllegalStateException declined = new IllegalStateException("declined");
        assertThat(catchThrowable(() -> atOnce.execute(PAY, "4711", Fingerprint.none(), () -> {
                    Thread.currentThread().interrupt();
                    throw declined;
                })))
                .isSameAs(declined)
                .hasNoSuppressedExceptions();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(store.find(KEY)).isNull();
    }

    @Test
    void aClaimOfAnInterruptedThreadIsMadeAndTheFlagIsRestored() throws Exception {
        refuseInterrupted(Request.CLAIM);
        Thread.currentThread().interrupt();
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
        assertThat(Thread.interrupted()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aClaimWhoseAnswerAnInterruptTakesAwayIsAskedForOnceMoreElsewhere(boolean keepsFlag) throws Exception {
        AtomicReference<Thread> second = new AtomicReference<>();
        store.meet(Request.CLAIM, made -> {
            Object answer = made.get();
            if (store.count(Request.CLAIM) == 1) {
                if (keepsFlag) {
                    Thread.currentThread().interrupt();
                }
                throw new IllegalStateException("no answer", new InterruptedException());
            }
            second.set(Thread.currentThread());
            return answer;
        });
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(second.get()).isNotNull().isNotEqualTo(Thread.currentThread());
        assertThat(store.count(Request.CLAIM)).isEqualTo(2);
        assertThat(events.names()).containsExactly("claimed", "completed");
    }

    @Test
    void nothingRunsUnprotectedBecauseAnInterruptBrokeTheStore() {
        store.meet(Request.CLAIM, made -> {
            if (store.count(Request.CLAIM) == 1) {
                Thread.currentThread().interrupt();
            }
            throw TroubledStore.lastingFailure();
        });
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> call(engine, FAIL_OPEN))
                .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(1));
        assertThat(Thread.interrupted()).isTrue();
        assertThat(events.names()).containsExactly("refused");
    }

    @Test
    void anInterruptBetweenTwoTriesDoesNotEndThemAndIsKept() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        store.meet(Request.COMPLETE, request -> {
            assertThat(Thread.currentThread().isInterrupted()).isFalse();
            if (tries.incrementAndGet() < 3) {
                Thread.currentThread().interrupt();
                throw TroubledStore.failure();
            }
            return request.get();
        });
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(call(engine, PAY)).isEqualTo("receipt of run 1");
    }
}
