package io.idempotent.store;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a store keeps for one key, at one moment. All times are the store's own.
 *
 * @param key the key
 * @param fencingToken the token of the last claim
 * @param fingerprint what the first request said
 * @param firstClaimedAt when the key was first claimed
 * @param claimedAt when the last claim was made
 * @param takeovers how many claims took over from an owner whose lease had ended, since the key was last free or
 *     released
 * @param traceId the trace that the last claim was part of; if that was part of none, the trace of the last claim that
 *     was, since the key was last free; null if there is none
 * @param state in progress, completed, or released with its steps; with what belongs to it
 * @param observedAt the store's time at the moment when it gave this record; for a completed record of a store that
 *     keeps references any moment since its completion
 */
public record IdempotencyRecord(
        IdempotencyKey key,
        long fencingToken,
        Fingerprint fingerprint,
        Instant firstClaimedAt,
        Instant claimedAt,
        int takeovers,
        @Nullable String traceId,
        State state,
        Instant observedAt) {

    /** How many characters a trace id has at most: {@value}. */
    public static final int LONGEST_TRACE_ID = 32;

    /** The status of a record. <i>Abandoned</i> and <i>expired</i> are questions of time, not states. */
    public sealed interface State {}

    /**
     * An owner holds the key, or held it until its lease ended.
     *
     * @param leaseEndsAt when the lease ends, or ended
     */
    public record InProgress(Instant leaseEndsAt) implements State {}

    /**
     * The outcome is recorded.
     *
     * @param outcome what running produced
     * @param completedAt when it was recorded
     * @param retainedUntil when the record stops to count
     */
    public record Completed(RecordedOutcome outcome, Instant completedAt, Instant retainedUntil) implements State {}

    /**
     * An owner gave the key back unanswered, and what it recorded of its steps waits for the next claim.
     *
     * @param releasedAt when it was given back
     * @param retainedUntil when the record stops to count, and the key is free without them
     */
    public record Released(Instant releasedAt, Instant retainedUntil) implements State {}

    /** What is recorded, or null while there is nothing. */
    public @Nullable RecordedOutcome outcome() {
        return state instanceof Completed completed ? completed.outcome() : null;
    }

    /** Whether the record was in progress, with its lease over, when it was observed. */
    public boolean isAbandoned() {
        return state instanceof InProgress inProgress && !observedAt.isBefore(inProgress.leaseEndsAt());
    }

    /** How long ago the last claim was made when the record was observed. */
    public Duration claimedSince() {
        return Duration.between(claimedAt, observedAt);
    }

    /**
     * How long the lease still lasted when the record was observed; zero if it was over, or the record is not in
     * progress.
     */
    public Duration leaseRemaining() {
        if (!(state instanceof InProgress inProgress) || isAbandoned()) {
            return Duration.ZERO;
        }
        return Duration.between(observedAt, inProgress.leaseEndsAt());
    }
}
