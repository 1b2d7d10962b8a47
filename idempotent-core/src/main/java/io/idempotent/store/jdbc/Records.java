package io.idempotent.store.jdbc;

import static io.idempotent.store.jdbc.Statements.Name.COMPLETE;
import static io.idempotent.store.jdbc.Statements.Name.COUNT;
import static io.idempotent.store.jdbc.Statements.Name.FIND;
import static io.idempotent.store.jdbc.Statements.Name.FIND_REQUEST;
import static io.idempotent.store.jdbc.Statements.Name.FIND_STEPS;
import static io.idempotent.store.jdbc.Statements.Name.FORGET;
import static io.idempotent.store.jdbc.Statements.Name.FREE_WITHOUT_STEPS;
import static io.idempotent.store.jdbc.Statements.Name.LIST;
import static io.idempotent.store.jdbc.Statements.Name.LIST_RECOVERABLE;
import static io.idempotent.store.jdbc.Statements.Name.RECORD_STEP;
import static io.idempotent.store.jdbc.Statements.Name.RELEASE;
import static io.idempotent.store.jdbc.Statements.Name.RELEASE_WITH_STEPS;

import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordCounts;
import io.idempotent.store.RecordForm;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedRequest;
import io.idempotent.store.RecordedStep;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is done with records that are there, on a connection that is in auto-commit mode or in somebody's transaction.
 * Every write names key, claim id and fencing token, and that the row is in progress; forgetting names key and token.
 *
 * @param statements the store's statements
 * @param form the form of what is written
 */
record Records(Statements statements, RecordForm form) {

    // A claim id that no claimant makes: random ones are never all zeros.
    private static final byte[] NOBODY = new byte[16];

    private static final byte[] NOTHING = new byte[0];

    // No text in UTF-8 has such a byte.
    private static final byte[] AFTER_ALL_TEXTS = {(byte) 0xFF};

    @Nullable
    Row read(Connection connection, IdempotencyKey key) throws SQLException {
        try (Sql.Call call = statements.on(connection, FIND)) {
            ResultSet result = call.set("key", Row.bytes(key)).query();
            return result.next() ? Row.read(result, result.getLong("store_time")) : null;
        }
    }

    RecordCounts.InProgress count(Connection connection) throws SQLException {
        try (Sql.Call call = statements.on(connection, COUNT)) {
            ResultSet result = call.query();
            result.next();
            long abandoned = result.getLong("abandoned");
            long oldest = result.getLong("oldest");
            Duration age = result.wasNull()
                    ? Duration.ZERO
                    : Duration.of(Math.max(0, result.getLong("store_time") - oldest), ChronoUnit.MICROS);
            return new RecordCounts.InProgress(result.getLong("in_progress") - abandoned, abandoned, age);
        }
    }

    /** Reads the row if the claim is its last. */
    private @Nullable Row read(Connection connection, Claim claim) throws SQLException {
        Row row = read(connection, claim.key());
        return row != null && row.claim(claim.key()).equals(claim) ? row : null;
    }

    /** Makes a change that needs to know no more than the claim. */
    boolean change(Connection connection, Statements.Name change, Claim claim) throws SQLException {
        try (Sql.Call call = on(connection, change, claim)) {
            return call.update() > 0;
        }
    }

    private Sql.Call on(Connection connection, Statements.Name name, Claim claim) throws SQLException {
        return statements
                .on(connection, name)
                .set("key", Row.bytes(claim.key()))
                .set("claimId", Row.bytes(claim.id()))
                .set("token", claim.fencingToken());
    }

    boolean complete(Connection connection, Claim claim, RecordedOutcome outcome, Duration retention)
            throws SQLException {
        RecordForm.requirePositive("retention", retention);
        try (Sql.Call call = on(connection, COMPLETE, claim)) {
            int completed = call.set("kind", RecordForm.Kind.of(outcome).name())
                    .set("outcome", form.content(outcome))
                    .set("retention", form.microseconds(retention))
                    .update();
            if (completed > 0) {
                return true;
            }
        }
        // Asked again because the first answer was lost?
        Row row = read(connection, claim);
        return row != null && row.outcome() != null && !row.isOver();
    }

    /** Releases a claim; without a retention no step is kept. */
    boolean release(Connection connection, Claim claim, @Nullable Duration stepRetention) throws SQLException {
        boolean released = stepRetention == null
                ? change(connection, RELEASE, claim)
                : Requests.inOneTransaction(connection, same -> releaseWithSteps(same, claim, stepRetention));
        if (released) {
            return true;
        }
        // Asked again because the first answer was lost?
        Row row = read(connection, claim);
        return row != null && row.isReleased();
    }

    private boolean releaseWithSteps(Connection connection, Claim claim, Duration stepRetention) throws SQLException {
        try (Sql.Call call = on(connection, RELEASE_WITH_STEPS, claim)) {
            if (call.set("retention", form.microseconds(stepRetention)).update() == 0) {
                return false;
            }
        }
        // Only now that the row is ours: a statement that waits for one that records a step need not see the step.
        change(connection, FREE_WITHOUT_STEPS, claim);
        return true;
    }

    boolean recordStep(Connection connection, Claim claim, RecordedStep step) throws SQLException {
        RecordedOutcome outcome = step.outcome();
        try (Sql.Call call = on(connection, RECORD_STEP, claim)) {
            return call.set("step", Row.bytes(step.name()))
                            .set(
                                    "kind",
                                    outcome == null
                                            ? null
                                            : RecordForm.Kind.of(outcome).name())
                            .set("outcome", outcome == null ? NOTHING : form.content(outcome))
                            .update()
                    > 0;
        }
    }

    List<RecordedStep> findSteps(Connection connection, IdempotencyKey key) throws SQLException {
        try (Sql.Call call = statements.on(connection, FIND_STEPS)) {
            ResultSet result = call.set("key", Row.bytes(key)).query();
            List<RecordedStep> steps = new ArrayList<>();
            while (result.next()) {
                steps.add(Row.step(result));
            }
            return List.copyOf(steps);
        }
    }

    List<IdempotencyRecord> list(Connection connection, RecordQuery query) throws SQLException {
        try (Sql.Call call = statements.on(connection, LIST)) {
            call.set("live", query.abandonedOnly() ? 0 : 1)
                    .set("claimedSince", form.microseconds(query.claimedSince()));
            return page(call, query);
        }
    }

    /** Lists the records that have a request, and whose lease ended so long ago. */
    List<IdempotencyRecord> listRecoverable(Connection connection, RecordQuery query, Duration abandonedFor)
            throws SQLException {
        try (Sql.Call call = statements.on(connection, LIST_RECOVERABLE)) {
            return page(call.set("abandonedFor", form.microseconds(abandonedFor)), query);
        }
    }

    private static List<IdempotencyRecord> page(Sql.Call call, RecordQuery query) throws SQLException {
        String operation = query.operation();
        call.set("after", query.after() == null ? NOTHING : Row.bytes(query.after()))
                .set("from", operation == null ? NOTHING : Row.bytes(operation + ':'))
                .set("to", operation == null ? AFTER_ALL_TEXTS : Row.bytes(operation + (char) (':' + 1)))
                .set("scopedFrom", Row.bytes(operation + '@'))
                .set("scopedTo", Row.bytes(operation + (char) ('@' + 1)))
                .set("limit", query.limit());
        ResultSet result = call.query();
        List<IdempotencyRecord> records = new ArrayList<>();
        while (result.next()) {
            records.add(Row.read(result, result.getLong("store_time")).record(Row.key(result)));
        }
        return List.copyOf(records);
    }

    @Nullable
    RecordedRequest findRequest(Connection connection, IdempotencyKey key, long fencingToken) throws SQLException {
        try (Sql.Call call = statements.on(connection, FIND_REQUEST)) {
            ResultSet result =
                    call.set("key", Row.bytes(key)).set("token", fencingToken).query();
            byte[] content = result.next() ? result.getBytes("request") : null;
            return content == null ? null : new RecordedRequest(content);
        }
    }

    boolean forget(Connection connection, IdempotencyKey key, long expectedToken) throws SQLException {
        try (Sql.Call call = statements.on(connection, FORGET)) {
            return call.set("key", Row.bytes(key))
                            .set("token", expectedToken)
                            .set("nobody", NOBODY)
                            .update()
                    > 0;
        }
    }
}
