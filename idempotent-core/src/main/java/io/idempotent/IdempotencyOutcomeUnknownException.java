package io.idempotent;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An earlier execution of this key was begun, and nobody knows whether its operation was done: its owner died or gave up. The
 * operation was not run again, since it says so.
 */
public final class IdempotencyOutcomeUnknownException extends IdempotencyException {

    private static final long serialVersionUID = 1L;

    private final long fencingToken;

    private final Instant firstClaimedAt;

    /**
     * Makes the exception.
     *
     * @param key the key that is abandoned
     * @param fencingToken the token of the record that was seen
     * @param firstClaimedAt when the key was first claimed, by the store's clock
     * @param reconciled whether it was tried to find out
     * @param cause why that failed, or null
     */
    public IdempotencyOutcomeUnknownException(
            IdempotencyKey key,
            long fencingToken,
            Instant firstClaimedAt,
            boolean reconciled,
            @Nullable Throwable cause) {
        super(
                "Idempotency key '" + key + "' was first claimed at " + firstClaimedAt
                        + " and is abandoned, with the fencing token " + fencingToken + "; "
                        + (reconciled
                                ? "its reconciler could not tell whether its operation was done: repeat the call later, or resolve"
                                        + " the record by hand"
                                : "whether its operation was done is not known, and it is not run again: find out, and"
                                        + " resolve the record by hand"),
                key,
                cause);
        this.fencingToken = fencingToken;
        this.firstClaimedAt = firstClaimedAt;
    }

    /** The token of the record that was seen: whoever resolves it presents it. */
    public long fencingToken() {
        return fencingToken;
    }

    /** When the key was first claimed, by the store's clock. */
    public Instant firstClaimedAt() {
        return firstClaimedAt;
    }
}
