package io.idempotent.store;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What stores have in common beside their protocols: the form in which they write outcomes, fingerprints and times, the
 * checks of their arguments, and the words of their failures. Immutable.
 *
 * <p>A store by value keeps digests and encoded outcomes. It refuses whatever is kept by reference with an {@link
 * IllegalArgumentException}.
 */
public final class RecordForm {

    /** How many characters a digest has at most: {@value}. */
    public static final int LONGEST_DIGEST = 255;

    /** The end of a message about a request that may have taken effect. */
    public static final String EFFECT_UNKNOWN = "; whether it took effect is not known; see the cause";

    private final String store;
    private final Duration longest;

    /**
     * Makes the form of a store's records.
     *
     * @param store what messages call the store, {@code "JDBC store"} for example
     * @param longest leases and retentions that are longer count as this
     */
    public RecordForm(String store, Duration longest) {
        this.store = store;
        this.longest = longest;
    }

    /** What is written as the kind of an outcome. */
    public enum Kind {
        /** An encoded value. */
        VALUE,
        /** An encoded failure. */
        FAILURE,
        /** No outcome, but the reason why there is none. */
        NOT_REPLAYABLE;

        /** The kind of an outcome that is not kept by reference. */
        public static Kind of(RecordedOutcome outcome) {
            return outcome instanceof RecordedOutcome.Encoded encoded
                    ? valueOf(encoded.kind().name())
                    : NOT_REPLAYABLE;
        }

        /** The outcome of this kind that has this content. */
        public RecordedOutcome outcome(byte[] content) {
            return this == NOT_REPLAYABLE
                    ? new RecordedOutcome.NotReplayable(new String(content, StandardCharsets.UTF_8))
                    : new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.valueOf(name()), content);
        }
    }

    /**
     * What is written as the content of an outcome.
     *
     * @throws IllegalArgumentException if it is kept by reference
     */
    public byte[] content(RecordedOutcome outcome) {
        if (outcome instanceof RecordedOutcome.Encoded encoded) {
            return encoded.content();
        }
        if (outcome instanceof RecordedOutcome.NotReplayable notReplayable) {
            return notReplayable.reason().getBytes(StandardCharsets.UTF_8);
        }
        throw new IllegalArgumentException(
                "The " + store + " keeps encoded outcomes, and none by reference: encode it");
    }

    /**
     * What is written as a fingerprint; null for none.
     *
     * @throws IllegalArgumentException if it is the content itself, or too long
     */
    public @Nullable String digest(Fingerprint fingerprint) {
        if (fingerprint instanceof Fingerprint.Digest digest && digest.text().length() <= LONGEST_DIGEST) {
            return digest.text();
        }
        if (fingerprint instanceof Fingerprint.None) {
            return null;
        }
        throw new IllegalArgumentException("The " + store + " keeps digests of at most " + LONGEST_DIGEST
                + " characters as fingerprints, not " + fingerprint + ": make a digest of the request");
    }

    /** The fingerprint that was written as this digest; none if that is null or empty. */
    public static Fingerprint fingerprint(@Nullable String digest) {
        return digest == null || digest.isEmpty() ? Fingerprint.none() : Fingerprint.ofDigest(digest);
    }

    /** A lease or a retention in microseconds; parts of a microsecond count as a whole one. */
    public long microseconds(Duration duration) {
        Duration kept = duration.compareTo(longest) < 0 ? duration : longest;
        return TimeUnit.MICROSECONDS.convert(kept.plusNanos(999));
    }

    /** The moment so many microseconds after the beginning of 1970. */
    public static Instant instant(long microseconds) {
        return Instant.EPOCH.plus(microseconds, ChronoUnit.MICROS);
    }

    /**
     * Refuses a duration that is not positive.
     *
     * @param what the duration's name in the message
     * @throws IllegalArgumentException if it is zero or negative
     */
    public static void requirePositive(String what, Duration duration) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException("The " + what + " has to be positive, not " + duration);
        }
    }

    /**
     * Refuses a duration that is negative.
     *
     * @param what the duration's name in the message
     * @throws IllegalArgumentException if it is negative
     */
    public static void requireNotNegative(String what, Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("The " + what + " has to be zero or more, not " + duration);
        }
    }

    /**
     * Refuses a number that is not positive.
     *
     * @param what the number's name in the message
     * @throws IllegalArgumentException if it is zero or negative
     */
    public static void requirePositive(String what, long number) {
        if (number <= 0) {
            throw new IllegalArgumentException("The " + what + " has to be positive, not " + number);
        }
    }

    /**
     * The failure of a request.
     *
     * @param request what was to be done, in words that the key follows
     * @param key the key, or null if the request is not about one key
     * @param detail what happened, and what to do, with what separates it from the words before
     * @param isTransient whether asking again soon may help
     */
    public IdempotencyStoreException failed(
            String request, @Nullable IdempotencyKey key, String detail, Throwable cause, boolean isTransient) {
        return new IdempotencyStoreException(words("failed", request, key) + detail, key, cause, isTransient);
    }

    /** Like {@link #failed}, for a request that changed nothing, and would fail again. */
    public IdempotencyStoreException refused(
            String request, @Nullable IdempotencyKey key, String detail, Throwable cause) {
        return IdempotencyStoreException.refusal(words("refused", request, key) + detail, key, cause);
    }

    private String words(String verb, String request, @Nullable IdempotencyKey key) {
        return "The " + store + " " + verb + " to " + request + (key == null ? "" : " idempotency key '" + key + "'");
    }
}
