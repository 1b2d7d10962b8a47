package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.IdempotencyRecord;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Executions that end with the transaction that they are part of. */
final class EnclosingTransactionTest {

    private static final Operation<String> PAY = Operation.builder("payment-service-pay", String.class)
            .recordFailures(List.of(IOException.class))
            .build();
    private static final Operation<String> WAITING = Operation.builder("payment-service-pay", String.class)
            .waitAtMost(Duration.ofSeconds(30))
            .build();
    private static final Operation<String> WITH_EFFECTS_OUTSIDE = Operation.builder("payment-service-pay", String.class)
            .effectsOutside(true)
            .build();
    private static final IdempotencyKey KEY = PAY.key("4711");

    /** A transaction that does nothing by itself. */
    private static final class Transaction implements EnclosingTransaction {

        private final List<PendingEnding> completions = new ArrayList<>();
        private int flushes;
        private @Nullable RuntimeException flushFailure;
        private @Nullable RuntimeException refusal;
        private boolean rollbackOnly;

        @Override
        public void enlist(PendingEnding completion) {
            if (refusal != null) {
                throw refusal;
            }
            completions.add(completion);
        }

        @Override
        public void flush() {
            flushes++;
            if (flushFailure != null) {
                throw flushFailure;
            }
        }

        @Override
        public boolean isRollbackOnly() {
            return rollbackOnly;
        }

        PendingEnding only() {
            assertThat(completions).hasSize(1);
            return completions.get(0);
        }
    }

    private record Work(Callable<String> call, @Nullable EnclosingTransaction enclosingTransaction, boolean stands)
            implements IdempotentWork<String> {

        @Override
        public String run(Execution execution) throws Exception {
            return call.call();
        }

        @Override
        public boolean mayStand(Throwable failure) {
            return stands;
        }
    }

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final RecordedEvents events = new RecordedEvents();
    private final IdempotencyEngine engine =
            builder().completionTimeout(Duration.ZERO).build();
    private final Callers callers = new Callers();
    private final Transaction transaction = new Transaction();
    private final AtomicInteger runs = new AtomicInteger();

    private IdempotencyEngine.Builder builder() {
        return IdempotencyEngine.builder(store)
                .ticker(ticker)
                .listener(events)
                .errorHandler(events)
                .closeTimeout(Duration.ZERO);
    }

    @AfterEach
    void close() {
        callers.close();
        transaction.completions.forEach(PendingEnding::rolledBack);
        engine.close();
    }

    private String call(Operation<String> operation, @Nullable EnclosingTransaction enclosing) throws Throwable {
        return call(operation, new Work(() -> "receipt " + runs.incrementAndGet(), enclosing, false));
    }

    private String call(Operation<String> operation, Work work) throws Throwable {
        return engine.execute(operation, KEY, Fingerprint.ofContent("12.50"), work);
    }

    private Future<String> elsewhere(Operation<String> operation) {
        return callers.call(() -> {
            try {
                return call(operation, (EnclosingTransaction) null);
            } catch (Throwable failure) {
                throw Sneaky.raise(failure);
            }
        });
    }

    private boolean isAbandoned() {
        IdempotencyRecord record = store.find(KEY);
        return record != null && record.isAbandoned();
    }

    @Test
    void anOutcomeIsRecordedAfterTheCommitAndWaitersAreWokenByIt() throws Throwable {
        assertThat(call(PAY, transaction)).isEqualTo("receipt 1");
        assertThat(store.count(Request.COMPLETE)).isZero();
        Future<String> waiter = elsewhere(WAITING);
        callers.awaitWaiting(1);

        transaction.only().beforeCommit(null);
        transaction.only().committed();

        assertThat(Callers.get(waiter)).isEqualTo("receipt 1");
        assertThat(events.names()).containsExactly("claimed", "pending", "waiting", "completed", "replayed");
        assertThat(store.count(Request.CLAIM)).as("woken, not polled").isEqualTo(3);
    }

    @Test
    void anEndHasEffectOnce() throws Throwable {
        call(PAY, transaction);
        transaction.only().committed();
        transaction.only().rolledBack();
        transaction.only().unknown();
        transaction.only().beforeCommit((claim, outcome, retention) -> false);
        assertThat(events.names()).containsExactly("claimed", "pending", "completed");
        assertThat(call(PAY, (EnclosingTransaction) null)).isEqualTo("receipt 1");
    }

    @Test
    void aRollbackFreesTheKeyAndWakesWaitersToRun() throws Throwable {
        call(PAY, transaction);
        Future<String> waiter = elsewhere(WAITING);
        callers.awaitWaiting(1);
        transaction.only().rolledBack();
        assertThat(Callers.get(waiter)).isEqualTo("receipt 2");
    }

    @Test
    void aRollbackAbandonsTheKeyOfAnOperationWithEffectsOutside() throws Throwable {
        call(WITH_EFFECTS_OUTSIDE, transaction);
        transaction.only().rolledBack();
        assertThat(isAbandoned()).isTrue();
        assertThat(events.names()).containsExactly("claimed", "pending", "abandoned");
    }

    @Test
    void aCallInTheSameTransactionGetsTheOutcomeAndOneInAnotherOfTheSameThreadIsRefused() throws Throwable {
        assertThat(call(PAY, transaction)).isEqualTo(call(PAY, transaction)).isEqualTo("receipt 1");
        assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                .isThrownBy(() -> engine.execute(
                        PAY, KEY, Fingerprint.ofContent("13.50"), new Work(() -> "never", transaction, false)));
        for (Transaction other : new Transaction[] {null, new Transaction()}) {
            assertThatExceptionOfType(IdempotencyInProgressException.class)
                    .isThrownBy(() -> call(WAITING, other))
                    .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.REENTRANT));
        }
        assertThatExceptionOfType(Exception.class)
                .isThrownBy(() -> Callers.get(elsewhere(PAY)))
                .withCauseInstanceOf(IdempotencyInProgressException.class);
        transaction.only().rolledBack();
        assertThat(call(PAY, transaction)).isEqualTo("receipt 2");
    }

    @Test
    void aRecorderRecordsInTheTransactionAndNothingIsAskedOfTheStoreAfterTheCommit() throws Throwable {
        call(PAY, transaction);
        List<Object> recorded = new ArrayList<>();
        transaction.only().beforeCommit((claim, outcome, retention) -> {
            recorded.addAll(List.of(claim.key(), retention));
            return true;
        });
        assertThat(transaction.only().isRecorded()).isTrue();
        transaction.only().committed();
        assertThat(recorded).containsExactly(KEY, PAY.retention());
        assertThat(store.count(Request.COMPLETE)).isZero();
        assertThat(events.names()).containsExactly("claimed", "pending", "completed");
    }

    @Test
    void aRecorderThatFindsTheClaimLostOrFailsForbidsTheCommit() throws Throwable {
        call(PAY, transaction);
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> transaction.only().beforeCommit((claim, outcome, retention) -> {
                    throw new IllegalStateException("deadlock");
                }));
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> transaction.only().beforeCommit((claim, outcome, retention) -> false))
                .withMessageContaining("its transaction is not committed");
        assertThat(transaction.only().isRecorded()).isFalse();
        assertThat(events.names()).containsExactly("claimed", "pending", "leaseLost");
    }

    @Test
    void anInterruptedThreadRecordsInTheTransactionWithTheFlagClearedAndRestored() throws Throwable {
        call(PAY, transaction);
        Thread.currentThread().interrupt();
        transaction
                .only()
                .beforeCommit(
                        (claim, outcome, retention) -> !Thread.currentThread().isInterrupted());
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void aLeaseThatMayBeLostIsAskedForBeforeTheCommitAndOnlyThen() throws Throwable {
        call(PAY, transaction);
        transaction.only().beforeCommit(null);
        assertThat(store.count(Request.RENEW)).isZero();
        ticker.elapse(PAY.lease());
        transaction.only().beforeCommit(null);
        assertThat(store.count(Request.RENEW)).isOne();
        ticker.elapse(PAY.lease());
        store.fail(Request.RENEW, 1);
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .as("in doubt, do not commit")
                .isThrownBy(() -> transaction.only().beforeCommit(null));
    }

    @Test
    void aClaimThatWasTakenOverForbidsTheCommitAndItsRollbackDisturbsNobody() throws Throwable {
        call(PAY, transaction);
        ticker.elapse(PAY.lease());
        assertThat(Callers.get(elsewhere(PAY))).isEqualTo("receipt 2");
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> transaction.only().beforeCommit(null));
        transaction.only().rolledBack();
        assertThat(Callers.get(elsewhere(PAY))).isEqualTo("receipt 2");
        assertThat(events.named("leaseLost")).hasSize(1);
    }

    @Test
    void committedWorkWhoseRecordCannotBeCompletedIsUnknownAndNeverFree() throws Throwable {
        call(PAY, transaction);
        transaction.only().beforeCommit(null);
        store.fail(Request.COMPLETE);
        transaction.only().committed();
        assertThat(events.names()).containsExactly("claimed", "pending", "completionFailed");
        assertThat(store.find(KEY).outcome()).isNull();
        assertThat(isAbandoned()).isFalse();
        ticker.elapse(PAY.lease());
        assertThat(isAbandoned()).isTrue();
    }

    @Test
    void aRecordIsCompletedAfterTheCommitThoughTheStoreFailsForAWhile() throws Throwable {
        try (IdempotencyEngine patient = builder().build()) {
            patient.execute(PAY, KEY, Fingerprint.none(), new Work(() -> "receipt", transaction, false));
            ticker.elapse(IdempotencyEngine.DEFAULT_COMPLETION_TIMEOUT.multipliedBy(2));
            store.loseAnswers(Request.COMPLETE, 2);
            transaction.only().committed();
            assertThat(store.count(Request.COMPLETE)).isEqualTo(3);
            assertThat(events.names()).containsExactly("claimed", "pending", "completed");
        }
    }

    @Test
    void rolledBackWorkWhoseKeyCannotBeReleasedBecomesAbandoned() throws Throwable {
        call(PAY, transaction);
        store.fail(Request.RELEASE);
        transaction.only().rolledBack();
        assertThat(events.names()).containsExactly("claimed", "pending", "completionFailed");
        ticker.elapse(PAY.lease());
        assertThat(call(PAY, (EnclosingTransaction) null)).isEqualTo("receipt 2");
    }

    @Test
    void anUnknownEndIsSettledByAskingTheStore() throws Throwable {
        call(PAY, transaction);
        transaction.only().beforeCommit((claim, outcome, retention) -> store.complete(claim, outcome, retention));
        transaction.only().unknown();
        assertThat(events.names()).containsExactly("claimed", "pending", "completed");

        Transaction second = new Transaction();
        store.forget(KEY, store.find(KEY).fencingToken());
        call(PAY, second);
        second.only().beforeCommit((claim, outcome, retention) -> true);
        second.only().unknown();
        assertThat(isAbandoned()).isTrue();
    }

    @Test
    void anOutcomeThatWasRecordedThoughItsTransactionIsSaidToBeRolledBackStays() throws Throwable {
        call(PAY, transaction);
        transaction.only().beforeCommit((claim, outcome, retention) -> store.complete(claim, outcome, retention));
        transaction.only().rolledBack();
        assertThat(events.names()).containsExactly("claimed", "pending", "completed");
        assertThat(call(PAY, (EnclosingTransaction) null)).isEqualTo("receipt 1");
    }

    // failures

    private void failing(Exception failure, boolean stands, @Nullable EnclosingTransaction enclosing) {
        assertThatExceptionOfType(Exception.class)
                .isThrownBy(() -> call(
                        PAY,
                        new Work(
                                () -> {
                                    throw failure;
                                },
                                enclosing,
                                stands)))
                .isSameAs(failure)
                .satisfies(thrown -> assertThat(thrown.getSuppressed()).isEmpty());
    }

    @Test
    void aFailureWhoseWorkStandsAbandonsTheKeyAtOnceOrAfterTheCommit() throws Throwable {
        failing(new IllegalStateException("timeout"), true, null);
        assertThat(isAbandoned()).isTrue();
        store.forget(KEY, store.find(KEY).fencingToken());

        failing(new IllegalStateException("timeout"), true, transaction);
        assertThat(isAbandoned()).isFalse();
        assertThatExceptionOfType(IdempotencyInProgressException.class)
                .isThrownBy(() -> call(PAY, transaction))
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.REENTRANT));
        transaction.only().beforeCommit((claim, outcome, retention) -> {
            throw new AssertionError("there is nothing to record");
        });
        transaction.only().committed();
        assertThat(isAbandoned()).isTrue();
        assertThat(events.names())
                .containsExactly("claimed", "abandoned", "claimed", "pending", "refused", "abandoned");
    }

    @Test
    void aFailureWhoseWorkStandsFreesTheKeyAfterARollback() {
        failing(new IllegalStateException("timeout"), true, transaction);
        transaction.only().rolledBack();
        assertThat(store.find(KEY)).isNull();
    }

    @Test
    void aFailureThatIsNotRecordedIsSettledAtOnceInATransactionToo() {
        failing(new IllegalStateException("declined"), false, transaction);
        assertThat(store.find(KEY)).isNull();
        assertThat(transaction.completions).isEmpty();
    }

    @Test
    void aFinalFailureIsRecordedWhenItsTransactionCommits() {
        failing(new IOException("declined"), true, transaction);
        assertThat(store.find(KEY).outcome()).isNull();
        transaction.only().committed();
        assertThat(store.find(KEY).outcome()).isNotNull();
    }

    @Test
    void aFinalFailureIsNotRecordedWhenItsTransactionIsRolledBack() {
        failing(new IOException("declined"), true, transaction);
        transaction.only().rolledBack();
        assertThat(store.find(KEY)).isNull();
    }

    @Test
    void aTransactionThatDoesNotTakeTheCompletionLeavesTheKeyAbandoned() {
        transaction.refusal = new IllegalStateException("no transaction");
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> call(PAY, transaction))
                .isSameAs(transaction.refusal);
        assertThat(isAbandoned()).isTrue();
    }

    // flushing

    private IdempotencyEngine encoding() {
        return builder().codec(JacksonOutcomeCodec.create()).build();
    }

    @Test
    void theTransactionIsFlushedBeforeAnOutcomeIsEncodedAndLeftAloneWhereItIsKeptByReference() throws Throwable {
        call(PAY, transaction);
        assertThat(transaction.flushes).isZero();
        transaction.only().rolledBack();
        try (IdempotencyEngine encoding = encoding()) {
            encoding.execute(PAY, KEY, Fingerprint.none(), new Work(() -> "receipt", new Transaction(), false));
            encoding.execute(PAY, PAY.key("4712"), Fingerprint.none(), new Work(() -> "receipt", transaction, false));
            assertThat(transaction.flushes).isOne();
        }
    }

    @Test
    void aFlushThatFailsIsTheOperationsFailureAndFreesTheKey() {
        transaction.flushFailure = new IllegalStateException("duplicate row");
        try (IdempotencyEngine encoding = encoding()) {
            assertThatExceptionOfType(IllegalStateException.class)
                    .isThrownBy(() -> encoding.execute(
                            PAY, KEY, Fingerprint.none(), new Work(() -> "receipt", transaction, false)))
                    .isSameAs(transaction.flushFailure);
            assertThat(store.find(KEY)).isNull();
        }
    }

    // the engine's own life

    @Test
    void anotherAttemptIsNotWorthBeginningOnceTheTransactionCanOnlyBeRolledBack() throws Throwable {
        engine.execute(PAY, KEY, Fingerprint.none(), new IdempotentWork<String>() {
            @Override
            public String run(Execution execution) {
                assertThat(execution.mayAttemptAgain()).isTrue();
                transaction.rollbackOnly = true;
                assertThat(execution.mayAttemptAgain()).isFalse();
                transaction.rollbackOnly = false;
                ticker.elapse(PAY.lease());
                assertThat(execution.mayAttemptAgain()).isFalse();
                return "receipt";
            }

            @Override
            public EnclosingTransaction enclosingTransaction() {
                return transaction;
            }
        });
    }

    @Test
    void anEngineIsNotIdleAndLeasesAreRenewedBeforeTheTransactionHasEnded() throws Throwable {
        Operation<String> renewed = Operation.builder("payment-service-pay", String.class)
                .lease(Duration.ofMillis(60))
                .build();
        call(renewed, transaction);
        assertThat(engine.awaitIdle(Duration.ofMillis(1))).isFalse();
        ticker.elapse(Duration.ofMillis(50));
        Callers.until(() -> store.count(Request.RENEW) > 0);
        transaction.only().committed();
        assertThat(engine.awaitIdle(Duration.ofMillis(1))).isTrue();
    }

    @Test
    void aFailureThatDoesNotTellAbandonsTheKeyWhenTheTransactionHasEnded() {
        Operation<String> refusing = Operation.builder("payment-service-pay", String.class)
                .whenAbandoned(WhenAbandoned.REFUSE)
                .unknownOn(List.of(IOException.class))
                .build();
        Work timingOut = new Work(
                () -> {
                    throw new IOException("timeout");
                },
                transaction,
                false);
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> call(refusing, timingOut));
        assertThat(store.find(KEY).isAbandoned())
                .as("while nobody else can see what was done")
                .isFalse();
        transaction.only().committed();
        assertThat(store.find(KEY).isAbandoned()).isTrue();
        assertThat(events.names()).containsExactly("claimed", "pending", "abandoned");
    }

    @Test
    void whatWasDoneOutsideIsNotForgottenWhenTheTransactionCannotBeWritten() {
        transaction.flushFailure = new IllegalStateException("constraint");
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> encoding(WITH_EFFECTS_OUTSIDE));
        transaction.only().rolledBack();
        assertThat(store.find(KEY).isAbandoned()).isTrue();
        assertThat(events.names()).containsExactly("claimed", "pending", "abandoned");
    }

    /** Calls on an engine that encodes, and so has the transaction written before. */
    private String encoding(Operation<String> operation) throws Throwable {
        try (IdempotencyEngine encoding = builder()
                .completionTimeout(Duration.ZERO)
                .codec(JacksonOutcomeCodec.create())
                .build()) {
            return encoding.execute(
                    operation,
                    KEY,
                    Fingerprint.ofContent("12.50"),
                    new Work(() -> "receipt " + runs.incrementAndGet(), transaction, false));
        }
    }
}
