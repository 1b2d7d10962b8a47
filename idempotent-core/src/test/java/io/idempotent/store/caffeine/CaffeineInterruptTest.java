package io.idempotent.store.caffeine;

import io.idempotent.fault.InterruptContract;
import io.idempotent.store.IdempotencyStore;

/** Interrupted callers of the Caffeine store. */
final class CaffeineInterruptTest extends InterruptContract {

    private final IdempotencyStore store = CaffeineIdempotencyStore.create();

    @Override
    protected IdempotencyStore store() {
        return store;
    }
}
