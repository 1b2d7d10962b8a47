package io.idempotent.store.caffeine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
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

    /** When the lease or the retention is over, in the store's nanoseconds. */
    final long endsAt;

    private Entry(long endsAt) {
        this.endsAt = endsAt;
    }

    abstract IdempotencyKey key();

    /** The token of the key's last claim. */
    abstract long fencingToken();

    /** About how many bytes of memory the entry takes; always the same. */
    abstract long weight();

    /** Whether the lease or the retention is over. */
    final boolean isOver(long now) {
        return now >= endsAt;
    }

    /** The record as it is at a time. */
    abstract IdempotencyRecord observedAt(StoreClock clock, long now);

    /** A key in progress. */
    static final class InProgress extends Entry {

        private final Claim claim;
        private final Fingerprint fingerprint;
        private final long firstClaimedAt;
        private final long claimedAt;
        private final int takeovers;
        private final @Nullable String traceId;
        private final List<RecordedStep> steps;

        /** The first claim of a key that is free. */
        InProgress(ClaimRequest request, long token, long now) {
            super(StoreClock.after(now, request.lease()));
            this.claim = new Claim(request.key(), request.claimId(), token);
            this.fingerprint = request.fingerprint();
            this.firstClaimedAt = now;
            this.claimedAt = now;
            this.takeovers = 0;
            this.traceId = request.traceId();
            this.steps = List.of();
        }

        /** Another claim of what was in progress before. */
        private InProgress(InProgress before, ClaimRequest request, long token, long now, int takeovers) {
            super(StoreClock.after(now, request.lease()));
            this.claim = new Claim(before.key(), request.claimId(), token);
            this.fingerprint = before.fingerprint;
            this.firstClaimedAt = before.firstClaimedAt;
            this.claimedAt = now;
            this.takeovers = takeovers;
            this.traceId = request.traceId() == null ? before.traceId : request.traceId();
            this.steps = before.steps;
        }

        /** The same claim with another lease, or more steps. */
        private InProgress(InProgress before, long endsAt, List<RecordedStep> steps) {
            super(endsAt);
            this.claim = before.claim;
            this.fingerprint = before.fingerprint;
            this.firstClaimedAt = before.firstClaimedAt;
            this.claimedAt = before.claimedAt;
            this.takeovers = before.takeovers;
            this.traceId = before.traceId;
            this.steps = steps;
        }

        @Override
        IdempotencyKey key() {
            return claim.key();
        }

        @Override
        long fencingToken() {
            return claim.fencingToken();
        }

        @Override
        long weight() {
            long weight = Weights.of(claim.key(), fingerprint);
            // By number, since most have none and an iterator would be allocated for each.
            for (int index = 0; index < steps.size(); index++) {
                weight += Weights.of(steps.get(index));
            }
            return weight;
        }

        /** Whether the claim is the key's last. The key itself is not compared: the entry was found by it. */
        boolean isHeldBy(Claim presented) {
            return claim.fencingToken() == presented.fencingToken() && isClaimedBy(presented.id());
        }

        boolean isClaimedBy(UUID claimId) {
            return claim.id().equals(claimId);
        }

        boolean mayBeTakenOverBy(ClaimRequest request) {
            return request.mayTakeOver() && request.fingerprint().matches(fingerprint);
        }

        InProgress takenOverBy(ClaimRequest request, long token, long now) {
            return new InProgress(this, request, token, now, takeovers + 1);
        }

        InProgress withLeaseUntil(long end) {
            return new InProgress(this, end, steps);
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
            return new InProgress(this, endsAt, List.copyOf(changed));
        }

        /** What is left when it is given back: nothing without steps. */
        @Nullable
        Released released(Duration retention, long now) {
            return steps.isEmpty() ? null : new Released(this, StoreClock.after(now, retention), now);
        }

        Completed completed(RecordedOutcome outcome, Duration retention, long now) {
            return new Completed(this, StoreClock.after(now, retention), outcome, now);
        }

        ClaimResult.Claimed claimed(StoreClock clock) {
            return new ClaimResult.Claimed(claim, clock.at(firstClaimedAt), takeovers, steps);
        }

        @Override
        IdempotencyRecord observedAt(StoreClock clock, long now) {
            return record(clock, new IdempotencyRecord.InProgress(clock.at(endsAt)), now);
        }

        List<RecordedStep> steps() {
            return steps;
        }

        private IdempotencyRecord record(StoreClock clock, IdempotencyRecord.State state, long now) {
            return new IdempotencyRecord(
                    claim.key(),
                    claim.fencingToken(),
                    fingerprint,
                    clock.at(firstClaimedAt),
                    clock.at(claimedAt),
                    takeovers,
                    traceId,
                    state,
                    clock.at(now));
        }
    }

    /** A key that was given back, whose steps wait for the next claim. */
    static final class Released extends Entry {

        private final InProgress last;
        private final long releasedAt;

        private Released(InProgress last, long endsAt, long releasedAt) {
            super(endsAt);
            this.last = last;
            this.releasedAt = releasedAt;
        }

        @Override
        IdempotencyKey key() {
            return last.key();
        }

        @Override
        long fencingToken() {
            return last.fencingToken();
        }

        @Override
        long weight() {
            return last.weight();
        }

        boolean mayBeContinuedBy(ClaimRequest request) {
            return request.fingerprint().matches(last.fingerprint);
        }

        InProgress continuedBy(ClaimRequest request, long token, long now) {
            return new InProgress(last, request, token, now, 0);
        }

        List<RecordedStep> steps() {
            return last.steps;
        }

        @Override
        IdempotencyRecord observedAt(StoreClock clock, long now) {
            return last.record(clock, new IdempotencyRecord.Released(clock.at(releasedAt), clock.at(endsAt)), now);
        }
    }

    /**
     * A completed key. Small, and of few objects, since most are never asked for again; holds itself what a replay
     * needs.
     */
    static final class Completed extends Entry implements NearbyOutcome {

        private final IdempotencyKey key;
        private final long claimIdHigh;
        private final long claimIdLow;
        private final long fencingToken;
        private final Fingerprint fingerprint;
        private final RecordedOutcome outcome;
        private final long firstClaimedAt;
        private final long claimedAt;
        private final long completedAt;
        private final int takeovers;
        private final @Nullable String traceId;

        private Completed(InProgress last, long endsAt, RecordedOutcome outcome, long completedAt) {
            super(endsAt);
            this.key = last.claim.key();
            this.claimIdHigh = last.claim.id().getMostSignificantBits();
            this.claimIdLow = last.claim.id().getLeastSignificantBits();
            this.fencingToken = last.claim.fencingToken();
            this.fingerprint = last.fingerprint;
            this.outcome = outcome;
            this.firstClaimedAt = last.firstClaimedAt;
            this.claimedAt = last.claimedAt;
            this.completedAt = completedAt;
            this.takeovers = last.takeovers;
            this.traceId = last.traceId;
        }

        @Override
        IdempotencyKey key() {
            return key;
        }

        @Override
        long fencingToken() {
            return fencingToken;
        }

        @Override
        long weight() {
            return Weights.of(key, fingerprint) + Weights.of(outcome);
        }

        /** Whether it was this claim that completed it. */
        boolean isCompletedBy(Claim presented) {
            return fencingToken == presented.fencingToken()
                    && claimIdHigh == presented.id().getMostSignificantBits()
                    && claimIdLow == presented.id().getLeastSignificantBits();
        }

        IdempotencyRecord record(StoreClock clock) {
            Instant completed = clock.at(completedAt);
            return new IdempotencyRecord(
                    key,
                    fencingToken,
                    fingerprint,
                    clock.at(firstClaimedAt),
                    clock.at(claimedAt),
                    takeovers,
                    traceId,
                    new IdempotencyRecord.Completed(outcome, completed, clock.at(endsAt)),
                    completed);
        }

        @Override
        IdempotencyRecord observedAt(StoreClock clock, long now) {
            return record(clock);
        }

        @Override
        public Fingerprint fingerprint() {
            return fingerprint;
        }

        @Override
        public RecordedOutcome outcome() {
            return outcome;
        }

        @Override
        public @Nullable String traceId() {
            return traceId;
        }
    }
}
