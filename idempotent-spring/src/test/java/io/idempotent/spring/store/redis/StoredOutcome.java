package io.idempotent.spring.store.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyStore;
import java.time.Duration;
import java.util.UUID;

/** Outcomes as a store gives them back. */
final class StoredOutcome {

    private StoredOutcome() {}

    /** Completes a fresh key with an outcome, and gives what a duplicate then gets. */
    static RecordedOutcome through(IdempotencyStore store, RecordedOutcome outcome) {
        IdempotencyKey key = IdempotencyKey.of("fidelity", UUID.randomUUID().toString());
        ClaimRequest request =
                new ClaimRequest(key, UUID.randomUUID(), Fingerprint.none(), Duration.ofMinutes(1), true);
        ClaimResult claimed = store.claim(request);
        assertThat(claimed).isInstanceOf(ClaimResult.Claimed.class);
        assertThat(store.complete(((ClaimResult.Claimed) claimed).claim(), outcome, Duration.ofMinutes(5)))
                .isTrue();
        ClaimResult completed = store.claim(request);
        assertThat(completed).isInstanceOf(ClaimResult.Completed.class);
        return ((ClaimResult.Completed) completed).record().outcome();
    }
}
