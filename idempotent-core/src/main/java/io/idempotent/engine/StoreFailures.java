package io.idempotent.engine;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import org.jspecify.annotations.Nullable;

/** Makes one kind of exception of whatever a store throws, those that break its contract included. */
final class StoreFailures {

    private StoreFailures() {}

    static IdempotencyStoreException of(Throwable failure, String request, @Nullable IdempotencyKey key) {
        if (failure instanceof IdempotencyStoreException storeFailure) {
            return storeFailure;
        }
        return new IdempotencyStoreException(
                "The store failed to " + request + (key == null ? "" : " '" + key + "'") + ": "
                        + failure.getClass().getName(),
                key,
                failure);
    }
}
