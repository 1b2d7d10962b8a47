package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.Reconciliation;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whether a thread that hangs in an operation is interrupted when its lease is lost. */
final class LeaseInterruptTest {

    private static final Operation<String> PAY = Operation.builder("pay", String.class)
            .lease(Duration.ofMillis(100))
            .maxRun(Duration.ofSeconds(1))
            .build();

    private final FakeTicker ticker = new FakeTicker();
    private final RecordedEvents events = new RecordedEvents();
    private final CountDownLatch never = new CountDownLatch(1);
    private final IdempotencyEngine interrupting = engine(true);
    private final IdempotencyEngine lenient = engine(false);

    private IdempotencyEngine engine(boolean interrupts) {
        return IdempotencyEngine.builder(
                        CaffeineIdempotencyStore.builder().ticker(ticker).build())
                .ticker(ticker)
                .listener(events)
                .errorHandler(events)
                .interruptOnLeaseLoss(interrupts)
                .build();
    }

    @AfterEach
    void close() {
        interrupting.close();
        lenient.close();
    }

    private String hang(IdempotencyEngine engine, IdempotentWork<String> work) throws Throwable {
        return engine.execute(PAY, PAY.key("4711"), Fingerprint.none(), work);
    }

    private void loseLease() {
        // Renewed no more after its longest run; a visit by the renewing thread tells.
        ticker.elapse(PAY.maxRun().plus(PAY.lease()));
    }

    @Test
    void aThreadThatHangsIsInterruptedWhenItsLeaseIsLostAndItsCallerIsNot() {
        assertThatExceptionOfType(InterruptedException.class)
                .isThrownBy(() -> hang(interrupting, execution -> {
                    loseLease();
                    never.await();
                    return "never";
                }));
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        // The renewing thread interrupts first and tells afterwards, so that no listener delays the interrupt.
        Callers.until(() -> events.names().contains("leaseLost"));
    }

    @Test
    @Timeout(60)
    void anInterruptThatNobodyNoticedEndsWithTheOperation() {
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> hang(interrupting, execution -> {
                    loseLease();
                    while (!Thread.currentThread().isInterrupted()) {
                        Thread.onSpinWait();
                    }
                    throw new IllegalStateException("done");
                }));
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void anInterruptBySomebodyElseStaysThoughTheLeaseIsLostAfterIt() {
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> hang(interrupting, execution -> {
                    Thread.currentThread().interrupt();
                    loseLease();
                    while (!events.names().contains("leaseLost")) {
                        Thread.onSpinWait();
                    }
                    throw new IllegalStateException("interrupted");
                }));
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void anInterruptBySomebodyElseStays() {
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> hang(interrupting, execution -> {
                    Thread.currentThread().interrupt();
                    throw new IllegalStateException("interrupted");
                }));
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void noThreadIsInterruptedUnlessThatIsConfigured() {
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> hang(lenient, execution -> {
                    loseLease();
                    Callers.until(() -> events.names().contains("leaseLost"));
                    assertThat(never.await(1, TimeUnit.MILLISECONDS)).isFalse();
                    throw new IllegalStateException("not interrupted");
                }));
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    @Timeout(60)
    void aReconcilerThatHangsIsInterruptedWhereAnExecutionIsOpened() throws Throwable {
        Operation<String> reconciling = Operation.builder("payment-service-pay", String.class)
                .whenAbandoned(WhenAbandoned.RECONCILE)
                .lease(PAY.lease())
                .maxRun(PAY.maxRun())
                .build();
        IdempotencyKey key = reconciling.key("4711");
        ((OpenExecution<String>)
                        interrupting.open(reconciling, key, Fingerprint.none(), unasked -> Reconciliation.unknown()))
                .abandon();
        assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class)
                .isThrownBy(() -> interrupting.open(reconciling, key, Fingerprint.none(), execution -> {
                    loseLease();
                    never.await();
                    return Reconciliation.notDone();
                }))
                .withCauseInstanceOf(InterruptedException.class);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }
}
