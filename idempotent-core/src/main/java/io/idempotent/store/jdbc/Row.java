package io.idempotent.store.jdbc;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordForm;
import io.idempotent.store.RecordedStep;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row of the table as a statement saw it; times are microseconds since 1970.
 *
 * @param now the database's time
 * @param firstToken of the first claim of the record, whose steps bear it; zero when it was released without steps, or
 *     forgotten
 * @param traceId null if none was recorded
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
        @Nullable String traceId,
        long completedAt,
        long retainedUntil,
        @Nullable RecordedOutcome outcome) {

    static Row read(ResultSet result, long now) throws SQLException {
        return new Row(
                now,
                uuid(result.getBytes("claim_id")),
                result.getLong("fencing_token"),
                result.getLong("first_token"),
                RecordForm.fingerprint(result.getString("fingerprint")),
                result.getLong("first_claimed_at"),
                result.getLong("claimed_at"),
                result.getLong("lease_ends_at"),
                result.getInt("takeovers"),
                result.getString("trace_id"),
                result.getLong("completed_at"),
                result.getLong("retained_until"),
                outcome(result));
    }

    /** Reads what is recorded of a step. */
    static RecordedStep step(ResultSet result) throws SQLException {
        return new RecordedStep(new String(result.getBytes("step_name"), StandardCharsets.UTF_8), outcome(result));
    }

    private static @Nullable RecordedOutcome outcome(ResultSet result) throws SQLException {
        String kind = result.getString("outcome_kind");
        return kind == null ? null : RecordForm.Kind.valueOf(kind).outcome(result.getBytes("outcome"));
    }

    /** What is written as the key of a record. */
    static byte[] bytes(IdempotencyKey key) {
        return bytes(key.toString());
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Reads the key of a record. */
    static IdempotencyKey key(ResultSet result) throws SQLException {
        return IdempotencyKey.parse(new String(result.getBytes("record_key"), StandardCharsets.UTF_8));
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
     * steps. A statement that read its clock before a release finds the retention to be over only later.
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
        return new ClaimResult.Claimed(claim(key), RecordForm.instant(firstClaimedAt), takeovers);
    }

    IdempotencyRecord record(IdempotencyKey key) {
        return new IdempotencyRecord(
                key,
                fencingToken,
                fingerprint,
                RecordForm.instant(firstClaimedAt),
                RecordForm.instant(claimedAt),
                takeovers,
                traceId,
                state(),
                RecordForm.instant(now));
    }

    private IdempotencyRecord.State state() {
        if (isInProgress()) {
            return new IdempotencyRecord.InProgress(RecordForm.instant(leaseEndsAt));
        }
        return outcome == null
                ? new IdempotencyRecord.Released(RecordForm.instant(leaseEndsAt), RecordForm.instant(retainedUntil))
                : new IdempotencyRecord.Completed(
                        outcome, RecordForm.instant(completedAt), RecordForm.instant(retainedUntil));
    }
}
