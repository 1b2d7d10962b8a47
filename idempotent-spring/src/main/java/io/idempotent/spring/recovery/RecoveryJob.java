package io.idempotent.spring.recovery;

import io.idempotent.spring.operation.IdempotencyEngines;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.settings.RecoverySettings;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;
import java.util.function.IntFunction;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;

/**
 * Sweeps and verifies again and again while the application runs, if an operation is recovered or there is a verifier.
 * Otherwise it starts no thread and asks no store. It stops before the engines wait for running operations: begins
 * nothing from then on, and lets what it began end as any execution does.
 */
final class RecoveryJob implements SmartLifecycle {

    private static final Log LOG = LogFactory.getLog(RecoveryJob.class);

    private static final String THREADS = "idempotent-recovery-";

    private static final Duration IDLE_THREAD = Duration.ofSeconds(10);

    private final OperationRegistry operations;
    private final Recoverer recoverer;
    private final @Nullable Verification verification;
    private final IntFunction<ScheduledExecutorService> schedulers;
    private final DoubleSupplier random;
    private volatile @Nullable Run run;

    /**
     * Makes the job.
     *
     * @param operations knows operations and settings
     * @param recoverer finishes single executions
     * @param verification what is verified; null if there is no verifier
     */
    RecoveryJob(OperationRegistry operations, Recoverer recoverer, @Nullable Verification verification) {
        this(
                operations,
                recoverer,
                verification,
                RecoveryJob::scheduler,
                () -> ThreadLocalRandom.current().nextDouble());
    }

    /**
     * Makes the job, with a time of its own.
     *
     * @param schedulers makes what runs tasks later, by the number of tasks
     * @param random gives numbers from zero to one
     */
    RecoveryJob(
            OperationRegistry operations,
            Recoverer recoverer,
            @Nullable Verification verification,
            IntFunction<ScheduledExecutorService> schedulers,
            DoubleSupplier random) {
        this.operations = operations;
        this.recoverer = recoverer;
        this.verification = verification;
        this.schedulers = schedulers;
        this.random = random;
    }

    @Override
    public void start() {
        if (run == null) {
            Run started = new Run(operations.settings().recovery());
            run = started;
            started.start();
        }
    }

    @Override
    public void stop() {
        Run running = run;
        if (running != null) {
            running.stop();
            run = null;
        }
    }

    @Override
    public boolean isRunning() {
        return run != null;
    }

    /** Before the engines, which wait for running operations. */
    @Override
    public int getPhase() {
        return IdempotencyEngines.PHASE + 1;
    }

    private static ScheduledExecutorService scheduler(int tasks) {
        ScheduledThreadPoolExecutor made = new ScheduledThreadPoolExecutor(tasks, threads(THREADS));
        made.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        return made;
    }

    private static ThreadFactory threads(String prefix) {
        AtomicInteger number = new AtomicInteger();
        return work -> {
            Thread thread = new Thread(work, prefix + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** What happens from a start to a stop. */
    private final class Run {

        private final RecoverySettings settings;
        private volatile @Nullable ScheduledExecutorService scheduler;
        private volatile @Nullable ExecutorService workers;
        private volatile boolean stopped;

        Run(RecoverySettings settings) {
            this.settings = settings;
        }

        void start() {
            boolean recovers = settings.enabled() && !recoverer.operations().isEmpty();
            boolean verifies = settings.enabled() && verification != null;
            if (!recovers && !verifies) {
                return;
            }
            ScheduledExecutorService made = schedulers.apply(recovers && verifies ? 2 : 1);
            scheduler = made;
            if (recovers) {
                ThreadPoolExecutor pool = new ThreadPoolExecutor(
                        settings.threads(),
                        settings.threads(),
                        IDLE_THREAD.toMillis(),
                        TimeUnit.MILLISECONDS,
                        new LinkedBlockingQueue<>(),
                        threads(THREADS + "worker-"));
                pool.allowCoreThreadTimeOut(true);
                workers = pool;
                Sweep sweep = new Sweep(recoverer, settings, pool, () -> stopped);
                // Nodes that start together begin at different times.
                schedule(made, sweep::run, random.getAsDouble());
            }
            if (verification != null && verifies) {
                verification.start();
                schedule(made, () -> verification.run(() -> stopped), pause());
            }
        }

        private double pause() {
            return 0.5 + random.getAsDouble() / 2;
        }

        private void schedule(ScheduledExecutorService on, Runnable task, double intervals) {
            Runnable repeated = () -> {
                try {
                    task.run();
                } catch (Throwable failure) {
                    LOG.error("A sweep of the recovery failed; the next one is made after the interval", failure);
                }
                schedule(on, task, pause());
            };
            try {
                var unused =
                        on.schedule(repeated, (long) (settings.interval().toNanos() * intervals), TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException stopping) {
                LOG.debug("No further sweep: the application stops", stopping);
            }
        }

        void stop() {
            stopped = true;
            ScheduledExecutorService ended = scheduler;
            if (ended != null) {
                ended.shutdown();
            }
            ExecutorService pool = workers;
            if (pool != null) {
                pool.shutdown();
            }
        }
    }
}
