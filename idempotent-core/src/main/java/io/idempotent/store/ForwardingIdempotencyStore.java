package io.idempotent.store;

import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Passes every request on to another store. Extend it to count, to log or to delay requests, and override no more than
 * that needs.
 *
 * <p>{@link #unwrap} passes on as well, so the abilities of the other store stay. A request that is made of an ability
 * goes past this store: one that changes what is recorded overrides {@code unwrap}, too.
 */
public abstract class ForwardingIdempotencyStore implements IdempotencyStore {

    private final IdempotencyStore delegate;

    /** Passes requests on to the given store. */
    protected ForwardingIdempotencyStore(IdempotencyStore delegate) {
        this.delegate = delegate;
    }

    /** The store that requests are passed on to. */
    protected final IdempotencyStore delegate() {
        return delegate;
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        return delegate.claim(request);
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        return delegate.renew(claims, lease);
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        return delegate.complete(claim, outcome, retention);
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        return delegate.recordStep(claim, step);
    }

    @Override
    public boolean release(Claim claim) {
        return delegate.release(claim);
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        return delegate.release(claim, stepRetention);
    }

    @Override
    public boolean abandon(Claim claim) {
        return delegate.abandon(claim);
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        return delegate.find(key);
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        return delegate.findSteps(key);
    }

    @Override
    public List<IdempotencyRecord> list(RecordQuery query) {
        return delegate.list(query);
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        return delegate.takeOver(key, expectedToken, claimId, lease);
    }

    @Override
    public boolean forget(IdempotencyKey key, long expectedToken) {
        return delegate.forget(key, expectedToken);
    }

    @Override
    public boolean keepsReferences() {
        return delegate.keepsReferences();
    }

    @Override
    public <T> @Nullable T unwrap(Class<T> ability) {
        return ability.isInstance(this) ? ability.cast(this) : delegate.unwrap(ability);
    }
}
