package io.idempotent.store.caffeine;

import io.idempotent.codec.OutcomeFidelityContract;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.ReferenceStore;

/** What is kept nearby comes back as it was. */
final class CompletedRecordCacheOutcomeFidelityTest extends OutcomeFidelityContract {

    private final IdempotencyStore store =
            CompletedRecordCache.builder(new ReferenceStore()).build();

    @Override
    protected IdempotencyStore store() {
        return store;
    }
}
