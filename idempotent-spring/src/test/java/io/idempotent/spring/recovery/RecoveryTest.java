package io.idempotent.spring.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.Reconciliation;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.Recovery;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.spring.settings.RecoverySettings;
import io.idempotent.store.IdempotencyRecord;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Annotated methods, cut off and finished without their callers. */
@ExtendWith(OutputCaptureExtension.class)
class RecoveryTest {

    record Order(String id, BigDecimal amount) {}

    record Receipt(String text) {}

    static class CutOffException extends RuntimeException {

        private static final long serialVersionUID = 1;
    }

    static class Payments {

        private final List<String> runs = new CopyOnWriteArrayList<>();
        private final List<String> asked = new CopyOnWriteArrayList<>();
        private volatile UnaryOperator<String> work = id -> {
            throw new CutOffException();
        };
        private volatile Reconciliation<Receipt> found = Reconciliation.unknown();

        @Idempotent(
                key = "#order.id",
                operation = "pay",
                waitAtMost = "10s",
                recover = @Idempotent.Recover(after = "1m", maxTakeovers = 3))
        public Receipt pay(Order order) {
            runs.add(order.id() + " " + order.amount() + " "
                    + IdempotencyContext.current().recovered());
            return new Receipt(work.apply(order.id()));
        }

        @Idempotent(
                key = "#order.id",
                operation = "transfer",
                unknownOn = CutOffException.class,
                whenAbandoned = WhenAbandoned.RECONCILE,
                reconcileWith = "found",
                recover = @Idempotent.Recover(after = "1m", maxTakeovers = 3))
        public Receipt transfer(Order order) {
            runs.add(order.id());
            return new Receipt(work.apply(order.id()));
        }

        Reconciliation<Receipt> found(Order order) {
            asked.add(order.id());
            return found;
        }
    }

    private final RecoverableStore store = new RecoverableStore();

    private final Node node = new Node(store, Map.of(), context -> context.registerBean(Payments.class));

    private final Payments payments = node.bean(Payments.class);

    private final ExecutorService threads = Executors.newCachedThreadPool();

    private static Payments target(Node node) {
        return (Payments) Objects.requireNonNull(AopProxyUtils.getSingletonTarget(node.bean(Payments.class)));
    }

    private final Payments target = target(node);

    @AfterEach
    void close() {
        threads.shutdownNow();
        node.close();
    }

    private static Order order(String id) {
        return new Order(id, new BigDecimal("12.50"));
    }

    /** A call that is cut off; more than a minute passes. */
    private void payAndDie(String id) {
        store.cutOff(true);
        assertThatExceptionOfType(CutOffException.class).isThrownBy(() -> payments.pay(order(id)));
        store.cutOff(false);
        store.elapse(Duration.ofMinutes(2));
    }

    private IdempotencyRecord record(String operation, String id) {
        return Objects.requireNonNull(store.find(IdempotencyKey.of(operation, id)));
    }

    @Test
    void aPaymentThatWasCutOffIsFinishedWithItsArguments() {
        payAndDie("a");
        target.work = id -> "paid " + id;

        node.sweep();

        assertThat(target.runs).containsExactly("a 12.50 false", "a 12.50 true");
        assertThat(payments.pay(order("a"))).isEqualTo(new Receipt("paid a"));
        assertThat(target.runs).hasSize(2);
    }

    @Test
    void aCallerWhoReturnsDuringARecoveryWaitsAndGetsWhatItProduced() throws Exception {
        payAndDie("a");
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        target.work = id -> {
            running.countDown();
            await(goOn);
            return "paid " + id;
        };
        Future<?> sweep = threads.submit(() -> node.sweep());
        await(running);

        Future<Receipt> returning = threads.submit(() -> payments.pay(order("a")));
        goOn.countDown();

        assertThat(returning.get(10, TimeUnit.SECONDS)).isEqualTo(new Receipt("paid a"));
        sweep.get(10, TimeUnit.SECONDS);
        assertThat(target.runs).containsExactly("a 12.50 false", "a 12.50 true");
    }

    @Test
    void aRecordThatACallerHasTakenOverIsLeftToTheCaller() throws Exception {
        payAndDie("a");
        IdempotencyRecord seen = record("pay", "a");
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        target.work = id -> {
            running.countDown();
            await(goOn);
            return "paid " + id;
        };
        Future<Receipt> returning = threads.submit(() -> payments.pay(order("a")));
        await(running);

        assertThat(node.recoverer().recoverNow(seen.key(), seen.fencingToken(), "ada", "it hangs"))
                .isEqualTo(Recovery.Result.TAKEN);

        goOn.countDown();
        assertThat(returning.get(10, TimeUnit.SECONDS)).isEqualTo(new Receipt("paid a"));
        assertThat(target.runs).containsExactly("a 12.50 false", "a 12.50 false");
    }

    @Test
    void whatIsUnknownBecomesKnownWithoutACaller() {
        assertThatExceptionOfType(CutOffException.class).isThrownBy(() -> payments.transfer(order("a")));
        store.elapse(Duration.ofMinutes(2));

        node.sweep();
        assertThat(record("transfer", "a").isAbandoned()).isTrue();

        target.found = Reconciliation.completed(new Receipt("found"));
        store.elapse(Duration.ofMinutes(2));
        node.sweep();

        assertThat(target.asked).containsExactly("a", "a");
        assertThat(target.runs).containsExactly("a");
        assertThat(payments.transfer(order("a"))).isEqualTo(new Receipt("found"));
    }

    @Test
    void whatNobodyCanTellIsAskedInEachSweepUntilAPersonHasToDecide() {
        assertThatExceptionOfType(CutOffException.class).isThrownBy(() -> payments.transfer(order("a")));

        for (int sweep = 0; sweep < 6; sweep++) {
            store.elapse(Duration.ofMinutes(2));
            node.sweep();
        }

        assertThat(target.asked).containsExactly("a", "a", "a");
        assertThat(target.runs).containsExactly("a");
        assertThat(node.told()).containsExactly("left a after 3: Its record had 3 take-overs, and may have 3");
    }

    @Test
    void whatWasNotDoneIsDone() {
        assertThatExceptionOfType(CutOffException.class).isThrownBy(() -> payments.transfer(order("a")));
        store.elapse(Duration.ofMinutes(2));
        target.found = Reconciliation.notDone();
        target.work = id -> "transferred " + id;

        node.sweep();

        assertThat(payments.transfer(order("a"))).isEqualTo(new Receipt("transferred a"));
        assertThat(target.runs).containsExactly("a", "a");
    }

    @Test
    void aPersonFinishesARecordThatIsBeyondItsLimit(CapturedOutput output) {
        payAndDie("a");
        for (int sweep = 0; sweep < 4; sweep++) {
            node.sweep();
            store.elapse(Duration.ofMinutes(2));
        }
        assertThat(node.told()).hasSize(1);
        IdempotencyRecord seen = record("pay", "a");
        assertThat(node.recoverer().prospect(seen))
                .isEqualTo(new Recoverer.Prospect(true, 3, "Its record had 3 take-overs, and may have 3"));

        target.work = id -> "paid " + id;
        assertThat(node.recoverer().recoverNow(seen.key(), seen.fencingToken(), "ada", "the bank is open"))
                .isEqualTo(Recovery.Result.FINISHED);

        assertThat(payments.pay(order("a"))).isEqualTo(new Receipt("paid a"));
        assertThat(node.recoverer().prospect(record("pay", "a"))).isNull();
        assertThat(output.getAll()).contains("is recovered now, as ada asks: the bank is open");
    }

    @Test
    void aRecoveryThatAPersonAsksForAndThatFailsLeavesTheRecordAbandoned() {
        payAndDie("a");
        IdempotencyRecord seen = record("pay", "a");

        assertThat(node.recoverer().recoverNow(seen.key(), seen.fencingToken(), "ada", "try it"))
                .isEqualTo(Recovery.Result.NOT_FINISHED);

        assertThat(record("pay", "a").isAbandoned()).isTrue();
        assertThat(record("pay", "a").takeovers()).isEqualTo(1);
        assertThat(node.recoverer().recoverNow(seen.key(), seen.fencingToken(), "ada", "the old token"))
                .isEqualTo(Recovery.Result.TAKEN);
    }

    @Test
    void aPersonHasToSayWhoAndWhyInOneLineAndNameARecoveredOperation() {
        payAndDie("a");
        IdempotencyRecord seen = record("pay", "a");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> node.recoverer().recoverNow(seen.key(), seen.fencingToken(), "ada\nroot", "why"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> node.recoverer().recoverNow(seen.key(), seen.fencingToken(), "ada", " "));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> node.recoverer().recoverNow(IdempotencyKey.of("other", "a"), 1, "ada", "why"))
                .withMessageContaining("'other' is not recovered here");
        assertThat(target.runs).hasSize(1);
    }

    @Test
    void aShutdownDuringARecoveryLetsItEndAndLeavesTheRestToTheNextNode() throws Exception {
        payAndDie("a");
        payAndDie("b");
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        target.work = id -> {
            running.countDown();
            await(goOn);
            return "paid " + id;
        };
        Sooner scheduler = new Sooner();
        Node stopping = new Node(
                store, Map.of("idempotent.recovery.threads", "1"), context -> context.registerBean(Payments.class));
        Payments its = target(stopping);
        its.work = target.work;
        RecoveryJob job =
                new RecoveryJob(stopping.operations(), stopping.recoverer(), null, tasks -> scheduler, () -> 0.0);
        job.start();
        await(running);

        job.stop();
        Future<?> closed = threads.submit(stopping::close);
        goOn.countDown();
        closed.get(20, TimeUnit.SECONDS);

        assertThat(its.runs).hasSize(1);
        target.work = id -> "paid by the next " + id;
        new Sweep(node.recoverer(), new RecoverySettings(null, null, null, 1), threads, () -> false).run();
        assertThat(List.of(
                        payments.pay(order("a")).text(),
                        payments.pay(order("b")).text()))
                .containsExactlyInAnyOrderElementsOf(
                        its.runs.get(0).startsWith("a")
                                ? List.of("paid a", "paid by the next b")
                                : List.of("paid by the next a", "paid b"));
    }

    /** Does at once what is to be done later, once. */
    private static final class Sooner extends ScheduledThreadPoolExecutor {

        private boolean done;

        Sooner() {
            super(1);
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            long first = done ? unit.toNanos(delay) : 0;
            done = true;
            return super.schedule(task, first, TimeUnit.NANOSECONDS);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
