package io.idempotent.engine;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RenewalResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Renews the leases of running executions in the background.
 *
 * <ol>
 *   <li>Executions with equal leases form a group. One thread visits it each third of the lease, and each group has a
 *       thread of its own to wait for the store.
 *   <li>An execution that has run longer than its operation allows is not renewed any more; its lease runs out.
 *   <li>Executions whose lease was granted less than a sixth of it ago wait for the next visit, so that short
 *       operations cost no request. One request renews all others, at most half a lease after the last.
 *   <li>If the store cannot decide on some, since somebody locks their records, the group is visited again soon, until
 *       the store decides or their leases are over.
 *   <li>If the request for all fails, each is asked for alone: an execution that the store fails for does not cost the
 *       others their leases. A request may take a third of the lease, and at a visit at least half of it is left, so no
 *       request begins after a sixth.
 *   <li>A renewal counts from before its request. One that the store refuses means that the claim is lost; one whose
 *       request fails is repeated at the next visit.
 * </ol>
 */
final class LeaseRenewal {

    /** How many times sooner a group is visited again if the store could not decide on some. */
    private static final int SOON = 8;

    private final IdempotencyStore store;
    private final LongSupplier ticker;
    private final Listeners listeners;
    private final BiConsumer<String, Throwable> errorHandler;
    private final ConcurrentHashMap<Duration, Set<Execution>> groups = new ConcurrentHashMap<>();
    private final ScheduledThreadPoolExecutor scheduler;
    private final AtomicInteger threads = new AtomicInteger();

    LeaseRenewal(
            IdempotencyStore store,
            LongSupplier ticker,
            Listeners listeners,
            BiConsumer<String, Throwable> errorHandler,
            Pacing pacing) {
        this.store = store;
        this.ticker = ticker;
        this.listeners = listeners;
        this.errorHandler = errorHandler;
        this.scheduler = pacing.renewalScheduler();
    }

    void start(Execution execution) {
        if (execution.isLeased()) {
            group(execution.operation().lease()).add(execution);
        }
    }

    /** Stops renewing; a request that is on its way is ignored when it is answered. */
    void stop(Execution execution) {
        if (execution.isLeased()) {
            group(execution.operation().lease()).remove(execution);
        }
    }

    /**
     * Ends the visits. A request that is on its way ends by itself, since to interrupt it may break an embedded
     * database.
     */
    void close() {
        scheduler.shutdown();
    }

    private Set<Execution> group(Duration lease) {
        Set<Execution> group = groups.get(lease);
        return group != null ? group : groups.computeIfAbsent(lease, this::newGroup);
    }

    private Set<Execution> newGroup(Duration lease) {
        Set<Execution> group = ConcurrentHashMap.newKeySet();
        // One more thread, so that a store that is slow to renew one kind of lease costs no other kind its own.
        scheduler.setCorePoolSize(threads.incrementAndGet());
        // The thread looks at the group later, so scheduling inside of computeIfAbsent is safe.
        visitIn(interval(lease), group, lease);
        return group;
    }

    private static long interval(Duration lease) {
        return Math.max(1, Nanos.of(lease) / 3);
    }

    private void visitIn(long nanos, Set<Execution> group, Duration lease) {
        try {
            var unused = scheduler.schedule(() -> visitAgain(group, lease), nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException closed) {
            // Nothing is renewed any more; the engine refuses whoever came late.
        }
    }

    private void visitAgain(Set<Execution> group, Duration lease) {
        long begin = System.nanoTime();
        long interval = interval(lease);
        try {
            interval = visit(group, lease) ? interval : Math.max(1, interval / SOON);
        } finally {
            visitIn(Math.max(0, interval - (System.nanoTime() - begin)), group, lease);
        }
    }

    /**
     * Visits a group, and tells whether it need not be visited again soon. Never throws, since that would end the
     * visits.
     */
    boolean visit(Set<Execution> group, Duration lease) {
        try {
            return renew(group, lease);
        } catch (RuntimeException | Error failure) {
            errorHandler.accept("The renewal of leases failed; it is repeated", failure);
            return true;
        }
    }

    private boolean renew(Set<Execution> group, Duration lease) {
        long sixth = Nanos.of(lease) / 6;
        List<Execution> due = new ArrayList<>();
        for (Execution execution : group) {
            if (execution.age() >= Nanos.of(execution.operation().maxRun())) {
                tellLoss(execution);
            } else if (execution.lease().sinceRenewal() >= sixth) {
                due.add(execution);
            }
        }
        if (due.isEmpty()) {
            return true;
        }
        long begin = ticker.getAsLong();
        Answer answer = request(group, due, lease);
        IdempotencyStoreException failure = answer.failure();
        if (failure == null) {
            return tellUndecided(answer.undecided(), lease);
        }
        listeners.tell(listener -> listener.renewalFailed(due.size(), failure));
        if (due.size() == 1) {
            return true;
        }
        List<Execution> undecided = new ArrayList<>();
        for (Execution execution : due) {
            if (ticker.getAsLong() - begin >= sixth) {
                break;
            }
            // A failure has been told already; the next visit finds out whose it was.
            undecided.addAll(request(group, List.of(execution), lease).undecided());
        }
        return tellUndecided(undecided, lease);
    }

    /**
     * Reports those that are undecided for a while, once for each lease, and tells whether none is to be asked for
     * again.
     */
    private boolean tellUndecided(List<Execution> undecided, Duration lease) {
        List<Execution> untold = undecided.stream()
                .filter(execution -> execution.lease().shouldTellUndecided(Nanos.of(lease) / 2))
                .toList();
        if (!untold.isEmpty()) {
            IdempotencyKey key = untold.get(0).key();
            IdempotencyStoreException failure = new IdempotencyStoreException(
                    "The leases of " + untold.size() + " idempotency keys, '" + key
                            + "' among them, cannot be renewed, since somebody else locks their records in the store"
                            + "; renewal is repeated until they are over: end the transaction that holds the locks",
                    untold.size() == 1 ? key : null,
                    new TimeoutException("no lock in " + lease.dividedBy(2)));
            listeners.tell(listener -> listener.renewalFailed(untold.size(), failure));
        }
        return undecided.stream().noneMatch(execution -> execution.lease().remaining() > 0);
    }

    /** The answer to a request: the failure, or else those that the store could not decide on. */
    private record Answer(@Nullable IdempotencyStoreException failure, List<Execution> undecided) {}

    /** Renews leases by one request. */
    private Answer request(Set<Execution> group, List<Execution> due, Duration lease) {
        long requestedAt = ticker.getAsLong();
        RenewalResult result = RenewalResult.of(Set.of());
        IdempotencyStoreException failure = null;
        try {
            result = store.renew(due.stream().map(Execution::claim).toList(), lease);
        } catch (RuntimeException | Error thrown) {
            failure = StoreFailures.of(thrown, "renew " + due.size() + " leases", null);
        }
        List<Execution> undecided = new ArrayList<>();
        for (Execution execution : due) {
            if (result.renewed().contains(execution.claim())) {
                execution.lease().renewed(requestedAt);
            } else if (result.undecided().contains(execution.claim())) {
                undecided.add(execution);
            } else if (failure == null && group.contains(execution)) {
                execution.lease().notRenewed();
                group.remove(execution);
            }
            tellLoss(execution);
        }
        undecided.removeIf(execution -> !group.contains(execution));
        return new Answer(failure, undecided);
    }

    /** Tells the listeners, once, that a lease is lost, if it is. */
    void tellLoss(Execution execution) {
        if (execution.lease().shouldTellLoss()) {
            execution.lease().interruptRunner();
            listeners.tell(listener -> listener.leaseLost(execution));
        }
    }
}
