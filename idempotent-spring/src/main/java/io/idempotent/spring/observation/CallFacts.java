package io.idempotent.spring.observation;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * What was told of one call, and what it amounts to. The first rule that applies decides:
 *
 * <ol>
 *   <li>It was replayed: <b>replayed</b>, or <b>replayed after waiting</b>. An atomic call may have run before that, in
 *       an attempt that was rolled back.
 *   <li>The store failed, and it ran all the same: <b>unprotected</b>.
 *   <li>It completed: by a failure as <b>recorded failure</b>, by a reconciler's answer as <b>reconciled</b>, after a
 *       take-over as <b>taken over</b>, else as <b>executed</b>. What was refused inside of it does not matter.
 *   <li>Its lease was lost, or it was answered so: <b>claim lost</b>.
 *   <li>It was refused, even after it was claimed: as the refusal says.
 *   <li>It was claimed, and answered by the store's failure: <b>store failed</b>.
 *   <li>It was abandoned, or its end could not be told: <b>abandoned</b>.
 *   <li>It was released: <b>released</b>.
 *   <li>It waits for its transaction's end: nothing yet.
 *   <li>It was claimed, and nobody told how it ends, since code that outlives the answer still runs: <b>abandoned</b>.
 *   <li>It was not claimed: as what it was answered by says, else <b>refused</b>.
 * </ol>
 *
 * <p>Safe for use by many threads: a lease is lost, and a transaction ends, in another thread than that of the call.
 */
final class CallFacts {

    private volatile @Nullable IdempotencyKey claimed;
    private volatile int takeovers;
    private volatile boolean waited;
    private volatile boolean replayed;
    private volatile boolean unprotected;
    private volatile boolean reconciled;
    private volatile boolean lost;
    private volatile boolean pending;
    private volatile boolean abandoned;
    private volatile boolean released;
    private volatile @Nullable Outcome completed;
    private volatile @Nullable IdempotencyException refusal;

    void claimed(IdempotencyContext execution) {
        claimed = execution.key();
        takeovers = execution.takeovers();
    }

    void waited() {
        waited = true;
    }

    void replayed() {
        replayed = true;
    }

    void unprotected() {
        unprotected = true;
    }

    void reconciled() {
        reconciled = true;
    }

    void lost() {
        lost = true;
    }

    void pending() {
        pending = true;
    }

    void abandoned() {
        abandoned = true;
    }

    void released() {
        released = true;
    }

    void completed(Outcome outcome) {
        completed = outcome;
    }

    void refused(IdempotencyException reason) {
        refusal = reason;
    }

    /**
     * Returns what became of the call, after it was answered.
     *
     * @param failure what it was answered by; null if it got a result
     * @return null if that is not known before its transaction ends
     */
    @Nullable
    CallOutcome outcome(@Nullable Throwable failure) {
        if (replayed) {
            return waited ? CallOutcome.REPLAYED_AFTER_WAITING : CallOutcome.REPLAYED;
        }
        if (unprotected) {
            return CallOutcome.UNPROTECTED;
        }
        if (completed != null) {
            return ofCompletion(completed);
        }
        if (lost || (failure instanceof IdempotencyClaimLostException && isOwn(failure))) {
            return CallOutcome.CLAIM_LOST;
        }
        if (refusal != null) {
            return ofRefusal(refusal);
        }
        if (claimed == null) {
            return ofRefusal(failure);
        }
        if (failure instanceof IdempotencyStoreException && isOwn(failure)) {
            return CallOutcome.STORE_FAILED;
        }
        if (abandoned) {
            return CallOutcome.ABANDONED;
        }
        if (released) {
            return CallOutcome.RELEASED;
        }
        return pending ? null : CallOutcome.ABANDONED;
    }

    private CallOutcome ofCompletion(Outcome outcome) {
        if (outcome instanceof Outcome.Failure) {
            return CallOutcome.RECORDED_FAILURE;
        }
        if (reconciled) {
            return CallOutcome.RECONCILED;
        }
        return takeovers > 0 ? CallOutcome.TAKEN_OVER : CallOutcome.EXECUTED;
    }

    /** Tells whether a failure is about this call's key, and not about one that its operation used. */
    private boolean isOwn(Throwable failure) {
        return claimed != null && failure instanceof IdempotencyException exception && claimed.equals(exception.key());
    }

    private static CallOutcome ofRefusal(@Nullable Throwable refusal) {
        if (refusal instanceof IdempotencyInProgressException) {
            return CallOutcome.IN_PROGRESS;
        }
        if (refusal instanceof IdempotencyKeyReusedException) {
            return CallOutcome.KEY_REUSED;
        }
        if (refusal instanceof IdempotencyKeyException) {
            return CallOutcome.BAD_KEY;
        }
        if (refusal instanceof IdempotencyOutcomeUnknownException) {
            return CallOutcome.OUTCOME_UNKNOWN;
        }
        if (refusal instanceof IdempotencyOutcomeException) {
            return CallOutcome.NOT_REPLAYABLE;
        }
        if (refusal instanceof IdempotencyClaimLostException) {
            return CallOutcome.CLAIM_LOST;
        }
        return refusal instanceof IdempotencyStoreException ? CallOutcome.STORE_FAILED : CallOutcome.REFUSED;
    }
}
