package io.idempotent.store.jdbc;

import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Cancels statements that take too long, and costs those next to nothing that do not. Drivers' own timeouts do: that of
 * PostgreSQL wakes a thread for every statement, and that of H2 asks the database to apply it to whatever the connection is
 * used for from then on.
 *
 * <ol>
 *   <li>A statement is among those that run from before it is executed until it has ended.
 *   <li>At intervals a thread looks at them, and cancels each that is past its time, once.
 *   <li>A statement has not ended while it is being cancelled: what is next on its connection is not hit.
 *   <li>The thread ends when nothing ran for a while, and another is started by the next statement.
 * </ol>
 *
 * <p>Safe for use by many threads.
 */
final class StatementTimeouts {

    /** The ones of this JVM; late by a tenth of a second at most, unless a database does not answer to being asked to cancel. */
    static final StatementTimeouts SHARED = new StatementTimeouts(Duration.ofMillis(100), 100);

    private final Set<Running> running = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean watched = new AtomicBoolean();
    private final long interval;
    private final int idleIntervals;

    /**
     * Makes one that runs no thread yet.
     *
     * @param interval how often the thread looks
     * @param idleIntervals how often it sees nothing before it ends
     */
    StatementTimeouts(Duration interval, int idleIntervals) {
        this.interval = interval.toNanos();
        this.idleIntervals = idleIntervals;
    }

    /** Has the statement cancelled, unless it has ended within the time, which the caller has to say. */
    Running begin(Statement statement, int timeoutSeconds) {
        Running begun = new Running(statement, System.nanoTime() + TimeUnit.SECONDS.toNanos(timeoutSeconds));
        running.add(begun);
        if (!watched.get() && watched.compareAndSet(false, true)) {
            try {
                Thread thread = new Thread(this::watch, "idempotent-statement-timeouts");
                thread.setDaemon(true);
                thread.start();
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

    private void watch() {
        int idle = 0;
        while (idle < idleIntervals || !mayEnd()) {
            LockSupport.parkNanos(interval);
            idle = running.isEmpty() ? idle + 1 : 0;
            long now = System.nanoTime();
            running.forEach(each -> each.cancelIfLate(now));
        }
    }

    /** Whether this thread may end: not if a statement began just before, and has not started another thread. */
    private boolean mayEnd() {
        watched.set(false);
        return running.isEmpty() || !watched.compareAndSet(false, true);
    }

    /** A statement that is being executed, until it ends. */
    final class Running {

        private final Statement statement;
        private final long deadline;
        private final ReentrantLock lock = new ReentrantLock();
        private boolean done;

        private Running(Statement statement, long deadline) {
            this.statement = statement;
            this.deadline = deadline;
        }

        void cancelIfLate(long now) {
            if (now - deadline < 0) {
                return;
            }
            lock.lock();
            try {
                if (!done) {
                    done = true;
                    statement.cancel();
                }
            } catch (SQLException | RuntimeException | Error failure) {
                // Then it ends when the database, the network or the driver ends it: there is no more that can be done.
            } finally {
                lock.unlock();
            }
        }

        /** Says that the statement has ended: it is not cancelled from now on. */
        void end() {
            running.remove(this);
            lock.lock();
            try {
                done = true;
            } finally {
                lock.unlock();
            }
        }
    }
}
