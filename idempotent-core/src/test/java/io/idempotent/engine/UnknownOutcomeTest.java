package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.Reconciliation;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Executions that stopped in the middle, and what is done about them. */
final class UnknownOutcomeTest {

    private static final Fingerprint FINGERPRINT = Fingerprint.ofContent("12.50");
    private static final Operation<String> REFUSING = operation(WhenAbandoned.REFUSE);
    private static final Operation<String> RECONCILING = operation(WhenAbandoned.RECONCILE);
    private static final IdempotencyKey KEY = REFUSING.key("4711");

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final RecordedEvents events = new RecordedEvents();
    private final IdempotencyEngine engine = IdempotencyEngine.builder(store)
            .ticker(ticker)
            .listener(events)
            .errorHandler(events)
            .build();
    private final AtomicInteger runs = new AtomicInteger();

    private static Operation<String> operation(WhenAbandoned policy) {
        return Operation.builder("pay", String.class)
                .whenAbandoned(policy)
                .unknownOn(List.of(SocketTimeoutException.class))
                .recordFailures(List.of(IOException.class))
                .build();
    }

    @AfterEach
    void close() {
        engine.close();
    }

    /** Pays, or finds out what became of an earlier payment. */
    private final class Payment implements IdempotentWork<String> {

        private final @Nullable Throwable failure;
        private final Reconciliation<String> found;
        private final @Nullable Throwable unfindable;

        Payment(@Nullable Throwable failure, Reconciliation<String> found, @Nullable Throwable unfindable) {
            this.failure = failure;
            this.found = found;
            this.unfindable = unfindable;
        }

        @Override
        public String run(Execution execution) throws Throwable {
            runs.incrementAndGet();
            if (failure != null) {
                throw failure;
            }
            return "paid";
        }

        @Override
        public Reconciliation<String> reconcile(Execution execution) throws Throwable {
            if (unfindable != null) {
                throw unfindable;
            }
            return found;
        }
    }

    private String pay(Operation<String> operation) throws Throwable {
        return pay(operation, new Payment(null, Reconciliation.unknown(), null));
    }

    private String pay(Operation<String> operation, IdempotentWork<String> work) throws Throwable {
        return engine.execute(operation, KEY, FINGERPRINT, work);
    }

    /** An owner that died. */
    private Claim die(Fingerprint fingerprint) {
        ClaimResult result =
                store.claim(new ClaimRequest(KEY, UUID.randomUUID(), fingerprint, REFUSING.lease(), false));
        ticker.elapse(REFUSING.lease());
        return ((ClaimResult.Claimed) result).claim();
    }

    private IdempotencyRecord record() {
        IdempotencyRecord record = store.find(KEY);
        assertThat(record).isNotNull();
        return record;
    }

    @Test
    void aFailureAfterWhichTheOutcomeIsUnknownAbandonsTheKeyWhateverElseIsDeclared() {
        IOException failure = new IOException("no answer", new SocketTimeoutException("read timed out"));
        for (Operation<String> operation : List.of(REFUSING, RECONCILING)) {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> pay(operation, new Payment(failure, Reconciliation.unknown(), null)))
                    .isSameAs(failure);
            assertThat(record().isAbandoned()).isTrue();
            assertThat(events.names()).containsExactly("claimed", "abandoned");
            store.forget(KEY, record().fencingToken());
            events.forget();
        }
    }

    @Test
    void aCircleOfCausesIsGoneThroughToItsEnd() {
        IllegalStateException first = new IllegalStateException();
        first.initCause(new IllegalStateException(first));
        assertThat(REFUSING.isUnknownOn(first)).isFalse();
    }

    @Test
    void anOperationThatRefusesIsNeverRunAgainByAnybody() throws Throwable {
        Claim dead = die(FINGERPRINT);
        for (int calls = 0; calls < 3; calls++) {
            assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class)
                    .isThrownBy(() -> pay(REFUSING))
                    .withMessageContaining("'pay:4711'")
                    .withMessageContaining("is not run again: find out, and resolve the record by hand")
                    .satisfies(refusal -> {
                        assertThat(refusal.key()).isEqualTo(KEY);
                        assertThat(refusal.fencingToken()).isEqualTo(dead.fencingToken());
                        assertThat(refusal.firstClaimedAt()).isEqualTo(record().firstClaimedAt());
                    });
        }
        assertThat(runs).hasValue(0);
        assertThat(events.names()).containsExactly("refused", "refused", "refused");
        store.forget(KEY, dead.fencingToken());
        assertThat(pay(REFUSING)).isEqualTo("paid");
    }

    @Test
    void anAbandonedKeyIsNotGivenToAnotherRequest() {
        die(Fingerprint.ofContent("99.00"));
        for (Operation<String> operation : List.of(REFUSING, RECONCILING)) {
            assertThatExceptionOfType(IdempotencyKeyReusedException.class).isThrownBy(() -> pay(operation));
        }
    }

    @Test
    void whatWasDoneIsRecordedAndNotRunAgain() throws Throwable {
        die(FINGERPRINT);
        assertThat(pay(RECONCILING, new Payment(null, Reconciliation.completed("found"), null)))
                .isEqualTo("found");
        assertThat(pay(RECONCILING)).isEqualTo("found");
        assertThat(runs).hasValue(0);
        assertThat(events.names()).containsExactly("claimed", "reconciled", "completed", "replayed");
    }

    @Test
    void whatWasNotDoneIsRun() throws Throwable {
        die(FINGERPRINT);
        assertThat(pay(RECONCILING, new Payment(null, Reconciliation.notDone(), null)))
                .isEqualTo("paid");
        assertThat(pay(RECONCILING)).isEqualTo("paid");
        assertThat(runs).hasValue(1);
        assertThat(events.names()).containsExactly("claimed", "reconciled", "completed", "replayed");
    }

    @Test
    void whatNobodyCanTellIsAbandonedAgainAndAskedAgainByTheNextCall() throws Throwable {
        die(FINGERPRINT);
        IOException down = new IOException("the gateway is down");
        for (Payment payment : List.of(
                new Payment(null, Reconciliation.unknown(), null), new Payment(null, Reconciliation.notDone(), down))) {
            assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class)
                    .isThrownBy(() -> pay(RECONCILING, payment))
                    .withMessageContaining("its reconciler could not tell")
                    .satisfies(refusal -> assertThat(refusal.getCause()).isSameAs(payment.unfindable));
            assertThat(record().isAbandoned()).isTrue();
        }
        assertThat(runs).hasValue(0);
        assertThat(record().takeovers()).isEqualTo(2);
        assertThat(events.names())
                .containsExactly(
                        "claimed",
                        "reconciled",
                        "refused",
                        "abandoned",
                        "claimed",
                        "reconciled",
                        "refused",
                        "abandoned");
        assertThat(pay(RECONCILING, new Payment(null, Reconciliation.completed("found"), null)))
                .isEqualTo("found");
    }

    @Test
    @SuppressWarnings("NullAway") // what code without null checks may do
    void aReconcilerThatAnswersNothingCannotTell() {
        die(FINGERPRINT);
        assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class)
                .isThrownBy(() -> pay(RECONCILING, new Payment(null, null, null)))
                .havingCause()
                .withMessage("The reconciler answered null");
        assertThat(runs).hasValue(0);
        assertThat(record().isAbandoned()).isTrue();
    }

    @Test
    void anErrorWhileFindingOutAbandonsTheKeyAndIsTheCallers() {
        die(FINGERPRINT);
        StackOverflowError error = new StackOverflowError();
        assertThatExceptionOfType(StackOverflowError.class)
                .isThrownBy(() -> pay(RECONCILING, new Payment(null, Reconciliation.notDone(), error)))
                .isSameAs(error);
        assertThat(record().isAbandoned()).isTrue();
        assertThat(runs).hasValue(0);
    }

    @Test
    void nobodyIsAskedAboutAKeyThatWasNotAbandoned() throws Throwable {
        assertThat(pay(RECONCILING)).isEqualTo("paid");
        assertThat(events.names()).containsExactly("claimed", "completed");
    }

    @Test
    void aClaimThatIsLostWhileFindingOutDoesNotRun() {
        die(FINGERPRINT);
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> pay(RECONCILING, new IdempotentWork<>() {
                    @Override
                    public String run(Execution execution) {
                        runs.incrementAndGet();
                        return "paid";
                    }

                    @Override
                    public Reconciliation<String> reconcile(Execution execution) {
                        ticker.elapse(RECONCILING.lease());
                        return Reconciliation.notDone();
                    }
                }));
        assertThat(runs).hasValue(0);
        assertThat(record().isAbandoned()).isTrue();
    }

    @Test
    void aKeyThatWasAbandonedIsNeverGivenBackUnasked() {
        die(FINGERPRINT);
        // The answer to the claim comes only when the claim's own lease is over.
        store.meet(Request.CLAIM, request -> {
            Object answer = request.get();
            ticker.elapse(RECONCILING.lease());
            return answer;
        });
        assertThatExceptionOfType(IdempotencyClaimLostException.class).isThrownBy(() -> pay(RECONCILING));
        assertThat(record().isAbandoned()).isTrue();
        assertThat(runs).hasValue(0);
    }

    @Test
    void anUnknownOutcomeThatWouldBeRunAgainIsRefusedWhenTheOperationIsMade() {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> Operation.builder("pay", String.class)
                        .unknownOn(List.of(IOException.class))
                        .build())
                .withMessageContaining("would be run again");
    }
}
