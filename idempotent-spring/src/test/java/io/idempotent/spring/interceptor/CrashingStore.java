package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedRequest;
import io.idempotent.store.RecoverableRecords;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Lets owners die, as seen from the store: what they say of their end is lost, and their lease is over at once. */
public final class CrashingStore extends ForwardingIdempotencyStore implements RecoverableRecords {

    private final Map<IdempotencyKey, RecordedRequest> requests = new ConcurrentHashMap<>();

    private volatile boolean crashing;

    public CrashingStore(IdempotencyStore delegate) {
        super(delegate);
    }

    /** Lets owners die from now on, or end. */
    public void crash(boolean crash) {
        crashing = crash;
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        ClaimResult result = super.claim(request);
        if (result instanceof ClaimResult.Claimed && request.request() != null) {
            requests.putIfAbsent(request.key(), request.request());
        }
        return result;
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        if (crashing) {
            abandon(claim);
            return false;
        }
        requests.remove(claim.key());
        return super.complete(claim, outcome, retention);
    }

    @Override
    public boolean release(Claim claim) {
        if (crashing) {
            abandon(claim);
            return false;
        }
        requests.remove(claim.key());
        return super.release(claim);
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        if (crashing) {
            abandon(claim);
            return false;
        }
        requests.remove(claim.key());
        return super.release(claim, stepRetention);
    }

    @Override
    public <T> @Nullable T unwrap(Class<T> type) {
        T ability = super.unwrap(type);
        return ability == null && type == RecoverableRecords.class ? type.cast(this) : ability;
    }

    @Override
    public List<IdempotencyRecord> listRecoverable(
            String operation, Duration abandonedFor, @Nullable IdempotencyKey after, int limit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public @Nullable RecordedRequest findRequest(IdempotencyKey key, long fencingToken) {
        return requests.get(key);
    }

    /** The record of a key that is there. */
    public IdempotencyRecord record(IdempotencyKey key) {
        return Objects.requireNonNull(find(key), "no record of " + key);
    }

    /** What was asked for under a key; null if nothing is kept of it. */
    public @Nullable RecordedRequest request(IdempotencyKey key) {
        RecoverableRecords records = Objects.requireNonNull(unwrap(RecoverableRecords.class));
        return records.findRequest(key, record(key).fencingToken());
    }
}
