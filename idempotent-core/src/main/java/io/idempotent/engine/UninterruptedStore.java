package io.idempotent.engine;

import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.NearbyOutcome;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RenewalResult;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A store whose requests an interrupt of the calling thread neither prevents nor ends: see {@link Interrupts#outlast}. A
 * request that is made again gets the same answer, as the store's contract says; only {@code forget} may then answer that
 * there is nothing left to forget.
 */
final class UninterruptedStore implements IdempotencyStore {

    private final IdempotencyStore store;

    UninterruptedStore(IdempotencyStore store) {
        this.store = store;
    }

    /** The store itself. */
    IdempotencyStore store() {
        return store;
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        return Interrupts.outlast(() -> store.claim(request));
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        return Interrupts.outlast(() -> store.renew(claims, lease));
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        return Interrupts.outlast(() -> store.complete(claim, outcome, retention));
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        return Interrupts.outlast(() -> store.recordStep(claim, step));
    }

    @Override
    public boolean release(Claim claim) {
        return Interrupts.outlast(() -> store.release(claim));
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        return Interrupts.outlast(() -> store.release(claim, stepRetention));
    }

    @Override
    public boolean abandon(Claim claim) {
        return Interrupts.outlast(() -> store.abandon(claim));
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        return Interrupts.<@Nullable IdempotencyRecord>outlast(() -> store.find(key));
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        return Interrupts.outlast(() -> store.findSteps(key));
    }

    @Override
    public List<IdempotencyRecord> list(RecordQuery query) {
        return Interrupts.outlast(() -> store.list(query));
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        return Interrupts.<ClaimResult.@Nullable Claimed>outlast(
                () -> store.takeOver(key, expectedToken, claimId, lease));
    }

    /** {@inheritDoc} It is in memory: there is nothing to interrupt. */
    @Override
    public @Nullable NearbyOutcome findNearby(IdempotencyKey key) {
        return store.findNearby(key);
    }

    @Override
    public boolean forget(IdempotencyKey key, long expectedToken) {
        return Interrupts.outlast(() -> store.forget(key, expectedToken));
    }

    @Override
    public boolean keepsReferences() {
        return store.keepsReferences();
    }
}
