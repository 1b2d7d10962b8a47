package io.idempotent;

import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An earlier execution of this key began, and nobody knows whether its operation, or a step of it, was done: its owner
 * died or gave up. The operation was not run again, since it declares so.
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
     * @param reconciled whether a reconciler was asked
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
                                ? "its reconciler could not tell whether its operation was done: repeat the call later,"
                                        + " or resolve the record by hand"
                                : "whether its operation was done is not known, and it is not run again: find out, and"
                                        + " resolve the record by hand"),
                key,
                cause);
        this.fencingToken = fencingToken;
        this.firstClaimedAt = firstClaimedAt;
    }

    /**
     * Makes the exception for a step that was begun and runs at most once.
     *
     * @param key the key whose execution the step is part of
     * @param fencingToken the token of that execution
     * @param firstClaimedAt when the key was first claimed, by the store's clock
     * @param step the step's name
     * @param reconciled whether a reconciler was asked
     * @param cause why that failed, or null
     */
    public IdempotencyOutcomeUnknownException(
            IdempotencyKey key,
            long fencingToken,
            Instant firstClaimedAt,
            String step,
            boolean reconciled,
            @Nullable Throwable cause) {
        super(
                "Step '" + step + "' of idempotency key '" + key + "', which was first claimed at " + firstClaimedAt
                        + ", was begun before, and " + (reconciled ? "its reconciler could not tell" : "nobody knows")
                        + " whether it was done; it runs at most once, and is not run again: "
                        + (reconciled
                                ? "repeat the call later, or resolve the record by hand"
                                : "give it a reconciler, or find out, and resolve the record by hand"),
                key,
                cause);
        this.fencingToken = fencingToken;
        this.firstClaimedAt = firstClaimedAt;
    }

    /**
     * Makes the exception for a step that did not begin in a recovered execution, because it may have been done under
     * another name.
     *
     * @param key the key whose execution the step is part of
     * @param fencingToken the token of that execution
     * @param firstClaimedAt when the key was first claimed, by the store's clock
     * @param step the step's name
     * @param leftOver the names of recorded steps that the execution has not asked for
     */
    public IdempotencyOutcomeUnknownException(
            IdempotencyKey key, long fencingToken, Instant firstClaimedAt, String step, Set<String> leftOver) {
        super(
                "Step '" + step + "' of idempotency key '" + key + "', which was first claimed at " + firstClaimedAt
                        + " and is recovered, was not begun: the steps " + leftOver
                        + " are recorded and were not asked for, and what they did may have the name '" + step
                        + "' by now. Give the steps their names back, or resolve the record by hand",
                key,
                null);
        this.fencingToken = fencingToken;
        this.firstClaimedAt = firstClaimedAt;
    }

    /**
     * Makes the exception for steps that cannot be undone.
     *
     * @param key the key whose execution the steps are part of
     * @param fencingToken the token of that execution
     * @param firstClaimedAt when the key was first claimed, by the store's clock
     * @param problem why they cannot be undone, and what to do
     */
    public IdempotencyOutcomeUnknownException(
            IdempotencyKey key, long fencingToken, Instant firstClaimedAt, String problem) {
        super(
                "The steps of idempotency key '" + key + "', which was first claimed at " + firstClaimedAt
                        + ", are not undone: " + problem,
                key,
                null);
        this.fencingToken = fencingToken;
        this.firstClaimedAt = firstClaimedAt;
    }

    /** Returns the token of the record that was seen: whoever resolves the record presents it. */
    public long fencingToken() {
        return fencingToken;
    }

    /** Returns when the key was first claimed, by the store's clock. */
    public Instant firstClaimedAt() {
        return firstClaimedAt;
    }
}
