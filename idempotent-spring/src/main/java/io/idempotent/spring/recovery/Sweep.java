package io.idempotent.spring.recovery;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.spring.settings.RecoverySettings;
import io.idempotent.store.IdempotencyRecord;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Recovers all abandoned executions that are old enough, operation by operation in turn.
 *
 * <ol>
 *   <li>A free thread goes to the operation of which the fewest executions are being recovered, and of those to the one
 *       that has waited longest. Slow executions of one operation do not keep those of others waiting.
 *   <li>Each page is shuffled, so that nodes that sweep at the same time seldom meet at one record. Where they do, the
 *       claim decides.
 *   <li>Whatever one execution throws, the sweep goes on. If the store fails three times in a row, the rest of the
 *       operation waits for the next sweep.
 *   <li>This object holds no connection, lock or transaction while an execution is recovered.
 * </ol>
 *
 * <p>For one thread at a time.
 */
final class Sweep {

    private static final Log LOG = LogFactory.getLog(Sweep.class);

    private static final int FAILURES_IN_A_ROW = 3;

    private final Recoverer recoverer;
    private final RecoverySettings settings;
    private final Executor workers;
    private final BooleanSupplier stopped;

    // Kept from sweep to sweep, so that one execution that hangs holds up no more than its own thread.
    private final Semaphore free;

    private final Set<IdempotencyKey> recovering = ConcurrentHashMap.newKeySet();

    // Told once, until a thread is free again.
    private final AtomicBoolean busy = new AtomicBoolean();

    // The operations whose store failed when it was last asked, so that this is told once.
    private final Set<String> failing = ConcurrentHashMap.newKeySet();

    Sweep(Recoverer recoverer, RecoverySettings settings, Executor workers, BooleanSupplier stopped) {
        this.recoverer = recoverer;
        this.settings = settings;
        this.workers = workers;
        this.stopped = stopped;
        this.free = new Semaphore(settings.threads());
    }

    /** Sweeps once. Returns when the last execution that it finds has a thread. */
    void run() {
        List<Backlog> inTurn = new ArrayList<>();
        recoverer.operations().forEach(operation -> inTurn.add(new Backlog(operation)));
        Collections.shuffle(inTurn);
        while (!inTurn.isEmpty()) {
            if (!hasFreeThread()) {
                return;
            }
            if (stopped.getAsBoolean()) {
                free.release();
                break;
            }
            // The first of equals, which is the one that has waited longest.
            Backlog next = Collections.min(inTurn, Comparator.comparingInt(Backlog::running));
            inTurn.remove(next);
            IdempotencyRecord record = next.next();
            if (record == null) {
                free.release();
                continue;
            }
            inTurn.add(next);
            next.running.incrementAndGet();
            start(next, record);
        }
    }

    /** Waits for a free thread. If none gets free for long, that is told. */
    private boolean hasFreeThread() {
        try {
            while (!free.tryAcquire(settings.interval().toNanos(), TimeUnit.NANOSECONDS)) {
                if (stopped.getAsBoolean()) {
                    return false;
                }
                if (busy.compareAndSet(false, true)) {
                    LOG.warn("All " + settings.threads() + " threads of the recovery are busy for longer than "
                            + settings.interval() + ", and nothing else is recovered here meanwhile: look at what "
                            + recovering + " do, or raise idempotent.recovery.threads");
                }
            }
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            return false;
        }
        busy.set(false);
        return true;
    }

    private void start(Backlog backlog, IdempotencyRecord record) {
        Runnable work = () -> {
            try {
                if (!stopped.getAsBoolean()) {
                    backlog.recover(record);
                }
            } finally {
                end(backlog, record);
            }
        };
        recovering.add(record.key());
        try {
            workers.execute(work);
        } catch (RejectedExecutionException stopping) {
            LOG.debug("Idempotency key '" + record.key() + "' is left to another node: this one stops", stopping);
            end(backlog, record);
        } catch (Throwable noThread) {
            end(backlog, record);
            throw noThread;
        }
    }

    private void end(Backlog backlog, IdempotencyRecord record) {
        recovering.remove(record.key());
        backlog.running.decrementAndGet();
        free.release();
    }

    /** What one operation has left in this sweep. */
    private final class Backlog {

        private final Recoverable operation;
        private final Deque<IdempotencyRecord> page = new ArrayDeque<>();
        private final AtomicInteger running = new AtomicInteger();
        private final AtomicInteger failures = new AtomicInteger();
        private @Nullable IdempotencyKey last;
        private boolean listed;

        Backlog(Recoverable operation) {
            this.operation = operation;
        }

        int running() {
            return running.get();
        }

        /** The next record; null if none is left for this sweep. */
        @Nullable
        IdempotencyRecord next() {
            if (failures.get() >= FAILURES_IN_A_ROW) {
                return null;
            }
            if (page.isEmpty() && !listed) {
                list();
            }
            return page.poll();
        }

        private void list() {
            listed = true;
            try {
                List<IdempotencyRecord> found = new ArrayList<>(operation
                        .records()
                        .listRecoverable(operation.name(), operation.recovery().after(), last, settings.batch()));
                storeAnswered();
                if (found.size() >= settings.batch()) {
                    listed = false;
                    last = found.get(found.size() - 1).key();
                }
                Collections.shuffle(found);
                page.addAll(found);
            } catch (IdempotencyStoreException failure) {
                storeFailed(failure);
            } catch (Throwable failure) {
                LOG.error(
                        "The abandoned executions of operation '" + operation.name()
                                + "' could not be listed; the next sweep tries again",
                        failure);
            }
        }

        void recover(IdempotencyRecord record) {
            try {
                recoverer.recover(operation, record);
                storeAnswered();
            } catch (IdempotencyStoreException failure) {
                storeFailed(failure);
            } catch (Throwable failure) {
                LOG.error(
                        "Idempotency key '" + record.key() + "' with fencing token " + record.fencingToken()
                                + " could not be recovered; the next sweep tries again",
                        failure);
            }
        }

        private void storeAnswered() {
            failures.set(0);
            if (failing.remove(operation.name())) {
                LOG.info("The abandoned executions of operation '" + operation.name() + "' are recovered again");
            }
        }

        private void storeFailed(IdempotencyStoreException failure) {
            failures.incrementAndGet();
            if (failing.add(operation.name()) && !stopped.getAsBoolean()) {
                LOG.warn(
                        "The store of operation '" + operation.name()
                                + "' failed when abandoned executions were to be recovered; each sweep tries again,"
                                + " and this is not said again until it has answered",
                        failure);
            }
        }
    }
}
