package io.idempotent.store;

import java.time.Instant;
import java.util.List;

/** The store's answer to a {@link ClaimRequest}. */
public sealed interface ClaimResult {

    /**
     * The key is claimed by this request.
     *
     * @param claim the proof
     * @param firstClaimedAt when the key was first claimed, by the store's clock; a take-over keeps it
     * @param takeovers how many claims, this one included, took over from an owner whose lease had ended, since the key
     *     was last free or released
     * @param steps what earlier claims of the record recorded of their steps; none where the key was free
     */
    record Claimed(Claim claim, Instant firstClaimedAt, int takeovers, List<RecordedStep> steps)
            implements ClaimResult {

        /** Makes the answer; the list is copied. */
        public Claimed {
            steps = List.copyOf(steps);
        }

        /** Makes the answer for a record without steps. */
        public Claimed(Claim claim, Instant firstClaimedAt, int takeovers) {
            this(claim, firstClaimedAt, takeovers, List.of());
        }
    }

    /**
     * Another claim of the key is live; nothing was changed.
     *
     * @param record the record, as the store's clock saw it
     */
    record InProgress(IdempotencyRecord record) implements ClaimResult {}

    /**
     * The key's owner is gone, and the request may not take over, or its fingerprint is not the record's. Or the key
     * was released with steps, and the fingerprint is not the record's. Nothing was changed.
     *
     * @param record the record, as the store's clock saw it
     */
    record Abandoned(IdempotencyRecord record) implements ClaimResult {}

    /**
     * The key is completed; nothing was changed. Whether the fingerprint fits is for the caller to check.
     *
     * @param record the record
     */
    record Completed(IdempotencyRecord record) implements ClaimResult {}
}
