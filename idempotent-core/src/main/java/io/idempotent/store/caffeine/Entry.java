package io.idempotent.store.caffeine;

import io.idempotent.Fingerprint;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.NearbyOutcome;
import java.time.Duration;
import java.time.Instant;

/**
 * What the cache holds for one key. Immutable, and equal to itself only, so that replacing and removing an entry by
 * value is a comparison by identity.
 */
abstract sealed class Entry {

    /** The last claim of the key. */
    final Claim claim;

    /** When the lease or the retention is over, in the store's nanoseconds. */
    final long endsAt;

    private Entry(Claim claim, long endsAt) {
        this.claim = claim;
        this.endsAt = endsAt;
    }

    /** Whether the claim is the key's last. The key itself is not compared: the entry was found by it. */
    final boolean isHeldBy(Claim presented) {
        return claim.fencingToken() == presented.fencingToken() && claim.id().equals(presented.id());
    }

    /** Whether the lease or the retention is over. */
    final boolean isOver(long now) {
        return now >= endsAt;
    }

    /** A key in progress. */
    static final class InProgress extends Entry {

        private final Fingerprint fingerprint;
        private final Instant firstClaimedAt;
        private final Instant claimedAt;
        private final int takeovers;

        private InProgress(
                Claim claim,
                long endsAt,
                Fingerprint fingerprint,
                Instant firstClaimedAt,
                Instant claimedAt,
                int takeovers) {
            super(claim, endsAt);
            this.fingerprint = fingerprint;
            this.firstClaimedAt = firstClaimedAt;
            this.claimedAt = claimedAt;
            this.takeovers = takeovers;
        }

        /** The first claim of a key that is free. */
        static InProgress first(ClaimRequest request, long token, StoreTime time, long now) {
            Instant claimedAt = time.at(now);
            return new InProgress(
                    new Claim(request.key(), request.claimId(), token),
                    StoreTime.after(now, request.lease()),
                    request.fingerprint(),
                    claimedAt,
                    claimedAt,
                    0);
        }

        boolean mayBeTakenOverBy(ClaimRequest request) {
            return request.mayTakeOver() && request.fingerprint().matches(fingerprint);
        }

        InProgress takenOverBy(ClaimRequest request, long token, StoreTime time, long now) {
            return new InProgress(
                    new Claim(claim.key(), request.claimId(), token),
                    StoreTime.after(now, request.lease()),
                    fingerprint,
                    firstClaimedAt,
                    time.at(now),
                    takeovers + 1);
        }

        InProgress withLeaseUntil(long end) {
            return new InProgress(claim, end, fingerprint, firstClaimedAt, claimedAt, takeovers);
        }

        Completed completed(RecordedOutcome outcome, Duration retention, StoreTime time, long now) {
            long end = StoreTime.after(now, retention);
            Instant completedAt = time.at(now);
            return new Completed(
                    claim,
                    end,
                    fingerprint,
                    outcome,
                    record(new IdempotencyRecord.Completed(outcome, completedAt, time.at(end)), completedAt));
        }

        ClaimResult.Claimed claimed() {
            return new ClaimResult.Claimed(claim, firstClaimedAt, takeovers);
        }

        IdempotencyRecord observedAt(StoreTime time, long now) {
            return record(new IdempotencyRecord.InProgress(time.at(endsAt)), time.at(now));
        }

        private IdempotencyRecord record(IdempotencyRecord.State state, Instant observedAt) {
            return new IdempotencyRecord(
                    claim.key(),
                    claim.fencingToken(),
                    fingerprint,
                    firstClaimedAt,
                    claimedAt,
                    takeovers,
                    state,
                    observedAt);
        }
    }

    /** A completed key; holds itself what a replay needs. */
    static final class Completed extends Entry implements NearbyOutcome {

        /** Made once, so that a claim makes nothing. */
        final ClaimResult.Completed answer;

        private final Fingerprint fingerprint;
        private final RecordedOutcome outcome;

        private Completed(
                Claim claim, long endsAt, Fingerprint fingerprint, RecordedOutcome outcome, IdempotencyRecord record) {
            super(claim, endsAt);
            this.fingerprint = fingerprint;
            this.outcome = outcome;
            this.answer = new ClaimResult.Completed(record);
        }

        @Override
        public Fingerprint fingerprint() {
            return fingerprint;
        }

        @Override
        public RecordedOutcome outcome() {
            return outcome;
        }
    }
}
