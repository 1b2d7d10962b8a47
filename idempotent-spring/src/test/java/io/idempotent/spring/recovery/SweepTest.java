package io.idempotent.spring.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyKey;
import io.idempotent.spring.settings.RecoverySettings;
import io.idempotent.store.IdempotencyRecord;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class SweepTest {

    private final RecoverableStore store = new RecoverableStore();

    private final Node node = new Node(store);

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void close() {
        threads.shutdownNow();
        node.close();
    }

    private IdempotencyRecord record(String operation, String key) {
        return Objects.requireNonNull(store.find(new IdempotencyKey(operation, "", key)));
    }

    private boolean isCompleted(String operation, String key) {
        return record(operation, key).state() instanceof IdempotencyRecord.Completed;
    }

    @Test
    void everyPageIsSweptAndEachExecutionFinishedOnceInRandomOrder() {
        List<String> keys = IntStream.range(0, 250)
                .mapToObj(number -> "%03d".formatted(number))
                .toList();
        keys.forEach(key -> store.die("pay", key));
        RecoveredOperation pay = node.operation("pay", asked -> asked);

        node.sweep(2, 100);

        assertThat(pay.begun()).containsExactlyInAnyOrderElementsOf(keys).isNotEqualTo(keys);
        assertThat(keys).allMatch(key -> isCompleted("pay", key));
        assertThat(store.listings()).isEqualTo(3);
    }

    @Test
    void atMostSoManyExecutionsAreRecoveredAtOnceAsThereAreThreads() {
        CyclicBarrier three = new CyclicBarrier(3);
        IntStream.range(0, 9).forEach(number -> store.die("pay", "" + number));
        RecoveredOperation pay = node.operation("pay", asked -> {
            var unused = three.await(10, TimeUnit.SECONDS);
            return asked;
        });

        node.sweep(3, 100);

        assertThat(pay.begun()).hasSize(9);
        assertThat(pay.mostAtOnce()).isEqualTo(3);
    }

    @Test
    void slowExecutionsOfOneOperationDoNotKeepThoseOfOthersWaiting() throws Exception {
        CountDownLatch fastDone = new CountDownLatch(30);
        IntStream.range(0, 30).forEach(number -> store.die("fast", "" + number));
        IntStream.range(0, 200).forEach(number -> store.die("slow", "%03d".formatted(number)));
        RecoveredOperation slow = node.operation("slow", asked -> {
            // None of these ends before all of the others have.
            assertThat(fastDone.await(10, TimeUnit.SECONDS)).isTrue();
            return asked;
        });
        RecoveredOperation fast = node.operation("fast", asked -> {
            fastDone.countDown();
            return asked;
        });

        node.sweep(2, 100);

        assertThat(fast.begun()).hasSize(30);
        assertThat(slow.begun()).hasSize(200);
    }

    @Test
    void onePoisonRecordNeverEndsASweep(CapturedOutput output) {
        store.die("pay", "a");
        store.die("pay", "poison");
        store.die("pay", "z");
        node.operation("pay", asked -> asked);

        node.sweep(1, 1);
        node.sweep(1, 1);

        assertThat(isCompleted("pay", "a")).isTrue();
        assertThat(isCompleted("pay", "z")).isTrue();
        assertThat(record("pay", "poison").isAbandoned()).isTrue();
        assertThat(output.getAll()).contains("'pay:poison'").contains("could not be recovered");
    }

    @Test
    void whatFailsIsTriedAgainUntilTheLimitAndThenLeftForAPersonOnce(CapturedOutput output) {
        store.die("pay", "a");
        RecoveredOperation pay = node.operation("pay", asked -> {
            throw new IllegalStateException("the bank is closed");
        });

        for (int sweep = 0; sweep < 6; sweep++) {
            node.sweep();
        }

        assertThat(pay.begun()).containsExactly("a", "a", "a");
        assertThat(record("pay", "a").takeovers()).isEqualTo(3);
        assertThat(record("pay", "a").isAbandoned()).isTrue();
        assertThat(node.told()).containsExactly("left a after 3: Its record had 3 take-overs, and may have 3");
        assertThat(output.getAll()).containsOnlyOnce("is abandoned, and is not recovered any more");
    }

    @Test
    void whatCannotBeReadAnyMoreIsLeftForAPersonAtOnceAndOnce() {
        store.die("pay", "unreadable");
        store.die("pay", "z");
        RecoveredOperation pay = node.operation("pay", asked -> asked);

        node.sweep();
        node.sweep();

        assertThat(pay.begun()).containsExactly("z");
        assertThat(node.told())
                .containsExactlyInAnyOrder(
                        "completed z",
                        "left unreadable after 0: What was asked for cannot be read any more: its types have changed");
        assertThat(record("pay", "unreadable").takeovers()).isZero();
    }

    @Test
    void aStoreThatIsDownIsSaidOnceAndAskedAgainByTheNextSweep(CapturedOutput output) {
        store.die("pay", "a");
        RecoveredOperation pay = node.operation("pay", asked -> asked);
        store.down(true);
        Sweep sweep =
                new Sweep(node.recoverer(), new RecoverySettings(null, null, null, 1), Runnable::run, () -> false);

        sweep.run();
        sweep.run();
        assertThat(pay.begun()).isEmpty();
        assertThat(store.listings()).isEqualTo(2);
        assertThat(output.getAll()).containsOnlyOnce("failed when abandoned executions were to be recovered");

        store.down(false);
        sweep.run();
        assertThat(pay.begun()).containsExactly("a");
        assertThat(output.getAll()).containsOnlyOnce("are recovered again");
    }

    @Test
    void aStoreThatGoesDownDuringASweepIsNotAskedForEveryRecord() {
        IntStream.range(0, 100).forEach(number -> store.die("pay", "" + number));
        RecoveredOperation pay = node.operation("pay", asked -> {
            store.down(true);
            return asked;
        });

        node.sweep(1, 100);

        assertThat(pay.begun()).hasSize(1);
        assertThat(store.requestsAsked()).isEqualTo(4);
    }

    @Test
    void whatAnotherHoldsOrHasFinishedIsNotTouched() {
        store.die("pay", "a");
        RecoveredOperation pay = node.operation("pay", asked -> asked);
        IdempotencyRecord seen = record("pay", "a");
        node.sweep();

        // Listed before, and finished meanwhile.
        node.recoverer().recover(Objects.requireNonNull(Recoverable.of(pay)), seen);

        assertThat(pay.begun()).containsExactly("a");
    }

    @Test
    void whatIsAbandonedForLessThanTheOperationSaysIsLeft() {
        store.die("pay", "a");
        RecoveredOperation pay = node.operation("pay", Duration.ofMinutes(1), asked -> asked);

        store.elapse(Duration.ofSeconds(59));
        node.sweep();
        assertThat(pay.begun()).isEmpty();

        store.elapse(Duration.ofSeconds(1));
        node.sweep();
        assertThat(pay.begun()).containsExactly("a");
    }

    @Test
    void recordsOfAnOperationThatThisNodeDoesNotKnowAreNotTouched() {
        store.die("newer", "a");
        node.operation("pay", asked -> asked);

        node.sweep();

        assertThat(record("newer", "a").takeovers()).isZero();
        assertThat(store.listings()).isEqualTo(1);
    }

    @Test
    void aSweepThatIsStoppedBeginsNothingMoreAndLetsWhatRunsEnd() throws Exception {
        IntStream.range(0, 10).forEach(number -> store.die("pay", "" + number));
        AtomicBoolean stopped = new AtomicBoolean();
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        RecoveredOperation pay = node.operation("pay", asked -> {
            running.countDown();
            assertThat(goOn.await(10, TimeUnit.SECONDS)).isTrue();
            return asked;
        });
        Sweep sweep = new Sweep(node.recoverer(), new RecoverySettings(null, null, null, 1), threads, stopped::get);
        Future<?> swept = threads.submit(sweep::run);
        assertThat(running.await(10, TimeUnit.SECONDS)).isTrue();

        stopped.set(true);
        goOn.countDown();
        swept.get(10, TimeUnit.SECONDS);

        assertThat(pay.begun()).hasSize(1);
        assertThat(isCompleted("pay", pay.begun().get(0))).isTrue();
        try (Node next = new Node(store)) {
            RecoveredOperation rest = next.operation("pay", asked -> asked);
            next.sweep();
            assertThat(rest.begun()).hasSize(9).doesNotContain(pay.begun().get(0));
        }
    }

    @Test
    void anExecutionThatHangsHoldsUpNoLaterSweep() throws Exception {
        store.die("pay", "hangs");
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(1);
        node.operation("pay", asked -> {
            if (asked.equals("hangs")) {
                running.countDown();
                assertThat(goOn.await(20, TimeUnit.SECONDS)).isTrue();
            } else {
                done.countDown();
            }
            return asked;
        });
        Sweep sweep = new Sweep(node.recoverer(), new RecoverySettings(null, null, null, 2), threads, () -> false);
        threads.submit(sweep::run).get(10, TimeUnit.SECONDS);
        assertThat(running.await(10, TimeUnit.SECONDS)).isTrue();
        store.die("pay", "b");

        threads.submit(sweep::run).get(10, TimeUnit.SECONDS);

        assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
        goOn.countDown();
    }

    @Test
    void whatFailsBeforeItsKeyIsClaimedIsLeftForAPersonToo() {
        store.die("pay", "unloadable");
        RecoveredOperation pay = node.operation("pay", asked -> asked);

        for (int sweep = 0; sweep < 5; sweep++) {
            node.sweep();
        }

        assertThat(pay.begun()).isEmpty();
        assertThat(record("pay", "unloadable").takeovers()).isZero();
        assertThat(node.told())
                .containsExactly(
                        "left unloadable after 0: Its recovery failed 3 times before the key was claimed; see the"
                                + " log for why");
    }

    @Test
    void threadsThatAllHangAreTold(CapturedOutput output) throws Exception {
        store.die("pay", "hangs");
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        RecoveredOperation pay = node.operation("pay", asked -> {
            running.countDown();
            assertThat(goOn.await(20, TimeUnit.SECONDS)).isTrue();
            return asked;
        });
        RecoverySettings settings = new RecoverySettings(null, Duration.ofMillis(10), null, 1);
        Sweep sweep = new Sweep(node.recoverer(), settings, threads, () -> false);
        Future<?> first = threads.submit(sweep::run);
        assertThat(running.await(10, TimeUnit.SECONDS)).isTrue();
        store.die("pay", "b");

        Future<?> next = threads.submit(sweep::run);
        Awaitility.await().until(() -> output.getAll().contains("All 1 threads of the recovery are busy"));
        assertThat(output.getAll()).contains("pay:hangs");
        goOn.countDown();

        first.get(10, TimeUnit.SECONDS);
        next.get(10, TimeUnit.SECONDS);
        Awaitility.await().untilAsserted(() -> assertThat(pay.begun()).containsExactly("hangs", "b"));
    }
}
