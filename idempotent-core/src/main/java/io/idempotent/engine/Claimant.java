package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.Backoff;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyStore;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Claims keys, on behalf of one engine. */
final class Claimant {

    private static final Duration PAUSE = Duration.ofMillis(10);

    private final Function<ClaimRequest, ClaimResult> claims;
    private final Supplier<@Nullable String> traces;
    private final Pacing pacing;

    // One half of every claim id tells this engine from every other, cheaply for each claim and by chance only once.
    private final long idPrefix = new SecureRandom().nextLong();

    Claimant(IdempotencyStore store, Supplier<@Nullable String> traces, Pacing pacing) {
        this.claims = store::claim;
        this.traces = traces;
        this.pacing = pacing;
    }

    /** Makes a claim id. */
    UUID newId() {
        return new UUID(idPrefix, ThreadLocalRandom.current().nextLong());
    }

    /** Makes a request of this call. */
    ClaimRequest request(IdempotencyKey key, Fingerprint fingerprint, Operation<?> operation, boolean mayTakeOver) {
        return new ClaimRequest(key, newId(), fingerprint, operation.lease(), mayTakeOver, traces.get());
    }

    /**
     * Claims a key. If the store fails in a way that may pass, it is asked once more after a few milliseconds: if only
     * the answer was lost, the same claim id gets it again.
     *
     * @throws IdempotencyStoreException if the store failed
     */
    ClaimResult claim(ClaimRequest request) {
        try {
            return claimOnce(request);
        } catch (IdempotencyStoreException first) {
            if (!first.isTransient()) {
                throw first;
            }
            pacing.park(Backoff.of(PAUSE, PAUSE).nextNanos());
            try {
                return claimOnce(request);
            } catch (IdempotencyStoreException second) {
                throw StoreFailures.ofClaim(request, first, second);
            }
        }
    }

    private ClaimResult claimOnce(ClaimRequest request) {
        try {
            return Interrupts.outlast(claims, request);
        } catch (RuntimeException | Error failure) {
            throw StoreFailures.of(failure, "claim", request.key());
        }
    }
}
