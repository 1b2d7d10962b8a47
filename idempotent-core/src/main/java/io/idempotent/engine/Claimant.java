package io.idempotent.engine;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.Backoff;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedRequest;
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

    private final IdempotencyStore store;
    private final Function<ClaimRequest, ClaimResult> claims;
    private final Supplier<@Nullable String> traces;
    private final Pacing pacing;

    // One half of every claim id tells this engine from every other, cheaply for each claim and by chance only once.
    private final long idPrefix = new SecureRandom().nextLong();

    Claimant(IdempotencyStore store, Supplier<@Nullable String> traces, Pacing pacing) {
        this.store = store;
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
        return request(key, fingerprint, operation, mayTakeOver, null);
    }

    /** Makes a request of this call, with what it asks for. */
    ClaimRequest request(
            IdempotencyKey key,
            Fingerprint fingerprint,
            Operation<?> operation,
            boolean mayTakeOver,
            @Nullable RecordedRequest request) {
        return new ClaimRequest(key, newId(), fingerprint, operation.lease(), mayTakeOver, traces.get(), request);
    }

    /**
     * Claims a key. If the store fails in a way that may pass, it is asked once more after a few milliseconds: if only
     * the answer was lost, the same claim id gets it again.
     *
     * @throws IdempotencyStoreException if the store failed
     */
    ClaimResult claim(ClaimRequest request) {
        return claim(request, claims);
    }

    /**
     * Takes over the record that was seen, and answers with the outcome if that is recorded by now. Repeats a request
     * like {@link #claim}.
     *
     * @throws IdempotencyClaimLostException if the record is another by now
     * @throws IdempotencyStoreException if the store failed
     */
    ClaimResult takeOver(ClaimRequest request, IdempotencyRecord seen) {
        return claim(request, asked -> takeOverOnce(asked, seen));
    }

    private ClaimResult takeOverOnce(ClaimRequest request, IdempotencyRecord seen) {
        IdempotencyKey key = request.key();
        ClaimResult taken = store.takeOver(key, seen.fencingToken(), request.claimId(), request.lease());
        if (taken != null) {
            return taken;
        }
        IdempotencyRecord now = store.find(key);
        if (now != null && now.outcome() != null) {
            return new ClaimResult.Completed(now);
        }
        throw new IdempotencyClaimLostException(
                key, seen.fencingToken(), "it was not recovered, since its record is another by now");
    }

    private ClaimResult claim(ClaimRequest request, Function<ClaimRequest, ClaimResult> claims) {
        try {
            return claimOnce(request, claims);
        } catch (IdempotencyStoreException first) {
            if (!first.isTransient()) {
                throw first;
            }
            pacing.park(Backoff.of(PAUSE, PAUSE).nextNanos());
            try {
                return claimOnce(request, claims);
            } catch (IdempotencyStoreException second) {
                throw StoreFailures.ofClaim(request, first, second);
            }
        }
    }

    private static ClaimResult claimOnce(ClaimRequest request, Function<ClaimRequest, ClaimResult> claims) {
        try {
            return Interrupts.outlast(claims, request);
        } catch (IdempotencyClaimLostException another) {
            throw another;
        } catch (RuntimeException | Error failure) {
            throw StoreFailures.of(failure, "claim", request.key());
        }
    }
}
