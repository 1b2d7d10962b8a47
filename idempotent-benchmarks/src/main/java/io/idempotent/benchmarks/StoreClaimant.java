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
public record StoreClaimant(IdempotencyStore store) implements Claimant {

    /** The operation of all keys. */
    public static final String OPERATION = "payments-pay";

    /** The fingerprint of all requests. */
    public static final String FINGERPRINT = "1:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    /** The lease of all claims. */
    public static final Duration LEASE = Duration.ofSeconds(30);

    static final Duration RETENTION = Duration.ofDays(1);

    /** Of the 36 characters of a value those after its number. */
    static final String END_OF_VALUE = "-a-request-of-36-characters";

    /**
     * Numbers that follow each other are far apart after multiplication by the one, modulo the other, which is prime.
     */
    static final long FACTOR = 618_033_989;

    static final long MODULUS = 999_999_937;

    private static final String OUTCOME = "{\"requestId\":\"request-1\",\"number\":1}";

    /** A value of 36 characters, as a UUID has; as with UUIDs, the next one is somewhere else in any order. */
    public static String value(int number) {
        String digits = Long.toString(number * FACTOR % MODULUS);
        return "0".repeat(9 - digits.length()) + digits + END_OF_VALUE;
    }

    /** What is recorded. */
    public static byte[] outcome() {
        return OUTCOME.getBytes(StandardCharsets.UTF_8);
    }

    /** The key of a value. */
    static IdempotencyKey key(String value) {
        return IdempotencyKey.of(OPERATION, value);
    }

    /** The key of a value, as databases have it. */
    public static byte[] keyBytes(String value) {
        return key(value).toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Claims a key, or hears why not. */
    public ClaimResult claim(String value) {
        return store.claim(
                new ClaimRequest(key(value), UUID.randomUUID(), Fingerprint.ofDigest(FINGERPRINT), LEASE, true));
    }

    @Override
    public long claimAndComplete(String value) {
        Claim claim = claimFree(value);
        complete(claim);
        return claim.fencingToken();
    }

    /** Claims a key that is free. */
    public Claim claimFree(String value) {
        if (claim(value) instanceof ClaimResult.Claimed claimed) {
            return claimed.claim();
        }
        throw new IllegalStateException("Not claimed: " + value);
    }

    /** Completes what was claimed. */
    public void complete(Claim claim) {
        RecordedOutcome outcome = new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, outcome());
        if (!store.complete(claim, outcome, RETENTION)) {
            throw new IllegalStateException("Not completed: " + claim);
        }
    }

    @Override
    public byte[] replay(String value) {
        if (claim(value) instanceof ClaimResult.Completed completed
                && completed.record().outcome() instanceof RecordedOutcome.Encoded outcome) {
            return outcome.content();
        }
        throw new IllegalStateException("Not completed: " + value);
    }
}
