package io.idempotent;

import java.time.Duration;

/** Another claim of this key is live: the first call is still running. */
public final class IdempotencyInProgressException extends IdempotencyConflictException {

    private static final long serialVersionUID = 1L;

    /** Why the call does not wait for the claim's end, or waits no longer. */
    public enum Reason {
        /** The operation does not wait for the first call's outcome. */
        NOT_WAITING,
        /** The operation waited as long as it is allowed to. */
        WAITED,
        /** As many callers as are allowed to wait are waiting. */
        TOO_MANY_WAITERS,
        /** The waiting thread was interrupted; its interrupt flag is set. */
        INTERRUPTED,
        /** The key is held by this very thread: by a call further up the stack, or by a transaction that is not at its end. */
        REENTRANT
    }

    // Nobody can say when another's transaction ends.
    private static final Duration RETRY_AFTER_TRANSACTION = Duration.ofSeconds(1);

    private final Reason reason;

    private final Duration claimedSince;

    private final Duration retryAfter;

    /**
     * Makes the exception.
     *
     * @param key the key that is in progress
     * @param reason why the call does not wait, or no longer
     * @param claimedSince how long ago the live claim was made, by the store's clock
     * @param leaseRemaining how long its lease still lasts, by the store's clock
     */
    public IdempotencyInProgressException(
            IdempotencyKey key, Reason reason, Duration claimedSince, Duration leaseRemaining) {
        super(
                "Idempotency key '" + key + "' is in progress (claimed " + seconds(claimedSince)
                        + " ago, lease ends in " + seconds(leaseRemaining) + "); " + advice(reason),
                key);
        this.reason = reason;
        this.claimedSince = claimedSince;
        this.retryAfter = leaseRemaining;
    }

    /**
     * Makes the exception for a key that is held by a transaction, and so has no lease.
     *
     * @param key the key that is in progress
     * @param reason why the call does not wait, or no longer
     * @param claimedSince for how long it is known to be held
     */
    public IdempotencyInProgressException(IdempotencyKey key, Reason reason, Duration claimedSince) {
        super(
                "Idempotency key '" + key + "' is in progress, in a transaction that has not ended (for "
                        + seconds(claimedSince) + " at least); " + advice(reason),
                key);
        this.reason = reason;
        this.claimedSince = claimedSince;
        this.retryAfter = RETRY_AFTER_TRANSACTION;
    }

    /** Why the call does not wait for the claim's end, or waits no longer. */
    public Reason reason() {
        return reason;
    }

    /** How long ago the live claim was made, by the store's clock; at least, where it is held by a transaction. */
    public Duration claimedSince() {
        return claimedSince;
    }

    /**
     * After how long a repetition has a chance at the latest: when the lease ends, unless it is renewed. The first call
     * may well be done earlier. One second where the key is held by a transaction, whose end nobody knows.
     */
    public Duration retryAfter() {
        return retryAfter;
    }

    private static String advice(Reason reason) {
        return switch (reason) {
            case NOT_WAITING -> "retry after that, or set waitAtMost";
            case WAITED -> "waited for waitAtMost in vain; retry later, or raise it";
            case TOO_MANY_WAITERS -> "retry after that; as many callers as max-waiters allows are waiting already";
            case INTERRUPTED -> "the wait for its outcome was interrupted";
            case REENTRANT ->
                "it is held by this very thread, in a call or a transaction that is not at its end, and cannot wait for itself";
        };
    }

    private static String seconds(Duration duration) {
        long tenths = duration.toMillis() / 100;
        return tenths / 10 + "." + Math.abs(tenths % 10) + " s";
    }
}
