package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedRequest;
import io.idempotent.store.RecoverableRecords;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Lets owners die, as seen from the store: what they say of their end is lost, and their lease is over at once. */
public final class CrashingStore extends ForwardingIdempotencyStore {

    private volatile boolean crashing;

    public CrashingStore(IdempotencyStore delegate) {
        super(delegate);
    }

    /** Lets owners die from now on, or end. */
    public void crash(boolean crash) {
        crashing = crash;
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        if (crashing) {
            abandon(claim);
            return false;
        }
        return super.complete(claim, outcome, retention);
    }

    @Override
    public boolean release(Claim claim) {
        if (crashing) {
            abandon(claim);
            return false;
        }
        return super.release(claim);
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        if (crashing) {
            abandon(claim);
            return false;
        }
        return super.release(claim, stepRetention);
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
