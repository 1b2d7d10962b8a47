package io.idempotent.store.jdbc;

import static io.idempotent.store.jdbc.Statements.Name.CLAIM;
import static io.idempotent.store.jdbc.Statements.Name.CLAIM_IN_TRANSACTION;
import static io.idempotent.store.jdbc.Statements.Name.INSERT;
import static io.idempotent.store.jdbc.Statements.Name.INSERT_IN_TRANSACTION;
import static io.idempotent.store.jdbc.Statements.Name.REPLACE;
import static io.idempotent.store.jdbc.Statements.Name.REPLACE_IN_TRANSACTION;

import io.idempotent.IdempotencyKey;
import io.idempotent.Sha256;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.RecordForm;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How a key is claimed, on a connection that is in auto-commit mode or in somebody's transaction.
 *
 * <ol>
 *   <li>One statement reads the key's row, without a lock. On PostgreSQL it inserts a free key's row as well; elsewhere
 *       a second statement does.
 *   <li>The row is the answer if it is completed, or in progress and live, or if the request may not take over.
 *   <li>Any other row is replaced, on the condition that its claim, lease and completion are still as they were read.
 *   <li>Where somebody else was faster, there is no answer. Nothing is concluded from a row that was not there, or is
 *       another by now.
 * </ol>
 *
 * @param statements the store's statements
 * @param form the form of what is written
 * @param table the table's name, which the numbers of locks depend on
 */
record Claiming(Statements statements, RecordForm form, String table) {

    // Between drawing a token and writing it no more than this may pass, so that a token that was drawn, written and
    // given back meanwhile is still there to be compared.
    static final long LONGEST_CLAIM = TimeUnit.SECONDS.toMicros(30);

    /**
     * What came of trying to claim.
     *
     * @param result the result, without steps
     * @param mayHaveSteps whether there was a record, and so may be steps of it
     */
    record Answer(ClaimResult result, boolean mayHaveSteps) {}

    /**
     * Claims the key, or tells why not.
     *
     * @param waits whether statements may wait for other transactions
     * @return null if somebody else was faster: the row is another by now
     */
    @Nullable
    Answer claim(Connection connection, ClaimRequest request, boolean waits) throws SQLException {
        Statements.Name claim = waits ? CLAIM : CLAIM_IN_TRANSACTION;
        IdempotencyKey key = request.key();
        String fingerprint = form.digest(request.fingerprint());
        boolean inserts = statements.hasParameter(claim, "claimId");
        boolean locks = statements.hasParameter(claim, "lock");
        long now;
        Row row;
        try (Sql.Call call = statements.on(connection, claim)) {
            call.set("key", Row.bytes(key));
            if (inserts) {
                call.set("claimId", Row.bytes(request.claimId()))
                        .set("fingerprint", fingerprint)
                        .set("lease", form.microseconds(request.lease()))
                        .set("traceId", request.traceId())
                        .setBytes("request", content(request));
            }
            if (locks) {
                call.set("lock", lock(key));
            }
            ResultSet result = call.query();
            result.next();
            now = result.getLong("store_time");
            long claimed = result.getLong("claimed_token");
            if (!result.wasNull()) {
                return new Answer(claimed(request, claimed, now, 0), false);
            }
            if (locks && !result.getBoolean("lock_taken") && !result.wasNull()) {
                throw SqlFailure.locked();
            }
            row = result.getBytes("record_key") == null ? null : Row.read(result, now);
        }
        if (row == null) {
            ClaimResult result = inserts ? null : insert(connection, request, fingerprint, now, waits);
            return result == null ? null : new Answer(result, false);
        }
        if (!row.mayBeClaimedBy(request)) {
            return new Answer(answer(row, request), true);
        }
        ClaimResult result = replace(connection, request, fingerprint, row, waits);
        return result == null ? null : new Answer(result, !row.isFree());
    }

    private static ClaimResult.Claimed claimed(ClaimRequest request, long token, long firstClaimedAt, int takeovers) {
        return new ClaimResult.Claimed(
                new Claim(request.key(), request.claimId(), token), RecordForm.instant(firstClaimedAt), takeovers);
    }

    private static byte @Nullable [] content(ClaimRequest request) {
        return request.request() == null ? null : request.request().content();
    }

    private static ClaimResult answer(Row row, ClaimRequest request) {
        IdempotencyKey key = request.key();
        if (row.outcome() != null) {
            return new ClaimResult.Completed(row.record(key));
        }
        if (row.isReleased() || row.isOver()) {
            return new ClaimResult.Abandoned(row.record(key));
        }
        return row.claimId().equals(request.claimId()) ? row.claimed(key) : new ClaimResult.InProgress(row.record(key));
    }

    private @Nullable ClaimResult insert(
            Connection connection, ClaimRequest request, @Nullable String fingerprint, long now, boolean waits)
            throws SQLException {
        try (Sql.Call call = statements.on(connection, waits ? INSERT : INSERT_IN_TRANSACTION)) {
            int inserted = call.set("key", Row.bytes(request.key()))
                    .set("claimId", Row.bytes(request.claimId()))
                    .set("fingerprint", fingerprint)
                    .set("now", now)
                    .set("leaseEnd", now + form.microseconds(request.lease()))
                    .set("traceId", request.traceId())
                    .setBytes("request", content(request))
                    .set("latest", now + LONGEST_CLAIM)
                    .update();
            return inserted == 0 ? null : claimed(request, now, now, 0);
        } catch (SQLException failure) {
            if (SqlFailure.of(failure) == SqlFailure.CONSTRAINT) {
                return null;
            }
            throw failure;
        }
    }

    /**
     * Replaces what is left of the key's last record, whether the request fits it or not.
     *
     * @return null if the row is another by now
     */
    ClaimResult.@Nullable Claimed replace(
            Connection connection, ClaimRequest request, @Nullable String fingerprint, Row row, boolean waits)
            throws SQLException {
        long token = Math.max(row.fencingToken() + 1, row.now());
        boolean goesOn = !row.isFree();
        long firstClaimedAt = goesOn ? row.firstClaimedAt() : row.now();
        int takeovers = row.isInProgress() ? row.takeovers() + 1 : 0;
        try (Sql.Call call = statements.on(connection, waits ? REPLACE : REPLACE_IN_TRANSACTION)) {
            int replaced = call.set("key", Row.bytes(request.key()))
                    .set("claimId", Row.bytes(request.claimId()))
                    .set("token", token)
                    .set("firstToken", goesOn ? row.firstToken() : token)
                    // What the first request said stays, so that one that says nothing does not loosen it.
                    .set("fingerprint", goesOn ? form.digest(row.fingerprint()) : fingerprint)
                    .set("firstClaimedAt", firstClaimedAt)
                    .set("now", row.now())
                    .set("leaseEnd", row.now() + form.microseconds(request.lease()))
                    .set("takeovers", takeovers)
                    .set("traceId", request.traceId() == null && goesOn ? row.traceId() : request.traceId())
                    .setBytes("request", content(request))
                    .set("lastClaimId", Row.bytes(row.claimId()))
                    .set("lastToken", row.fencingToken())
                    .set("lastLeaseEnd", row.leaseEndsAt())
                    .set("lastRetainedUntil", row.retainedUntil())
                    .update();
            return replaced == 0 ? null : claimed(request, token, firstClaimedAt, takeovers);
        }
    }

    /**
     * The number that stands for a key where locks have numbers. Of two keys that share one, one waits for the other.
     */
    private long lock(IdempotencyKey key) {
        return ByteBuffer.wrap(Sha256.of(table + key)).getLong();
    }
}
