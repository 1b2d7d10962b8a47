package io.idempotent.store.broken;

import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.IdempotencyStoreContract;
import io.idempotent.store.ReferenceStore;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** The contract, run by {@link IdempotencyStoreContractTest} only, on the store that it plants. */
final class ContractOfPlantedFault extends IdempotencyStoreContract {

    /** Makes the store that is tested; the launcher makes the test, so that it cannot be given to it otherwise. */
    static final AtomicReference<Supplier<ReferenceStore>> PLANTED = new AtomicReference<>(ReferenceStore::new);

    private final ReferenceStore store = PLANTED.get().get();

    @Override
    protected IdempotencyStore store() {
        return store;
    }

    @Override
    protected boolean keepsRequests() {
        return true;
    }

    @Override
    protected void elapse(Duration time) {
        store.elapse(time);
    }
}
