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
import java.util.function.LongSupplier;

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
        check(request, first);
        long waitAtMost = Nanos.of(operation.waitAtMost());
        if (waitAtMost == 0) {
            throw inProgress(first, Reason.NOT_WAITING);
        }
        if (!enter(request.key())) {
            throw inProgress(first, Reason.TOO_MANY_WAITERS);
        }
        try {
            return await(request, first, ticker.getAsLong() + waitAtMost);
        } finally {
            leave(request.key());
        }
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
            long remaining = deadline - ticker.getAsLong();
            if (remaining <= 0) {
                throw inProgress(record, Reason.WAITED);
            }
            // One nanosecond more, since the lease is over only then.
            long atMost = Math.min(remaining, Nanos.of(record.leaseRemaining()) + 1);
            Execution owner = owners.find(request.key());
            try {
                if (owner != null && owner.fencingToken() == record.fencingToken()) {
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
}
