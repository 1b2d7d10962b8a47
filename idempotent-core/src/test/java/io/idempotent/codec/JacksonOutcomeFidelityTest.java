package io.idempotent.codec;

import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.ReferenceStore;

/** The codec alone: what is recorded comes back as it was. */
class JacksonOutcomeFidelityTest extends OutcomeFidelityContract {

    private final ReferenceStore store = new ReferenceStore();

    @Override
    protected IdempotencyStore store() {
        return store;
    }
}
