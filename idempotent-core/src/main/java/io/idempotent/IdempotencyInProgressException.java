package io.idempotent;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Another claim of this key is live: the first call still runs. */
public final class IdempotencyInProgressException extends IdempotencyConflictException {

    private static final long serialVersionUID = 1L;

    /** Why the call does not wait for the end of the claim, or waits no longer. */
    public enum Reason {
        /** The operation does not wait for the first call's outcome. */
        NOT_WAITING,
        /** The operation waited as long as it may. */
        WAITED,
        /** As many callers as may wait, in all or for this key, wait already. */
        TOO_MANY_WAITERS,
        /** The waiting thread was interrupted; its interrupt flag is set. */
        INTERRUPTED,
        /** This very thread holds the key, by a call further up the stack or by a transaction that has not ended. */
        REENTRANT
    }

    private static final Duration SHORTEST_RETRY_AFTER = Duration.ofSeconds(1);

    private final Reason reason;

    private final Duration claimedSince;

    private final @Nullable Duration leaseRemaining;

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
                        + " ago, lease ends in " + seconds(leaseRemaining) + "); "
                        + advice(reason, retryAfter(claimedSince, leaseRemaining)),
                key);
        this.reason = reason;
        this.claimedSince = claimedSince;
        this.leaseRemaining = leaseRemaining;
    }

    /**
     * Makes the exception for a key that a transaction holds, which has no lease.
     *
     * @param key the key that is in progress
     * @param reason why the call does not wait, or no longer
     * @param claimedSince how long it is known to be held
     */
    public IdempotencyInProgressException(IdempotencyKey key, Reason reason, Duration claimedSince) {
        super(
                "Idempotency key '" + key + "' is in progress, in a transaction that has not ended (for "
                        + seconds(claimedSince) + " at least); " + advice(reason, retryAfter(claimedSince, null)),
                key);
        this.reason = reason;
        this.claimedSince = claimedSince;
        this.leaseRemaining = null;
    }

    /** Returns why the call does not wait for the end of the claim, or waits no longer. */
    public Reason reason() {
        return reason;
    }

    /**
     * Returns how long ago the live claim was made, by the store's clock. It may be longer ago if a transaction holds
     * the key.
     */
    public Duration claimedSince() {
        return claimedSince;
    }

    /**
     * Returns how long the claim's lease still lasts, by the store's clock. The lease of a running call is renewed, so
     * this is how long it takes to notice that its owner died. Null if a transaction holds the key, which has no lease.
     */
    public @Nullable Duration leaseRemaining() {
        return leaseRemaining;
    }

    /**
     * Returns after how long to repeat the call: as long as the first one has run by now, at least one second, and no
     * longer than its lease lasts. So repetitions come at growing intervals, and the last one soon after the end.
     */
    public Duration retryAfter() {
        return retryAfter(claimedSince, leaseRemaining);
    }

    private static Duration retryAfter(Duration age, @Nullable Duration leaseRemaining) {
        Duration retryAfter = longer(age, SHORTEST_RETRY_AFTER);
        return leaseRemaining == null || leaseRemaining.compareTo(retryAfter) > 0
                ? retryAfter
                : longer(leaseRemaining, Duration.ZERO);
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }

    private static String advice(Reason reason, Duration retryAfter) {
        return switch (reason) {
            case NOT_WAITING -> "retry in " + seconds(retryAfter) + ", or set waitAtMost";
            case WAITED -> "waited for waitAtMost in vain; retry in " + seconds(retryAfter) + ", or raise it";
            case TOO_MANY_WAITERS ->
                "retry in " + seconds(retryAfter)
                        + "; as many callers as max-waiters or max-waiters-per-key allows are waiting already";
            case INTERRUPTED -> "the wait for its outcome was interrupted";
            case REENTRANT ->
                "it is held by this very thread, in a call or a transaction that has not ended,"
                        + " and cannot wait for itself";
        };
    }

    private static String seconds(Duration duration) {
        long tenths = duration.toMillis() / 100;
        return tenths / 10 + "." + Math.abs(tenths % 10) + " s";
    }
}
