package io.idempotent.spring.store.redis;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.RecordedOutcome.Encoded.Kind;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link RecordScript} answered, and what of a record is written as text.
 *
 * @param parts the texts, of which the first one says what the others are
 */
record ScriptReply(List<byte[]> parts) {

    static final String VALUE = "v";
    static final String FAILURE = "f";
    static final String NOT_REPLAYABLE = "n";
    private static final String IN_PROGRESS = "p";

    /**
     * Takes an answer from the driver.
     *
     * @throws IllegalStateException if it is none that a script gives
     */
    // What the scripts answer holds nothing but bulk strings, and those are bytes with every driver.
    @SuppressWarnings("unchecked")
    static ScriptReply of(@Nullable Object answer) {
        if (answer instanceof List<?> list
                && !list.isEmpty()
                && list.stream().allMatch(part -> part instanceof byte[])) {
            return new ScriptReply((List<byte[]>) list);
        }
        throw new IllegalStateException("Redis answered "
                + (answer == null ? "nothing" : "something of " + answer.getClass())
                + ", and not the texts that a script answers: is this connection in a transaction?");
    }

    /** Whether the request was granted. */
    boolean isGranted() {
        return text(0).equals("+");
    }

    /** This answer as that to a claim. */
    ClaimResult claimResult(ClaimRequest request) {
        if (isGranted()) {
            Claim claim = new Claim(request.key(), request.claimId(), number(1));
            return new ClaimResult.Claimed(claim, instant(2), Math.toIntExact(number(3)));
        }
        IdempotencyRecord record = record(request.key());
        if (record.outcome() != null) {
            return new ClaimResult.Completed(record);
        }
        return record.isAbandoned() ? new ClaimResult.Abandoned(record) : new ClaimResult.InProgress(record);
    }

    /** The record that the answer holds; null if the key is free. */
    @Nullable
    IdempotencyRecord recordOrNull(IdempotencyKey key) {
        return text(0).equals("-") ? null : record(key);
    }

    private IdempotencyRecord record(IdempotencyKey key) {
        String fingerprint = text(3);
        return new IdempotencyRecord(
                key,
                number(2),
                fingerprint.isEmpty() ? Fingerprint.none() : Fingerprint.ofDigest(fingerprint),
                instant(4),
                instant(5),
                Math.toIntExact(number(6)),
                state(),
                instant(1));
    }

    private IdempotencyRecord.State state() {
        Instant ends = instant(7);
        return text(0).equals(IN_PROGRESS)
                ? new IdempotencyRecord.InProgress(ends)
                : new IdempotencyRecord.Completed(outcome(), instant(8), ends);
    }

    private RecordedOutcome outcome() {
        return switch (text(0)) {
            case VALUE -> new RecordedOutcome.Encoded(Kind.VALUE, parts.get(9));
            case FAILURE -> new RecordedOutcome.Encoded(Kind.FAILURE, parts.get(9));
            case NOT_REPLAYABLE -> new RecordedOutcome.NotReplayable(text(9));
            default -> throw new IllegalStateException("The record's state is none that is known");
        };
    }

    private Instant instant(int index) {
        return Instant.EPOCH.plus(number(index), ChronoUnit.MICROS);
    }

    private long number(int index) {
        return Long.parseLong(text(index));
    }

    private String text(int index) {
        return new String(parts.get(index), StandardCharsets.UTF_8);
    }
}
