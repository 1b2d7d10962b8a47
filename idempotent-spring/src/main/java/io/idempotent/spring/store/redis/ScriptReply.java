package io.idempotent.spring.store.redis;

import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordForm;
import io.idempotent.store.RecordForm.Kind;
import io.idempotent.store.RecordedRequest;
import io.idempotent.store.RecordedStep;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link RecordScript} answered, and what of a record is written as text.
 *
 * @param parts the texts, of which the first one says what the others are
 */
record ScriptReply(List<byte[]> parts) {

    static final String BEGUN = "b";
    private static final String IN_PROGRESS = "p";
    private static final String RELEASED_WITH_STEPS = "k";

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

    /**
     * Takes an answer about several records from the driver.
     *
     * @throws IllegalStateException if it is none that a script gives
     */
    static List<ScriptReply> each(@Nullable Object answer) {
        return answer instanceof List<?> list
                ? list.stream().map(ScriptReply::of).toList()
                : List.of(of(answer));
    }

    /** Whether the request was granted. */
    boolean isGranted() {
        return text(0).equals("+");
    }

    /** This answer as that to a claim. */
    ClaimResult claimResult(ClaimRequest request) {
        ClaimResult.Claimed claimed = claimedOrNull(request.key(), request.claimId());
        if (claimed != null) {
            return claimed;
        }
        IdempotencyRecord record = record(request.key());
        if (record.outcome() != null) {
            return new ClaimResult.Completed(record);
        }
        return record.state() instanceof IdempotencyRecord.Released || record.isAbandoned()
                ? new ClaimResult.Abandoned(record)
                : new ClaimResult.InProgress(record);
    }

    /** The claim that was made by an id; null if none was. */
    ClaimResult.@Nullable Claimed claimedOrNull(IdempotencyKey key, UUID claimId) {
        if (!isGranted()) {
            return null;
        }
        Claim claim = new Claim(key, claimId, number(1));
        return new ClaimResult.Claimed(claim, instant(2), Math.toIntExact(number(3)), steps(4));
    }

    /** When a claim is to be entered in the index, before it is asked for again; null if it is not. */
    @Nullable
    String toBeEnteredAt() {
        return text(0).equals("index") ? text(1) : null;
    }

    /** When the request that was dropped had been entered in the index, where it still is; null if it is not there. */
    @Nullable
    String toBeWithdrawn() {
        return isGranted() && parts.size() > 1 ? text(1) : null;
    }

    /** Whether the entry of the index that was asked about stands for no request any more. */
    boolean isOutdated() {
        return text(0).equals("outdated");
    }

    /** The request that the answer holds; null if there is none. */
    @Nullable
    RecordedRequest request() {
        return isGranted() ? new RecordedRequest(parts.get(1)) : null;
    }

    /** The steps that the answer holds. */
    List<RecordedStep> steps() {
        return steps(1);
    }

    private List<RecordedStep> steps(int start) {
        List<RecordedStep> steps = new ArrayList<>((parts.size() - start) / 2);
        for (int index = start; index < parts.size(); index += 2) {
            byte[] content = parts.get(index + 1);
            String kind = new String(content, 0, 1, StandardCharsets.UTF_8);
            RecordedOutcome outcome =
                    kind.equals(BEGUN) ? null : outcome(kind, Arrays.copyOfRange(content, 1, content.length));
            steps.add(new RecordedStep(text(index), outcome));
        }
        return steps;
    }

    /** The record that the answer holds; null if the key is free. */
    @Nullable
    IdempotencyRecord recordOrNull(IdempotencyKey key) {
        return text(0).equals("-") ? null : record(key);
    }

    private IdempotencyRecord record(IdempotencyKey key) {
        return new IdempotencyRecord(
                key,
                number(2),
                RecordForm.fingerprint(text(3)),
                instant(4),
                instant(5),
                Math.toIntExact(number(6)),
                text(7).isEmpty() ? null : text(7),
                state(),
                instant(1));
    }

    private IdempotencyRecord.State state() {
        Instant ends = instant(8);
        return switch (text(0)) {
            case IN_PROGRESS -> new IdempotencyRecord.InProgress(ends);
            case RELEASED_WITH_STEPS -> new IdempotencyRecord.Released(instant(9), ends);
            default -> new IdempotencyRecord.Completed(outcome(text(0), parts.get(10)), instant(9), ends);
        };
    }

    /** What is written as the kind of an outcome. */
    static String letter(RecordedOutcome outcome) {
        return letter(Kind.of(outcome));
    }

    private static String letter(Kind kind) {
        return switch (kind) {
            case VALUE -> "v";
            case FAILURE -> "f";
            case NOT_REPLAYABLE -> "n";
        };
    }

    private static RecordedOutcome outcome(String letter, byte[] content) {
        return Arrays.stream(Kind.values())
                .filter(kind -> letter(kind).equals(letter))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("The record's state is none that is known"))
                .outcome(content);
    }

    private Instant instant(int index) {
        return RecordForm.instant(number(index));
    }

    private long number(int index) {
        return Long.parseLong(text(index));
    }

    private String text(int index) {
        return new String(parts.get(index), StandardCharsets.UTF_8);
    }
}
