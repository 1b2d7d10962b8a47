package io.idempotent.store;

import io.idempotent.IdempotencyKey;
import org.jspecify.annotations.Nullable;

/**
 * The ability of a store to find outcomes in this JVM's memory, where that costs next to nothing. An engine asks before
 * it thinks of a claim, which makes a replay as cheap as it can be.
 */
public interface NearbyOutcomes {

    /**
     * Looks for the outcome of a completed key. Never fails.
     *
     * @return the outcome, its retention not over; null if there is none nearby, whatever the store has
     */
    @Nullable
    NearbyOutcome findNearby(IdempotencyKey key);
}
