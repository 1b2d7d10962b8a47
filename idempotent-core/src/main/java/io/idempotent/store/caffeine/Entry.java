package io.idempotent.store.caffeine;

import io.idempotent.Fingerprint;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.NearbyOutcome;
import io.idempotent.store.RecordedStep;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

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

    /** The record as it is at a time. */
    abstract IdempotencyRecord observedAt(StoreTime time, long now);

    /** A key in progress. */
    static final class InProgress extends Entry {

        private final Fingerprint fingerprint;
        private final Instant firstClaimedAt;
        private final Instant claimedAt;
        private final int takeovers;
        private final List<RecordedStep> steps;

        private InProgress(
                Claim claim,
                long endsAt,
                Fingerprint fingerprint,
                Instant firstClaimedAt,
                Instant claimedAt,
                int takeovers,
                List<RecordedStep> steps) {
            super(claim, endsAt);
            this.fingerprint = fingerprint;
            this.firstClaimedAt = firstClaimedAt;
            this.claimedAt = claimedAt;
            this.takeovers = takeovers;
            this.steps = steps;
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
                    0,
                    List.of());
        }

        boolean mayBeTakenOverBy(ClaimRequest request) {
            return request.mayTakeOver() && request.fingerprint().matches(fingerprint);
        }

        InProgress takenOverBy(UUID claimId, long token, Duration lease, StoreTime time, long now) {
            return new InProgress(
                    new Claim(claim.key(), claimId, token),
                    StoreTime.after(now, lease),
                    fingerprint,
                    firstClaimedAt,
                    time.at(now),
                    takeovers + 1,
                    steps);
        }

        InProgress withLeaseUntil(long end) {
            return new InProgress(claim, end, fingerprint, firstClaimedAt, claimedAt, takeovers, steps);
        }

        InProgress with(RecordedStep step) {
            List<RecordedStep> changed = new ArrayList<>(steps);
            for (RecordedStep recorded : steps) {
                if (recorded.name().equals(step.name())) {
                    if (recorded.outcome() != null) {
                        return this;
                    }
                    changed.remove(recorded);
                }
            }
            changed.add(step);
            return new InProgress(
                    claim, endsAt, fingerprint, firstClaimedAt, claimedAt, takeovers, List.copyOf(changed));
        }

        /** What is left when it is given back: nothing without steps. */
        @Nullable
        Released released(Duration retention, StoreTime time, long now) {
            return steps.isEmpty() ? null : new Released(this, StoreTime.after(now, retention), time.at(now));
        }

        Completed completed(RecordedOutcome outcome, Duration retention, StoreTime time, long now) {
            return new Completed(this, StoreTime.after(now, retention), outcome, now);
        }

        ClaimResult.Claimed claimed() {
            return new ClaimResult.Claimed(claim, firstClaimedAt, takeovers, steps);
        }

        @Override
        IdempotencyRecord observedAt(StoreTime time, long now) {
            return record(new IdempotencyRecord.InProgress(time.at(endsAt)), time.at(now));
        }

        List<RecordedStep> steps() {
            return steps;
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

    /** A key that was given back, whose steps wait for the next claim. */
    static final class Released extends Entry {

        private final InProgress last;
        private final Instant releasedAt;

        private Released(InProgress last, long endsAt, Instant releasedAt) {
            super(last.claim, endsAt);
            this.last = last;
            this.releasedAt = releasedAt;
        }

        boolean mayBeContinuedBy(ClaimRequest request) {
            return request.fingerprint().matches(last.fingerprint);
        }

        InProgress continuedBy(ClaimRequest request, long token, StoreTime time, long now) {
            return new InProgress(
                    new Claim(claim.key(), request.claimId(), token),
                    StoreTime.after(now, request.lease()),
                    last.fingerprint,
                    last.firstClaimedAt,
                    time.at(now),
                    0,
                    last.steps);
        }

        List<RecordedStep> steps() {
            return last.steps;
        }

        @Override
        IdempotencyRecord observedAt(StoreTime time, long now) {
            return last.record(new IdempotencyRecord.Released(releasedAt, time.at(endsAt)), time.at(now));
        }
    }

    /** A completed key. Small, since most are never asked for again; holds itself what a replay needs. */
    static final class Completed extends Entry implements NearbyOutcome {

        private final Fingerprint fingerprint;
        private final RecordedOutcome outcome;
        private final Instant firstClaimedAt;
        private final Instant claimedAt;
        private final int takeovers;
        private final long completedAt;

        private Completed(InProgress last, long endsAt, RecordedOutcome outcome, long completedAt) {
            super(last.claim, endsAt);
            this.fingerprint = last.fingerprint;
            this.outcome = outcome;
            this.firstClaimedAt = last.firstClaimedAt;
            this.claimedAt = last.claimedAt;
            this.takeovers = last.takeovers;
            this.completedAt = completedAt;
        }

        ClaimResult.Completed answer(StoreTime time) {
            return new ClaimResult.Completed(record(time));
        }

        IdempotencyRecord record(StoreTime time) {
            Instant completed = time.at(completedAt);
            return new IdempotencyRecord(
                    claim.key(),
                    claim.fencingToken(),
                    fingerprint,
                    firstClaimedAt,
                    claimedAt,
                    takeovers,
                    new IdempotencyRecord.Completed(outcome, completed, time.at(endsAt)),
                    completed);
        }

        @Override
        IdempotencyRecord observedAt(StoreTime time, long now) {
            return record(time);
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
