package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Reconciliation;
import io.idempotent.RecordedOutcome;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.IdempotencyRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Executions that somebody opens and somebody ends, in whichever thread. */
final class OpenExecutionTest {

    private static final Operation<String> PAY = operation(WhenAbandoned.RUN_AGAIN);
    private static final IdempotencyKey KEY = PAY.key("4711");
    private static final Fingerprint FINGERPRINT = Fingerprint.ofContent("12.50");

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final RecordedEvents events = new RecordedEvents();
    private final IdempotencyEngine engine = engine(events);
    private final IdempotencyEngine otherNode = engine(new RecordedEvents());
    private final Callers callers = new Callers();

    private static Operation<String> operation(WhenAbandoned policy) {
        return Operation.builder("payment-service-pay", String.class)
                .whenAbandoned(policy)
                .build();
    }

    private IdempotencyEngine engine(RecordedEvents told) {
        return IdempotencyEngine.builder(store)
                .ticker(ticker)
                .listener(told)
                .errorHandler(told)
                .completionTimeout(Duration.ZERO)
                .build();
    }

    @AfterEach
    void close() {
        callers.close();
        // An execution that a test leaves open is not waited for.
        Thread.currentThread().interrupt();
        engine.close();
        otherNode.close();
        Thread.interrupted();
    }

    private static OpenResult<String> open(IdempotencyEngine node, Operation<String> operation) throws Throwable {
        return node.open(operation, KEY, FINGERPRINT, execution -> Reconciliation.unknown());
    }

    private OpenExecution<String> opened(Operation<String> operation) throws Throwable {
        return (OpenExecution<String>) open(engine, operation);
    }

    private OpenExecution<String> opened() throws Throwable {
        return opened(PAY);
    }

    private String recorded() throws Throwable {
        return ((OpenResult.Recorded<String>) open(otherNode, PAY)).value();
    }

    private <T> T elsewhere(Callable<T> call) throws Exception {
        Future<T> result = callers.call(call);
        return result.get();
    }

    @Test
    void whatIsCompletedInAnotherThreadIsGivenToEveryLaterCall() throws Throwable {
        OpenExecution<String> execution = opened();
        assertThat(elsewhere(() -> {
                    try {
                        return execution.complete("paid");
                    } catch (Throwable failure) {
                        throw Sneaky.raise(failure);
                    }
                }))
                .isEqualTo("paid");
        assertThat(recorded()).isEqualTo("paid");
        assertThat(engine.execute(PAY, "4711", FINGERPRINT, () -> "again")).isEqualTo("paid");
        assertThat(events.names()).containsExactly("claimed", "completed", "replayed");
    }

    @Test
    void aKeyThatIsHeldIsRefusedAndSoIsAnotherRequest() throws Throwable {
        OpenExecution<String> execution = opened();
        for (IdempotencyEngine node : List.of(engine, otherNode)) {
            assertThatExceptionOfType(IdempotencyInProgressException.class).isThrownBy(() -> open(node, PAY));
        }
        execution.complete("paid");
        assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                .isThrownBy(
                        () -> engine.open(PAY, KEY, Fingerprint.ofContent("13"), found -> Reconciliation.unknown()));
    }

    @Test
    void anExecutionIsEndedOnce() throws Throwable {
        OpenExecution<String> execution = opened();
        execution.release(null);
        assertThat(execution.isOpen()).isFalse();
        for (Consumer<OpenExecution<String>> end : List.<Consumer<OpenExecution<String>>>of(
                OpenExecution::abandon, again -> again.release(null), again -> again.completeNotReplayable("late"))) {
            assertThatIllegalStateException().isThrownBy(() -> end.accept(execution));
        }
        assertThatIllegalStateException().isThrownBy(() -> execution.complete("late"));
        assertThat(store.find(KEY)).isNull();
    }

    @Test
    void aReleasedKeyIsFreeAndAnAbandonedOneIsTakenOver() throws Throwable {
        opened().release(new IllegalStateException("not now"));
        OpenExecution<String> second = opened();
        assertThat(second.context().takeovers()).isZero();
        second.abandon();
        OpenExecution<String> third = opened();
        assertThat(third.context().takeovers()).isOne();
        third.complete("paid");
        assertThat(recorded()).isEqualTo("paid");
        assertThat(events.names())
                .containsExactly("claimed", "released", "claimed", "abandoned", "claimed", "completed");
    }

    @Test
    void whatCannotBeRecordedIsDoneAllTheSame() throws Throwable {
        opened().completeNotReplayable("it is too long");
        assertThatExceptionOfType(IdempotencyOutcomeException.class)
                .isThrownBy(() -> open(engine, PAY))
                .withMessageContaining("it is too long");
    }

    @Test
    void theContextIsThatOfEachThreadWhichBindsItAndOfNoOther() throws Throwable {
        OpenExecution<String> execution = opened();
        assertThat(IdempotencyContext.currentOrNull()).isNull();
        List<IdempotencyContext> seen = new ArrayList<>();
        OpenExecution.Binding here = execution.bind();
        seen.add(IdempotencyContext.current());
        seen.add(elsewhere(() -> {
            assertThat(IdempotencyContext.currentOrNull()).isNull();
            OpenExecution.Binding there = execution.bind();
            IdempotencyContext bound = IdempotencyContext.current();
            there.close();
            assertThat(IdempotencyContext.currentOrNull()).isNull();
            return bound;
        }));
        here.close();
        assertThat(seen).containsExactly(execution.context(), execution.context());
        assertThat(IdempotencyContext.currentOrNull()).isNull();
        execution.release(null);
    }

    @Test
    void aThreadThatBindsItTwiceGetsBackWhatItHad() throws Throwable {
        OpenExecution<String> execution = opened();
        OpenExecution.Binding outer = execution.bind();
        OpenExecution.Binding inner = execution.bind();
        inner.close();
        assertThat(IdempotencyContext.current()).isSameAs(execution.context());
        assertThat(engine.execute(PAY, "another", FINGERPRINT, () -> "nested")).isEqualTo("nested");
        outer.close();
        assertThat(IdempotencyContext.currentOrNull()).isNull();
        execution.release(null);
    }

    @Test
    void aCallWithTheKeyThatItsOwnThreadHoldsIsToldSo() throws Throwable {
        OpenExecution<String> execution = opened();
        OpenExecution.Binding here = execution.bind();
        assertThatExceptionOfType(IdempotencyInProgressException.class)
                .isThrownBy(() -> open(engine, PAY))
                .withMessageContaining("this very thread");
        here.close();
        execution.release(null);
    }

    @Test
    void stepsAreThereForTheNextClaimUntilTheExecutionIsEnded() throws Throwable {
        OpenExecution<String> first = opened();
        assertThat(first.context().steps().run("charge", () -> "charge-1")).isEqualTo("charge-1");
        first.release(null);
        assertThatIllegalStateException()
                .isThrownBy(() -> first.context().steps().run("ship", () -> "too late"));
        OpenExecution<String> second = opened();
        assertThat(second.context().steps().run("charge", () -> "charge-2")).isEqualTo("charge-1");
        second.complete("paid");
    }

    @Test
    @Timeout(60)
    void itsLeaseIsRenewedUntilItIsEnded() throws Throwable {
        Operation<String> brief = Operation.builder("payment-service-pay", String.class)
                .lease(Duration.ofMillis(100))
                .build();
        OpenExecution<String> execution = opened(brief);
        for (int count = 1; count <= 4; count++) {
            int before = store.count(Request.RENEW);
            ticker.elapse(brief.lease().dividedBy(2));
            Callers.until(() -> store.count(Request.RENEW) > before);
        }
        assertThatExceptionOfType(IdempotencyInProgressException.class).isThrownBy(() -> open(otherNode, PAY));
        execution.complete("paid");
        assertThat(recorded()).isEqualTo("paid");
    }

    @Test
    void aLateOwnerGetsWhatItsSuccessorRecordedOrHearsThatItsClaimIsLost() throws Throwable {
        OpenExecution<String> late = opened();
        OpenExecution<String> later = takeOver();
        assertThatExceptionOfType(IdempotencyClaimLostException.class).isThrownBy(() -> late.complete("late"));
        later.complete("the successor's");
        OpenExecution<String> other = openAnother("4712");
        OpenExecution<String> successor = (OpenExecution<String>) openOther("4712");
        successor.complete("the other's");
        assertThat(other.complete("late")).isEqualTo("the other's");
        assertThat(recorded()).isEqualTo("the successor's");
    }

    private OpenExecution<String> takeOver() throws Throwable {
        ticker.elapse(PAY.maxRun().plus(PAY.lease()));
        return (OpenExecution<String>) open(otherNode, PAY);
    }

    private OpenExecution<String> openAnother(String key) throws Throwable {
        return (OpenExecution<String>)
                engine.open(PAY, PAY.key(key), FINGERPRINT, execution -> Reconciliation.unknown());
    }

    private OpenResult<String> openOther(String key) throws Throwable {
        ticker.elapse(PAY.maxRun().plus(PAY.lease()));
        return otherNode.open(PAY, PAY.key(key), FINGERPRINT, execution -> Reconciliation.unknown());
    }

    @Test
    void whatWasDoneStaysDoneWhenTheStoreFailsAtItsEnd() throws Throwable {
        store.meet(Request.COMPLETE, request -> {
            throw TroubledStore.failure();
        });
        assertThat(opened().complete("paid")).isEqualTo("paid");
        assertThat(events.names()).contains("completionFailed");
        store.meet(Request.RELEASE, request -> {
            throw TroubledStore.failure();
        });
        openAnother("4712").release(null);
        assertThat(events.named("completionFailed")).hasSize(2);
    }

    @Test
    void anExecutionWithoutAStoreIsUnprotectedWhereItsOperationSaysSo() throws Throwable {
        store.meet(Request.CLAIM, request -> {
            throw TroubledStore.failure();
        });
        assertThatExceptionOfType(IdempotencyStoreException.class).isThrownBy(() -> open(engine, PAY));
        OpenExecution<String> execution = opened(Operation.builder("payment-service-pay", String.class)
                .whenStoreFails(WhenStoreFails.RUN)
                .build());
        assertThat(execution.isProtected()).isFalse();
        assertThat(execution.complete("paid")).isEqualTo("paid");
        assertThat(store.find(KEY)).isNull();
        assertThat(events.names()).containsExactly("refused", "unprotected");
    }

    @Test
    void whatBecameOfAnAbandonedOneIsFoundOutFirst() throws Throwable {
        Operation<String> reconciling = operation(WhenAbandoned.RECONCILE);
        opened(reconciling).abandon();
        assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class).isThrownBy(() -> open(engine, reconciling));
        OpenExecution<String> run = (OpenExecution<String>)
                engine.open(reconciling, KEY, FINGERPRINT, execution -> Reconciliation.notDone());
        run.abandon();
        OpenResult<String> found = engine.open(reconciling, KEY, FINGERPRINT, execution -> {
            assertThat(IdempotencyContext.current()).isSameAs(execution);
            return Reconciliation.completed("found");
        });
        assertThat(found).isEqualTo(new OpenResult.Recorded<>("found"));
        assertThat(IdempotencyContext.currentOrNull()).isNull();
        IdempotencyRecord record = store.find(KEY);
        assertThat(record).isNotNull();
        assertThat(record.outcome()).isInstanceOf(RecordedOutcome.ByReference.class);
    }

    @Test
    void stepsOfAnExecutionThatIsFoundDoneAreNotLeftOver() throws Throwable {
        Operation<String> reconciling = operation(WhenAbandoned.RECONCILE);
        OpenExecution<String> first = opened(reconciling);
        assertThat(first.context().steps().run("charge", () -> "charge-1")).isEqualTo("charge-1");
        first.abandon();
        assertThat(engine.open(reconciling, KEY, FINGERPRINT, execution -> Reconciliation.completed("found")))
                .isEqualTo(new OpenResult.Recorded<>("found"));
        assertThat(events.names()).contains("reconciled", "completed").doesNotContain("stepsLeftOver");
    }

    @Test
    void aRefusedKeyStaysWithWhoAbandonedIt() throws Throwable {
        Operation<String> refusing = operation(WhenAbandoned.REFUSE);
        opened(refusing).abandon();
        assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class).isThrownBy(() -> open(engine, refusing));
    }

    @Test
    void aClosedEngineOpensNothing() {
        engine.close();
        assertThatIllegalStateException().isThrownBy(() -> open(engine, PAY));
        assertThat(store.find(KEY)).isNull();
    }
}
