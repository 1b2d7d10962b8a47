package io.idempotent.store;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A request to claim a key.
 *
 * @param key the key
 * @param claimId made by the claimant, random; a request repeated with the same one gets the same answer
 * @param fingerprint what the request says
 * @param lease how long the claim is valid without renewal; positive
 * @param mayTakeOver whether the claim may be made of a key that is abandoned
 * @param traceId the trace that the claim is part of, as in W3C Trace Context: up to {@value
 *     IdempotencyRecord#LONGEST_TRACE_ID} lower-case hexadecimal digits; null if there is none
 * @param request what is asked for, which a store that has {@link RecoverableRecords} keeps; null if nobody is to
 *     finish the execution without its caller
 */
public record ClaimRequest(
        IdempotencyKey key,
        UUID claimId,
        Fingerprint fingerprint,
        Duration lease,
        boolean mayTakeOver,
        @Nullable String traceId,
        @Nullable RecordedRequest request) {

    /**
     * Makes a request.
     *
     * @throws IllegalArgumentException if the lease is not positive, or the trace id is none
     */
    public ClaimRequest {
        RecordForm.requirePositive("lease", lease);
        if (traceId != null && !isTraceId(traceId)) {
            throw new IllegalArgumentException("A trace id has 1 to " + IdempotencyRecord.LONGEST_TRACE_ID
                    + " lower-case hexadecimal digits, not '" + traceId + "'");
        }
    }

    /** Makes a request that is part of no trace, of which nothing is kept. */
    public ClaimRequest(
            IdempotencyKey key, UUID claimId, Fingerprint fingerprint, Duration lease, boolean mayTakeOver) {
        this(key, claimId, fingerprint, lease, mayTakeOver, null, null);
    }

    /** Whether a text can be a trace id. */
    public static boolean isTraceId(String text) {
        return !text.isEmpty()
                && text.length() <= IdempotencyRecord.LONGEST_TRACE_ID
                && text.chars().allMatch(digit -> (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'));
    }
}
