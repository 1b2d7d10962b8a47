package io.idempotent.store;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import java.time.Duration;
import java.util.UUID;

/**
 * A request to claim a key.
 *
 * @param key the key
 * @param claimId made by the claimant, random; a request repeated with the same one gets the same answer
 * @param fingerprint what the request says
 * @param lease how long the claim is valid without renewal; positive
 * @param mayTakeOver whether the claim may be made of a key that is abandoned
 */
public record ClaimRequest(
        IdempotencyKey key, UUID claimId, Fingerprint fingerprint, Duration lease, boolean mayTakeOver) {

    /**
     * Makes a request.
     *
     * @throws IllegalArgumentException if the lease is not positive
     */
    public ClaimRequest {
        RecordForm.requirePositive("lease", lease);
    }
}
