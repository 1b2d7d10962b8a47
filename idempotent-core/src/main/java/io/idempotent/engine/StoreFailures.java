package io.idempotent.engine;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.ClaimRequest;
import org.jspecify.annotations.Nullable;

/**
 * Turns whatever a store throws into one kind of exception. What breaks the contract of a store is a fault, and not
 * transient.
 */
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

    /** Says of a claim that failed twice how long nobody may get the key. */
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
