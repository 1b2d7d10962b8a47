package io.idempotent.engine;

import io.idempotent.IdempotencyContext;
import io.idempotent.engine.Schedule.Move;
import io.idempotent.engine.Schedule.Wait;
import io.idempotent.store.IdempotencyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** One node: a real engine, whose waits and visits the schedule plays. */
final class ModelNode implements Pacing {

    private final Schedule schedule;
    private final Promises promises;
    private final LongSupplier clock;
    private final List<Runnable> visits = new ArrayList<>();
    private final IdempotencyEngine engine;
    private int visitedAt;

    ModelNode(
            Schedule schedule,
            Promises promises,
            LongSupplier clock,
            IdempotencyStore store,
            Duration completionTimeout) {
        this.schedule = schedule;
        this.promises = promises;
        this.clock = clock;
        this.engine = IdempotencyEngine.builder(store)
                .ticker(clock)
                .completionTimeout(completionTimeout)
                .pacing(this)
                .asyncExecutor(Runnable::run)
                .listener(new IdempotencyListener() {
                    @Override
                    public void leaseLost(IdempotencyContext context) {
                        if (!schedule.isStopped()) {
                            promises.toldLost(context.fencingToken());
                        }
                    }
                })
                .errorHandler((message, failure) -> schedule.fail(new AssertionError(message, failure)))
                .build();
    }

    IdempotencyEngine engine() {
        return engine;
    }

    @Override
    public void park(long nanos) {
        schedule.pause("pausing before it asks again", Wait.CONDITION, () -> true, Move.GOES_ON);
    }

    @Override
    public void sleep(long nanos) {
        schedule.pause("pausing before it looks again", Wait.TURN, () -> true, Move.GOES_ON);
        asks();
    }

    /** A call without a thread is an actor all the same, which does itself what other threads would do for it. */
    @Override
    public Executor requestThreads(int number) {
        return Runnable::run;
    }

    @Override
    public CompletableFuture<@Nullable Void> timer(long nanos) {
        schedule.pause("pausing without a thread", Wait.TURN, () -> true, Move.GOES_ON);
        asks();
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public boolean awaitEnd(Execution owner, long nanos) {
        long deadline = clock.getAsLong() + nanos;
        schedule.pause(
                "waiting for the owner",
                Wait.CONDITION,
                () -> hasEnded(owner) || clock.getAsLong() >= deadline,
                Move.GOES_ON);
        asks();
        boolean hasEnded = hasEnded(owner);
        if (!hasEnded) {
            promises.waitedInVain(owner.fencingToken());
        }
        return hasEnded;
    }

    private static void asks() {
        ModelCall call = ModelCall.acting();
        if (call != null) {
            call.asks();
        }
    }

    private static boolean hasEnded(Execution owner) {
        try {
            return owner.awaitEnd(0);
        } catch (InterruptedException impossible) {
            throw new IllegalStateException("Nobody interrupts in a schedule", impossible);
        }
    }

    /** Keeps the visits, to be made by hand. */
    @Override
    public ScheduledThreadPoolExecutor renewalScheduler() {
        return new ScheduledThreadPoolExecutor(1) {
            @Override
            public @Nullable ScheduledFuture<?> schedule(Runnable visit, long delay, TimeUnit unit) {
                visits.add(visit);
                return null;
            }
        };
    }

    /** Whether leases were begun to be renewed, and time has passed since this was last done. */
    boolean isVisitDue() {
        return !visits.isEmpty() && visitedAt < schedule.time();
    }

    /** What the renewal does now. */
    Runnable visit() {
        visitedAt = schedule.time();
        return () -> {
            // Each asks for the next.
            List<Runnable> asked = List.copyOf(visits);
            visits.clear();
            asked.forEach(Runnable::run);
        };
    }
}
