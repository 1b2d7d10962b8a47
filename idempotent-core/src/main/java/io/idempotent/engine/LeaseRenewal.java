package io.idempotent.engine;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.Claim;
import io.idempotent.store.IdempotencyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Renews the leases of running executions in the background.
 *
 * <ol>
 *   <li>Executions with equal leases form a group, which one thread visits each third of the lease; each group has a thread of
 *       its own to wait for the store.
 *   <li>An execution that has run longer than its operation allows is not renewed any more; its lease runs out.
 *   <li>Those that were granted their lease less than a sixth of it ago are left alone until the next visit, so that short
 *       operations cost no request; the others are renewed by one request for all, at most half a lease after the last.
 *   <li>If the request for all fails, each is asked for alone, as long as a third of the lease lasts: one that is stuck in the
 *       store does not cost the others theirs.
 *   <li>A renewal counts from before its request. One that is refused means that the claim is lost; one whose request
 *       fails is tried again at the next visit.
 * </ol>
 */
final class LeaseRenewal {

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

    void close() {
        scheduler.shutdownNow();
    }

    private Set<Execution> group(Duration lease) {
        Set<Execution> group = groups.get(lease);
        return group != null ? group : groups.computeIfAbsent(lease, this::newGroup);
    }

    private Set<Execution> newGroup(Duration lease) {
        Set<Execution> group = ConcurrentHashMap.newKeySet();
        // One more thread, so that a store that is slow to renew one kind of lease costs no other kind its own.
        scheduler.setCorePoolSize(threads.incrementAndGet());
        long interval = Math.max(1, Nanos.of(lease) / 3);
        // The group itself is only looked at by the thread later on, so that scheduling inside computeIfAbsent is safe.
        try {
            var unused =
                    scheduler.scheduleAtFixedRate(() -> visit(group, lease), interval, interval, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException closed) {
            // Nothing is renewed any more; whoever came late is told by the engine.
        }
        return group;
    }

    /** One visit to a group. Never throws, since that would end the visits. */
    void visit(Set<Execution> group, Duration lease) {
        try {
            renew(group, lease);
        } catch (RuntimeException | Error failure) {
            errorHandler.accept("The renewal of leases failed; it is tried again", failure);
        }
    }

    private void renew(Set<Execution> group, Duration lease) {
        long sixth = Nanos.of(lease) / 6;
        List<Execution> due = new ArrayList<>();
        for (Execution execution : group) {
            if (execution.age() >= Nanos.of(execution.operation().maxRun())) {
                tellLoss(execution);
            } else if (execution.sinceRenewal() >= sixth) {
                due.add(execution);
            }
        }
        if (due.isEmpty()) {
            return;
        }
        long begin = ticker.getAsLong();
        IdempotencyStoreException failure = request(group, due, lease);
        if (failure == null) {
            return;
        }
        listeners.tell(listener -> listener.renewalFailed(due.size(), failure));
        if (due.size() == 1) {
            return;
        }
        for (Execution execution : due) {
            if (ticker.getAsLong() - begin >= 2 * sixth) {
                return;
            }
            // Told already; which of them it was is for the next visit to find out.
            var unused = request(group, List.of(execution), lease);
        }
    }

    /** Renews the leases by one request; gives the failure if it is not known which of them were renewed. */
    private @Nullable IdempotencyStoreException request(Set<Execution> group, List<Execution> due, Duration lease) {
        long requestedAt = ticker.getAsLong();
        Set<Claim> renewed = Set.of();
        IdempotencyStoreException failure = null;
        try {
            renewed = store.renew(due.stream().map(Execution::claim).toList(), lease);
        } catch (RuntimeException | Error thrown) {
            failure = StoreFailures.of(thrown, "renew " + due.size() + " leases", null);
        }
        for (Execution execution : due) {
            if (renewed.contains(execution.claim())) {
                execution.renewed(requestedAt);
            } else if (failure == null && group.contains(execution)) {
                execution.notRenewed();
                group.remove(execution);
            }
            tellLoss(execution);
        }
        return failure;
    }

    /** Tells the listeners, once, if the lease is lost. */
    void tellLoss(Execution execution) {
        if (execution.shouldTellLoss()) {
            execution.interruptRunner();
            listeners.tell(listener -> listener.leaseLost(execution));
        }
    }
}
