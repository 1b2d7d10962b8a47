package io.idempotent.store.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** The statements of a store, on one table and in the words of its database. Immutable. */
final class Statements {

    /** How many keys a statement takes at most that is about several: {@value}. */
    static final int MOST_KEYS = 256;

    /**
     * The statements by name, in words that most databases take; a {@link Dialect} has its own for some. The time is
     * {@code {now}}. A claim that is held is {@code {held}}. What a record becomes whose key is free is {@code {free}}.
     * What is read of a record is {@code {columns}}. {@code {keys}} and {@code {claims}} stand for several.
     */
    enum Name {
        /** Reads the key's row, without a lock; PostgreSQL inserts a free key's row as well. */
        CLAIM("""
                SELECT {now} AS store_time, NULLIF(0, 0) AS claimed_token, {columns}
                FROM (SELECT 1 AS one) AS one LEFT JOIN {table} AS present ON present.record_key = :key
                """),

        /** Inserts a free key's row, unless it took too long since the clock was read. */
        INSERT("""
                INSERT INTO {table} (record_key, claim_id, fencing_token, fingerprint, first_claimed_at, claimed_at,
                    lease_ends_at, takeovers, trace_id, request, first_token)
                SELECT :key, :claimId, :now, :fingerprint, :now, :now, :leaseEnd, 0, :traceId, :request, :now
                FROM (SELECT 1 AS one) AS one WHERE {now} < :latest
                """),

        /**
         * Replaces what is left of the key's last record, if it still is as it was read. A record that goes on keeps
         * its first token and its request, if it has one.
         */
        // The request comes before the first token: MariaDB assigns one after the other.
        REPLACE("""
                UPDATE {table} SET
                    request = COALESCE(CASE WHEN first_token = :firstToken THEN request END, :request),
                    claim_id = :claimId, fencing_token = :token, first_token = :firstToken,
                    fingerprint = :fingerprint, first_claimed_at = :firstClaimedAt, claimed_at = :now,
                    lease_ends_at = :leaseEnd, takeovers = :takeovers, trace_id = :traceId, outcome_kind = NULL,
                    outcome = NULL, completed_at = NULL, retained_until = NULL
                WHERE record_key = :key AND claim_id = :lastClaimId AND fencing_token = :lastToken
                    AND lease_ends_at = :lastLeaseEnd AND COALESCE(retained_until, 0) = :lastRetainedUntil
                """),

        /** The same three in a transaction that goes on: where they would wait for another one, they fail at once. */
        CLAIM_IN_TRANSACTION("{withoutWaiting}" + CLAIM.words),
        INSERT_IN_TRANSACTION("{withoutWaiting}" + INSERT.words),
        REPLACE_IN_TRANSACTION("{withoutWaiting}" + REPLACE.words),

        /** Renews the leases of claims that are held, but those whose records another transaction locks. */
        // An update would look for the rows anew for each row.
        RENEW("""
                MERGE INTO {table} AS renewed
                USING (SELECT record_key FROM {table} WHERE retained_until IS NULL AND record_key IN ({keys})
                        AND (record_key, claim_id, fencing_token) IN ({claims}) FOR UPDATE SKIP LOCKED) AS held
                ON renewed.record_key = held.record_key
                WHEN MATCHED THEN UPDATE SET lease_ends_at = {now} + :lease
                """),

        /** Reads records, whether somebody locks them or not. */
        FIND_EACH("SELECT {now} AS store_time, {columns} FROM {table} WHERE record_key IN ({keys})"),

        FIND("SELECT {now} AS store_time, {columns} FROM {table} WHERE record_key = :key"),

        FIND_REQUEST("""
                SELECT request FROM {table}
                WHERE record_key = :key AND fencing_token = :token AND retained_until IS NULL
                """),

        COMPLETE("""
                UPDATE {table} SET outcome_kind = :kind, outcome = :outcome, completed_at = {now},
                    retained_until = {now} + :retention, request = NULL
                WHERE {held}
                """),

        ABANDON("UPDATE {table} SET lease_ends_at = LEAST(lease_ends_at, {now}) WHERE {held}"),

        RELEASE("UPDATE {table} SET {free} WHERE {held}"),

        RELEASE_WITH_STEPS(
                "UPDATE {table} SET lease_ends_at = {now}, retained_until = {now} + :retention WHERE {held}"),

        /** Makes a key free that was released with steps, and has none. */
        FREE_WITHOUT_STEPS("""
                UPDATE {table} SET {free} WHERE record_key = :key AND claim_id = :claimId AND fencing_token = :token
                    AND NOT EXISTS (SELECT 1 FROM {table}_step AS recorded
                        WHERE recorded.record_key = {table}.record_key AND recorded.first_token = {table}.first_token)
                """),

        FORGET("""
                UPDATE {table} SET {free}, claim_id = :nobody WHERE record_key = :key AND fencing_token = :token
                    AND COALESCE(retained_until > {now}, lease_ends_at <= {now})
                """),

        /**
         * Records a step of a record that is held, and keeps the outcome that it may have. Locks the record before it
         * writes anything, and looks at the record once more if it had to wait for the lock.
         */
        RECORD_STEP("""
                MERGE INTO {table}_step AS recorded
                USING (SELECT record_key, first_token, CAST(:step AS VARBINARY) AS step_name,
                        CAST(:kind AS VARCHAR) AS outcome_kind, CAST(:outcome AS BINARY LARGE OBJECT) AS outcome
                    FROM {table} WHERE {held} FOR UPDATE) AS given
                ON recorded.record_key = given.record_key AND recorded.step_name = given.step_name
                WHEN MATCHED THEN UPDATE SET
                    outcome = CASE WHEN recorded.first_token = given.first_token AND recorded.outcome_kind IS NOT NULL
                        THEN recorded.outcome ELSE given.outcome END,
                    outcome_kind = CASE WHEN recorded.first_token = given.first_token
                        THEN COALESCE(recorded.outcome_kind, given.outcome_kind) ELSE given.outcome_kind END,
                    first_token = given.first_token
                WHEN NOT MATCHED THEN INSERT (record_key, first_token, step_name, outcome_kind, outcome)
                    VALUES (given.record_key, given.first_token, given.step_name, given.outcome_kind, given.outcome)
                """),

        FIND_STEPS("""
                SELECT recorded.step_name, recorded.outcome_kind, recorded.outcome
                FROM {table} AS record JOIN {table}_step AS recorded
                    ON recorded.record_key = record.record_key AND recorded.first_token = record.first_token
                WHERE record.record_key = :key AND record.outcome_kind IS NULL
                    AND (record.retained_until IS NULL OR record.retained_until > {now})
                """),

        LIST("""
                {listed} AND (:live > 0 OR lease_ends_at <= {now}) AND claimed_at <= {now} - :claimedSince
                ORDER BY record_key LIMIT :limit
                """),

        LIST_RECOVERABLE("""
                {listed} AND request IS NOT NULL AND lease_ends_at <= {now} - :abandonedFor
                ORDER BY record_key LIMIT :limit
                """),

        /** Counts records in progress, by the index of those that have no retention. */
        COUNT("""
                SELECT {now} AS store_time, COUNT(*) AS in_progress,
                    COALESCE(SUM(CASE WHEN lease_ends_at <= {now} THEN 1 ELSE 0 END), 0) AS abandoned,
                    MIN(claimed_at) AS oldest
                FROM {table} WHERE retained_until IS NULL
                """),

        /** Until when a record's retention has to have ended for it to be purged. */
        FIND_DUE("SELECT {now} - :grace"),

        /** Deletes the steps of due records, but those that another transaction locks. */
        DELETE_STEPS("""
                DELETE FROM {table}_step WHERE (record_key, step_name) IN (
                    SELECT record_key, step_name FROM {table}_step WHERE record_key IN (
                        SELECT record_key FROM {table} WHERE retained_until BETWEEN :from AND :due
                        ORDER BY retained_until LIMIT :atMost FOR UPDATE SKIP LOCKED)
                    FOR UPDATE SKIP LOCKED)
                """),

        /** Locks due records that have no steps, but those that another transaction locks. */
        LOCK_DUE("""
                SELECT record_key, retained_until FROM {table} AS record
                WHERE retained_until BETWEEN :from AND :due AND NOT EXISTS (
                    SELECT 1 FROM {table}_step AS recorded WHERE recorded.record_key = record.record_key)
                ORDER BY retained_until LIMIT :atMost FOR UPDATE SKIP LOCKED
                """),

        /** Deletes records that this transaction has locked. */
        DELETE_EACH("DELETE FROM {table} WHERE record_key IN ({keys})");

        private final String words;

        Name(String words) {
            this.words = words;
        }
    }

    private static final String HELD =
            "record_key = :key AND claim_id = :claimId AND fencing_token = :token AND retained_until IS NULL";

    private static final String FREE = "first_token = 0, outcome_kind = NULL, outcome = NULL, completed_at = NULL,"
            + " request = NULL, lease_ends_at = {now}, retained_until = {now}";

    /** All but the request, which may be large. */
    private static final String COLUMNS = "record_key, claim_id, fencing_token, first_token, fingerprint,"
            + " first_claimed_at, claimed_at, lease_ends_at, takeovers, trace_id, outcome_kind, outcome, completed_at,"
            + " retained_until";

    /** Finds records in progress, of one operation or of all, by the index of those that have no retention. */
    private static final String LISTED = """
            SELECT {now} AS store_time, {columns} FROM {table}
            WHERE retained_until IS NULL AND record_key > :after
                AND (record_key >= :from AND record_key < :to
                    OR record_key >= :scopedFrom AND record_key < :scopedTo)""";

    private final Map<Name, Sql> single = new EnumMap<>(Name.class);

    /** For 1, 2, 4, 8 … keys. */
    private final Map<Name, List<Sql>> forSeveral = new EnumMap<>(Name.class);

    private final int timeoutSeconds;

    /**
     * Words all statements.
     *
     * @param clock an expression for the time in microseconds since 1970
     * @param timeoutSeconds how long each may take
     */
    Statements(Dialect dialect, String table, String clock, int timeoutSeconds) {
        this.timeoutSeconds = timeoutSeconds;
        for (Name name : Name.values()) {
            String words = dialect.words(name, name.words)
                    .replace("{listed}", LISTED)
                    .replace("{columns}", COLUMNS)
                    .replace("{held}", HELD)
                    .replace("{free}", FREE)
                    .replace("{table}", table)
                    .replace("{now}", clock);
            if (words.contains("{keys}")) {
                List<Sql> sizes = new ArrayList<>();
                for (int keys = 1; keys <= MOST_KEYS; keys *= 2) {
                    sizes.add(new Sql(
                            words.replace("{keys}", repeated(":key", keys))
                                    .replace("{claims}", repeated("(:heldKey, :claimId, :token)", keys)),
                            false));
                }
                forSeveral.put(name, List.copyOf(sizes));
            } else {
                single.put(name, new Sql(words, dialect.endsStatementsInTime()));
            }
        }
    }

    private static String repeated(String text, int times) {
        return String.join(", ", Collections.nCopies(times, text));
    }

    /** Prepares a statement, which fails when it takes longer than the store's statement timeout. */
    Sql.Call on(Connection connection, Name name) throws SQLException {
        return Objects.requireNonNull(single.get(name)).on(connection, timeoutSeconds);
    }

    /**
     * Prepares a statement about several keys, which is cancelled when it takes longer than so many nanoseconds. It may
     * have room for more keys; {@link Sql.Call#setEach} fills that with the first ones.
     */
    Sql.Call on(Connection connection, Name name, int keys, long timeoutNanos) throws SQLException {
        return Objects.requireNonNull(forSeveral.get(name))
                .get(32 - Integer.numberOfLeadingZeros(keys - 1))
                .on(connection, timeoutNanos);
    }

    /** How long a statement may take, in nanoseconds. */
    long timeoutNanos() {
        return TimeUnit.SECONDS.toNanos(timeoutSeconds);
    }

    /** Whether a statement of this name has a parameter. */
    boolean hasParameter(Name name, String parameter) {
        return Objects.requireNonNull(single.get(name)).names(parameter);
    }
}
