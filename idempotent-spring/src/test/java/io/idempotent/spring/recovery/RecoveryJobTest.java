package io.idempotent.spring.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.spring.operation.IdempotencyEngines;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class RecoveryJobTest {

    /** Runs what is to run later when a test says that it is time. */
    private static final class Scheduler extends ScheduledThreadPoolExecutor {

        private final Deque<Runnable> tasks = new ArrayDeque<>();
        private final List<Duration> pauses = new ArrayList<>();

        Scheduler() {
            super(1);
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            tasks.add(task);
            pauses.add(Duration.of(delay, unit.toChronoUnit()));
            return super.schedule(() -> {}, 1, TimeUnit.DAYS);
        }

        void timePasses() {
            tasks.remove().run();
        }
    }

    private final RecoverableStore store = new RecoverableStore();

    private final List<Scheduler> schedulers = new ArrayList<>();

    private double random;

    private final List<AutoCloseable> open = new ArrayList<>();

    private Node node(Map<String, Object> properties) {
        Node node = new Node(store, properties, context -> {});
        open.add(node);
        return node;
    }

    private RecoveryJob job(Node node) {
        RecoveryJob job = new RecoveryJob(
                node.operations(),
                node.recoverer(),
                null,
                tasks -> {
                    Scheduler scheduler = new Scheduler();
                    schedulers.add(scheduler);
                    open.add(scheduler::shutdownNow);
                    return scheduler;
                },
                () -> random);
        open.add(job::stop);
        return job;
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable closing : open) {
            closing.close();
        }
    }

    private Scheduler scheduler() {
        assertThat(schedulers).hasSize(1);
        return schedulers.get(0);
    }

    @Test
    void pausesVaryBetweenHalfTheIntervalAndAllOfIt() {
        Node node = node(Map.of("idempotent.recovery.interval", "40s"));
        node.operation("pay", asked -> asked);
        random = 0.25;
        RecoveryJob job = job(node);

        job.start();
        // Nodes that start together begin at any moment of the first interval.
        assertThat(scheduler().pauses).containsExactly(Duration.ofSeconds(10));
        random = 0;
        scheduler().timePasses();
        random = 1;
        scheduler().timePasses();
        assertThat(scheduler().pauses)
                .containsExactly(Duration.ofSeconds(10), Duration.ofSeconds(20), Duration.ofSeconds(40));
        assertThat(store.listings()).isEqualTo(2);
    }

    @Test
    void aSweepFinishesWhatIsAbandoned() {
        Node node = node(Map.of());
        RecoveredOperation pay = node.operation("pay", asked -> asked);
        store.die("pay", "a");
        RecoveryJob job = job(node);

        job.start();
        scheduler().timePasses();

        assertThat(pay.begun()).containsExactly("a");
    }

    @Test
    void startsNoThreadAndAsksNoStoreWhereNothingIsRecoveredOrVerified() {
        Node node = node(Map.of());
        RecoveryJob job = job(node);

        job.start();

        assertThat(job.isRunning()).isTrue();
        assertThat(schedulers).isEmpty();
        assertThat(store.listings()).isZero();
        assertThat(threads()).isEmpty();
    }

    @Test
    void startsNothingWhereItIsSwitchedOff() {
        Node node = node(Map.of("idempotent.recovery.enabled", "false"));
        node.operation("pay", asked -> asked);

        job(node).start();

        assertThat(schedulers).isEmpty();
    }

    @Test
    void aStoreThatKeepsReferencesIsNotSwept() {
        Node node = new Node(CaffeineIdempotencyStore.builder().build(), Map.of(), context -> {});
        open.add(node);
        node.operation("pay", asked -> asked);

        job(node).start();

        assertThat(schedulers).isEmpty();
    }

    @Test
    void stopsBeforeTheEnginesAndStartsAgain() {
        Node node = node(Map.of());
        node.operation("pay", asked -> asked);
        store.die("pay", "a");
        RecoveryJob job = job(node);
        job.start();

        job.stop();
        assertThat(job.isRunning()).isFalse();
        assertThat(scheduler().isShutdown()).isTrue();
        scheduler().timePasses();
        assertThat(store.listings()).isZero();

        // As Spring's tests do to contexts that they keep.
        job.start();
        assertThat(schedulers).hasSize(2);
        schedulers.get(1).timePasses();
        assertThat(store.listings()).isEqualTo(1);
        assertThat(job.getPhase())
                .isGreaterThan(node.bean(IdempotencyEngines.class).getPhase());
    }

    @Test
    void theApplicationsOwnJobRunsByItself(CapturedOutput output) {
        Node node = node(Map.of());
        RecoveryJob job = node.bean(RecoveryJob.class);

        assertThat(job.isRunning()).isTrue();
        node.close();
        assertThat(job.isRunning()).isFalse();
        assertThat(output.getAll()).doesNotContain("ERROR");
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("idempotent-recovery"))
                .toList();
    }
}
