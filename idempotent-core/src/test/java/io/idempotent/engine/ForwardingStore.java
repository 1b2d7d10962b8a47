package io.idempotent.engine;

import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RenewalResult;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A line to a store, which a fault can be planted in. */
class ForwardingStore implements IdempotencyStore {

    private final IdempotencyStore store;

    ForwardingStore(IdempotencyStore store) {
        this.store = store;
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        return store.claim(request);
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        return store.renew(claims, lease);
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        return store.complete(claim, outcome, retention);
    }

    @Override
    public boolean release(Claim claim) {
        return store.release(claim);
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        return store.release(claim, stepRetention);
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        return store.recordStep(claim, step);
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        return store.findSteps(key);
    }

    @Override
    public List<IdempotencyRecord> list(RecordQuery query) {
        return store.list(query);
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        return store.takeOver(key, expectedToken, claimId, lease);
    }

    @Override
    public boolean abandon(Claim claim) {
        return store.abandon(claim);
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        return store.find(key);
    }

    @Override
    public boolean forget(IdempotencyKey key, long expectedToken) {
        return store.forget(key, expectedToken);
    }

    @Override
    public boolean keepsReferences() {
        return store.keepsReferences();
    }
}
