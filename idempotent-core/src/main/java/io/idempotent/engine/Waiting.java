package io.idempotent.engine;

import io.idempotent.IdempotencyConflictException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.store.Backoff;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Waits for a key that is in progress.
 *
 * <ol>
 *   <li>A waiter is refused at once if the {@link WaitingRoom} has no place for it, its operation does not wait, or its
 *       request says something else than the record.
 *   <li>An owner in this JVM wakes the waiter when it ends; the waiter looks after the owner's lease at the latest. It
 *       looks for an owner elsewhere after pauses that double from 4 to 500 milliseconds, each shortened at random as
 *       {@link Backoff} does, so that waiters do not come together.
 *   <li>To look is to claim: the answer is the outcome, the claim itself once the key is free or abandoned, or that the
 *       key is still in progress. A live owner's claim is never taken.
 * </ol>
 *
 * <p>A call that has a thread waits in it. One that has none is a {@link Callback}, and follows the same rules.
 *
 * @param room bounds how many wait
 * @param owners who holds a key in this JVM
 */
record Waiting(
        WaitingRoom room, LongSupplier ticker, Owners owners, Claimant claimant, Listeners listeners, Pacing pacing) {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(4);

    private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);

    /**
     * Waits until the claim has another answer than in progress.
     *
     * @param first the record that was found in progress
     * @throws IdempotencyConflictException if the caller must not wait, or waited in vain
     */
    Answer await(Operation<?> operation, ClaimRequest request, IdempotencyRecord first) {
        long deadline = enter(operation, request, first);
        try {
            return await(request, first, deadline);
        } finally {
            leave(request.key());
        }
    }

    /**
     * Like {@link #await}, without a thread.
     *
     * @param unwanted ends the wait when somebody completes it
     * @param answered gets the answer, or the failure: one of those of {@link #await}, what the store throws, or that
     *     the call is unwanted. Called by a thread that may ask the store
     */
    void await(
            Operation<?> operation,
            ClaimRequest request,
            IdempotencyRecord first,
            RequestThreads threads,
            CompletableFuture<@Nullable Void> unwanted,
            BiConsumer<@Nullable Answer, @Nullable Throwable> answered) {
        long deadline;
        try {
            deadline = enter(operation, request, first);
        } catch (IdempotencyConflictException refusal) {
            answered.accept(null, refusal);
            return;
        }
        Callback callback = new Callback(request, deadline, threads, unwanted, answered);
        callback.pause(first);
        var unused = unwanted.thenRun(callback::endPause);
    }

    /** Returns what becomes of a call that was cancelled before its work began. */
    static CancellationException unwanted(IdempotencyKey key) {
        return new CancellationException("The call of '" + key + "' was cancelled before its work began");
    }

    /**
     * Takes a place among those who wait, if the call may wait.
     *
     * @return the ticker's time until when it may wait
     * @throws IdempotencyConflictException if it must not
     */
    private long enter(Operation<?> operation, ClaimRequest request, IdempotencyRecord first) {
        check(request, first);
        long waitAtMost = Nanos.of(operation.waitAtMost());
        if (waitAtMost == 0) {
            throw inProgress(first, Reason.NOT_WAITING);
        }
        if (!enter(request.key())) {
            throw inProgress(first, Reason.TOO_MANY_WAITERS);
        }
        return ticker.getAsLong() + waitAtMost;
    }

    /** Takes a place among those who wait, to be left again; tells whether there was one. */
    boolean enter(IdempotencyKey key) {
        boolean entered = room.enter(key);
        if (entered) {
            listeners.tell(listener -> listener.waiting(key));
        }
        return entered;
    }

    /** Leaves the place that was taken. */
    void leave(IdempotencyKey key) {
        room.leave(key);
    }

    /** Begins the pauses of another waiter. */
    static Backoff newBackoff() {
        return Backoff.of(FIRST_PAUSE, LONGEST_PAUSE);
    }

    /** Pauses, at most so many nanoseconds. */
    void pause(Backoff backoff, long atMost) throws InterruptedException {
        pacing.sleep(Math.min(atMost, backoff.nextNanos()));
    }

    private Answer await(ClaimRequest request, IdempotencyRecord first, long deadline) {
        IdempotencyRecord record = first;
        Backoff backoff = newBackoff();
        while (true) {
            long atMost = longestPause(record, deadline);
            Execution owner = ownerOf(record);
            try {
                if (owner != null) {
                    var unused = owners.await(owner, atMost);
                } else {
                    pause(backoff, atMost);
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw inProgress(record, Reason.INTERRUPTED);
            }
            long requestedAt = ticker.getAsLong();
            ClaimResult result = claimant.claim(request);
            if (!(result instanceof ClaimResult.InProgress inProgress)) {
                return new Answer(result, requestedAt);
            }
            record = inProgress.record();
            check(request, record);
        }
    }

    /**
     * Returns how long to pause at most.
     *
     * @throws IdempotencyInProgressException if it is time to give up
     */
    private long longestPause(IdempotencyRecord record, long deadline) {
        long remaining = deadline - ticker.getAsLong();
        if (remaining <= 0) {
            throw inProgress(record, Reason.WAITED);
        }
        // One nanosecond more, since the lease is over only then.
        return Math.min(remaining, Nanos.of(record.leaseRemaining()) + 1);
    }

    /** Returns the owner that a record is of, if it is in this JVM. */
    private @Nullable Execution ownerOf(IdempotencyRecord record) {
        Execution owner = owners.find(record.key());
        return owner != null && owner.fencingToken() == record.fencingToken() ? owner : null;
    }

    private static void check(ClaimRequest request, IdempotencyRecord record) {
        if (!request.fingerprint().matches(record.fingerprint())) {
            throw new IdempotencyKeyReusedException(request.key());
        }
    }

    /** Returns the refusal of a call that finds this record, for its caller to throw. */
    static IdempotencyInProgressException inProgress(IdempotencyRecord record, Reason reason) {
        return new IdempotencyInProgressException(record.key(), reason, record.claimedSince(), record.leaseRemaining());
    }

    /**
     * The store's last answer.
     *
     * @param result anything but in progress
     * @param requestedAt the ticker's time before the request
     */
    record Answer(ClaimResult result, long requestedAt) {}

    /** A waiter that is called when its pause is over. It pauses and looks in turn, and never does both. */
    private final class Callback {

        private final ClaimRequest request;
        private final long deadline;
        private final RequestThreads threads;
        private final CompletableFuture<@Nullable Void> unwanted;
        private final BiConsumer<@Nullable Answer, @Nullable Throwable> answered;
        private final Backoff backoff = newBackoff();
        private final Runnable wake = this::endPause;

        // Who calls this waiter at its end, so that it asks for that once.
        private @Nullable Execution watched;
        private volatile @Nullable CompletableFuture<@Nullable Void> pause;

        Callback(
                ClaimRequest request,
                long deadline,
                RequestThreads threads,
                CompletableFuture<@Nullable Void> unwanted,
                BiConsumer<@Nullable Answer, @Nullable Throwable> answered) {
            this.request = request;
            this.deadline = deadline;
            this.threads = threads;
            this.unwanted = unwanted;
            this.answered = answered;
        }

        void pause(IdempotencyRecord record) {
            long atMost;
            try {
                atMost = longestPause(record, deadline);
            } catch (IdempotencyInProgressException inVain) {
                answer(null, inVain);
                return;
            }
            Execution owner = ownerOf(record);
            CompletableFuture<@Nullable Void> next =
                    threads.timer(owner != null ? atMost : Math.min(atMost, backoff.nextNanos()));
            pause = next;
            watch(owner);
            if (unwanted.isDone() || (owner != null && owner.hasEnded())) {
                // It may have called before this pause began.
                endPause();
            }
            var unused = next.thenRun(() -> threads.request(this::look));
        }

        private void watch(@Nullable Execution owner) {
            Execution before = watched;
            if (before != owner) {
                watched = owner;
                if (before != null) {
                    before.forget(wake);
                }
                if (owner != null) {
                    owner.onEnd(wake);
                }
            }
        }

        private void endPause() {
            CompletableFuture<@Nullable Void> current = pause;
            if (current != null) {
                current.complete(null);
            }
        }

        private void look() {
            if (unwanted.isDone()) {
                answer(null, unwanted(request.key()));
                return;
            }
            long requestedAt = ticker.getAsLong();
            ClaimResult result;
            try {
                result = claimant.claim(request);
                if (result instanceof ClaimResult.InProgress inProgress) {
                    check(request, inProgress.record());
                }
            } catch (RuntimeException | Error failure) {
                answer(null, failure);
                return;
            }
            if (result instanceof ClaimResult.InProgress inProgress) {
                pause(inProgress.record());
            } else {
                answer(new Answer(result, requestedAt), null);
            }
        }

        private void answer(@Nullable Answer answer, @Nullable Throwable failure) {
            watch(null);
            leave(request.key());
            answered.accept(answer, failure);
        }
    }
}
