package io.idempotent.store.jdbc;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.RecordedOutcome.Encoded;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedStep;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row of the table as a statement saw it; times are microseconds since 1970.
 *
 * @param now the database's time
 * @param firstToken of the first claim of the record, whose steps bear it; zero when it was released without steps, or
 *     forgotten
 * @param completedAt zero unless completed
 * @param outcome null while in progress, and when released
 */
record Row(
        long now,
        UUID claimId,
        long fencingToken,
        long firstToken,
        Fingerprint fingerprint,
        long firstClaimedAt,
        long claimedAt,
        long leaseEndsAt,
        int takeovers,
        long completedAt,
        long retainedUntil,
        @Nullable RecordedOutcome outcome) {

    private static final String NOT_REPLAYABLE = "NOT_REPLAYABLE";

    static Row read(ResultSet result, long now) throws SQLException {
        String fingerprint = result.getString("fingerprint");
        return new Row(
                now,
                uuid(result.getBytes("claim_id")),
                result.getLong("fencing_token"),
                result.getLong("first_token"),
                fingerprint == null ? Fingerprint.none() : Fingerprint.ofDigest(fingerprint),
                result.getLong("first_claimed_at"),
                result.getLong("claimed_at"),
                result.getLong("lease_ends_at"),
                result.getInt("takeovers"),
                result.getLong("completed_at"),
                result.getLong("retained_until"),
                outcome(result.getString("outcome_kind"), result));
    }

    /** Reads what is recorded of a step. */
    static RecordedStep step(ResultSet result) throws SQLException {
        return new RecordedStep(
                new String(result.getBytes("step_name"), StandardCharsets.UTF_8),
                outcome(result.getString("outcome_kind"), result));
    }

    private static @Nullable RecordedOutcome outcome(@Nullable String kind, ResultSet result) throws SQLException {
        if (kind == null) {
            return null;
        }
        byte[] content = result.getBytes("outcome");
        if (kind.equals(NOT_REPLAYABLE)) {
            return new RecordedOutcome.NotReplayable(new String(content, StandardCharsets.UTF_8));
        }
        return new Encoded(Encoded.Kind.valueOf(kind), content);
    }

    /** What is written as the kind of an outcome. */
    static String kind(RecordedOutcome outcome) {
        return outcome instanceof Encoded encoded ? encoded.kind().name() : NOT_REPLAYABLE;
    }

    /**
     * What is written as an outcome.
     *
     * @throws IllegalArgumentException if it is kept by reference
     */
    static byte[] content(RecordedOutcome outcome) {
        if (outcome instanceof Encoded encoded) {
            return encoded.content();
        }
        if (outcome instanceof RecordedOutcome.NotReplayable notReplayable) {
            return notReplayable.reason().getBytes(StandardCharsets.UTF_8);
        }
        throw new IllegalArgumentException("The JDBC store keeps encoded outcomes, and none by reference");
    }

    /**
     * What is written as a fingerprint; null for none.
     *
     * @throws IllegalArgumentException if it is content itself, or too long
     */
    static @Nullable String text(Fingerprint fingerprint) {
        if (fingerprint instanceof Fingerprint.Digest digest && digest.text().length() <= 255) {
            return digest.text();
        }
        if (fingerprint instanceof Fingerprint.None) {
            return null;
        }
        throw new IllegalArgumentException(
                "The JDBC store keeps digests of at most 255 characters as fingerprints, not " + fingerprint);
    }

    static byte[] bytes(UUID id) {
        return ByteBuffer.allocate(16)
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .array();
    }

    private static UUID uuid(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new UUID(buffer.getLong(), buffer.getLong());
    }

    boolean isInProgress() {
        return retainedUntil == 0;
    }

    /** Whether the lease or the retention is over. */
    boolean isOver() {
        return now >= (isInProgress() ? leaseEndsAt : retainedUntil);
    }

    /**
     * Whether the key is free, whatever is left of its last record: past its retention, forgotten, or released without
     * steps, which a statement that read its clock before finds to be over only later.
     */
    boolean isFree() {
        return !isInProgress() && (isOver() || (outcome == null && firstToken == 0));
    }

    /** Whether the key was given back, with steps or without, or forgotten. */
    boolean isReleased() {
        return !isInProgress() && outcome == null;
    }

    boolean mayBeClaimedBy(ClaimRequest request) {
        if (isFree()) {
            return true;
        }
        boolean mayGoOn = isInProgress() ? isOver() && request.mayTakeOver() : isReleased();
        return mayGoOn && request.fingerprint().matches(fingerprint);
    }

    Claim claim(IdempotencyKey key) {
        return new Claim(key, claimId, fencingToken);
    }

    ClaimResult.Claimed claimed(IdempotencyKey key) {
        return new ClaimResult.Claimed(claim(key), instant(firstClaimedAt), takeovers);
    }

    IdempotencyRecord record(IdempotencyKey key) {
        return new IdempotencyRecord(
                key,
                fencingToken,
                fingerprint,
                instant(firstClaimedAt),
                instant(claimedAt),
                takeovers,
                state(),
                instant(now));
    }

    private IdempotencyRecord.State state() {
        if (isInProgress()) {
            return new IdempotencyRecord.InProgress(instant(leaseEndsAt));
        }
        return outcome == null
                ? new IdempotencyRecord.Released(instant(leaseEndsAt), instant(retainedUntil))
                : new IdempotencyRecord.Completed(outcome, instant(completedAt), instant(retainedUntil));
    }

    static Instant instant(long microseconds) {
        return Instant.EPOCH.plus(microseconds, ChronoUnit.MICROS);
    }
}
