package io.idempotent.engine;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.ClaimRequest;
import org.jspecify.annotations.Nullable;

/** Makes one kind of exception of whatever a store throws; what breaks its contract is a fault, and does not pass. */
final class StoreFailures {

    private static final double NANOS_PER_SECOND = 1e9;

    private StoreFailures() {}

    static IdempotencyStoreException of(Throwable failure, String request, @Nullable IdempotencyKey key) {
        if (failure instanceof IdempotencyStoreException storeFailure) {
            return storeFailure;
        }
        return new IdempotencyStoreException(
                "The store failed to " + request + (key == null ? "" : " '" + key + "'") + ": "
                        + failure.getClass().getName(),
                key,
                failure,
                false);
    }

    /** Says of a claim that failed twice how long the key may be held by nobody. */
    static IdempotencyStoreException ofClaim(
            ClaimRequest request, IdempotencyStoreException first, IdempotencyStoreException second) {
        if (second != first) {
            second.addSuppressed(first);
        }
        return new IdempotencyStoreException(
                "The store failed twice to claim '" + request.key()
                        + "'; if it took effect nevertheless, the key is held until its lease of "
                        + Nanos.of(request.lease()) / NANOS_PER_SECOND + " s ends: call again after that",
                request.key(),
                second,
                second.isTransient());
    }
}
