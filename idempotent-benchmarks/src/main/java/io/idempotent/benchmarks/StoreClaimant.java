package io.idempotent.benchmarks;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;

/**
 * Claims by a store.
 *
 * @param store which
 */
record StoreClaimant(IdempotencyStore store) implements Claimant {

    static final String OPERATION = "payments-pay";

    static final String FINGERPRINT = "1:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    static final Duration LEASE = Duration.ofSeconds(30);

    static final Duration RETENTION = Duration.ofDays(1);

    private static final String OUTCOME = "{\"requestId\":\"request-1\",\"number\":1}";

    /** What is recorded. */
    static byte[] outcome() {
        return OUTCOME.getBytes(StandardCharsets.UTF_8);
    }

    ClaimResult claim(String value) {
        return store.claim(new ClaimRequest(
                IdempotencyKey.of(OPERATION, value),
                UUID.randomUUID(),
                Fingerprint.ofDigest(FINGERPRINT),
                LEASE,
                true));
    }

    @Override
    public long claimAndComplete(String value) {
        if (claim(value) instanceof ClaimResult.Claimed claimed) {
            Claim claim = claimed.claim();
            RecordedOutcome outcome = new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, outcome());
            if (store.complete(claim, outcome, RETENTION)) {
                return claim.fencingToken();
            }
        }
        throw new IllegalStateException("Not claimed, or not completed: " + value);
    }
}
