package io.idempotent.benchmarks;

import io.idempotent.store.Claim;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.List;

/** The Caffeine store, in this JVM's memory. */
final class CaffeineBackend implements Backend {

    /** More than is ever put into it, so that nothing is evicted. */
    private static final int MAXIMUM_SIZE = 20_000_000;

    private final StoreClaimant store = new StoreClaimant(
            CaffeineIdempotencyStore.builder().maximumSize(MAXIMUM_SIZE).build());

    @Override
    public StoreClaimant store() {
        return store;
    }

    @Override
    public void fill(int records) {
        for (int number = 1; number <= records; number++) {
            var unused = store.claimAndComplete(StoreClaimant.value(number));
        }
    }

    @Override
    public void remove(List<Claim> claims) {
        claims.forEach(store.store()::release);
    }

    @Override
    public void close() {
        // The memory is given back with the object.
    }
}
