package io.idempotent.store.jdbc;

import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Cancels statements that take too long, and costs the others next to nothing. Drivers' own timeouts cost more: that of
 * PostgreSQL wakes a thread for every statement, and that of H2 asks the database to apply it to whatever the
 * connection is used for from then on.
 *
 * <ol>
 *   <li>A statement is among those that run from before it is executed until it has ended.
 *   <li>At intervals a thread looks at them, and has each that is past its time cancelled, once, by a thread of its
 *       own: a database that does not answer to that delays no other's.
 *   <li>A statement has not ended while it is being cancelled: what is next on its connection is not hit.
 *   <li>One that still runs a while later, or that is still being cancelled when it has ended, has its connection cut,
 *       which ends both.
 *   <li>The thread ends when nothing ran for a while, and another is started by the next statement.
 * </ol>
 *
 * <p>Safe for use by many threads.
 */
final class StatementTimeouts {

    /**
     * The ones of this JVM; late by a tenth of a second at most, and a second more where a database does not answer.
     */
    static final StatementTimeouts SHARED = new StatementTimeouts(Duration.ofMillis(100), 100, Duration.ofSeconds(1));

    private final Set<Running> running = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean watched = new AtomicBoolean();
    private final long interval;
    private final int idleIntervals;
    private final long patience;

    /**
     * Makes one that runs no thread yet.
     *
     * @param interval how often the thread looks
     * @param idleIntervals how often it sees nothing before it ends
     * @param patience how long a cancellation may take until the connection is cut
     */
    StatementTimeouts(Duration interval, int idleIntervals, Duration patience) {
        this.interval = interval.toNanos();
        this.idleIntervals = idleIntervals;
        this.patience = patience.toNanos();
    }

    /** Has the statement cancelled after so many nanoseconds, unless the caller says before that it has ended. */
    Running begin(Statement statement, long timeout) {
        Running begun = new Running(statement, System.nanoTime() + timeout);
        running.add(begun);
        if (!watched.get() && watched.compareAndSet(false, true)) {
            try {
                start("idempotent-statement-timeouts", this::watch);
            } catch (RuntimeException | Error noThread) {
                // The next statement tries again; this one is not begun.
                watched.set(false);
                running.remove(begun);
                throw noThread;
            }
        }
        return begun;
    }

    /** Whether there is a thread. */
    boolean isWatched() {
        return watched.get();
    }

    private static void start(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void watch() {
        int idle = 0;
        while (idle < idleIntervals || !mayEnd()) {
            LockSupport.parkNanos(interval);
            idle = running.isEmpty() ? idle + 1 : 0;
            long now = System.nanoTime();
            running.forEach(each -> each.look(now));
        }
    }

    /** Whether this thread may end: not if a statement began just before, and has not started another thread. */
    private boolean mayEnd() {
        watched.set(false);
        return running.isEmpty() || !watched.compareAndSet(false, true);
    }

    private enum State {
        IN_TIME,
        CANCELLED,
        ENDED
    }

    /** A statement that is being executed, until it ends. */
    final class Running {

        private final Statement statement;
        private final long deadline;
        private final AtomicReference<State> state = new AtomicReference<>(State.IN_TIME);
        private final CountDownLatch cancelled = new CountDownLatch(1);
        private final AtomicBoolean cut = new AtomicBoolean();
        private final CountDownLatch severed = new CountDownLatch(1);

        private Running(Statement statement, long deadline) {
            this.statement = statement;
            this.deadline = deadline;
        }

        void look(long now) {
            if (now - deadline >= 0 && state.compareAndSet(State.IN_TIME, State.CANCELLED)) {
                try {
                    start("idempotent-statement-cancel", this::cancel);
                } catch (RuntimeException | Error noThread) {
                    // The next time it is tried again.
                    state.compareAndSet(State.CANCELLED, State.IN_TIME);
                }
            } else if (now - deadline >= patience && state.get() == State.CANCELLED) {
                cut();
            }
        }

        private void cancel() {
            try {
                statement.cancel();
            } catch (SQLException | RuntimeException | Error failure) {
                // Then its connection is cut.
            } finally {
                cancelled.countDown();
            }
        }

        private void cut() {
            if (cut.compareAndSet(false, true)) {
                try {
                    start("idempotent-statement-cut", () -> {
                        try {
                            statement.getConnection().abort(Runnable::run);
                        } catch (SQLException | RuntimeException | Error failure) {
                            // Then it ends when the database, the network or the driver ends it: no more can be done.
                        } finally {
                            severed.countDown();
                        }
                    });
                } catch (RuntimeException | Error noThread) {
                    cut.set(false);
                }
            }
        }

        /** Says that the statement has ended: it is not cancelled from now on. */
        void end() {
            running.remove(this);
            if (state.getAndSet(State.ENDED) == State.CANCELLED && !await(cancelled)) {
                // Before the connection is given back, or the late cancellation would hit whoever has it next.
                cut();
                await(severed);
            }
        }

        private boolean await(CountDownLatch latch) {
            boolean interrupted = false;
            long until = System.nanoTime() + patience;
            try {
                while (true) {
                    try {
                        return latch.await(until - System.nanoTime(), TimeUnit.NANOSECONDS);
                    } catch (InterruptedException interruption) {
                        interrupted = true;
                    }
                }
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }
}
