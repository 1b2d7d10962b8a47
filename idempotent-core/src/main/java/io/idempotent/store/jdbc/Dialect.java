package io.idempotent.store.jdbc;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.store.jdbc.Statements.Name;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** A kind of database: its clock, its schema, and its own words for statements that are not the same everywhere. */
@SuppressWarnings("ImmutableEnumChecker") // the map and the list are
enum Dialect {
    /** Claims a free key, or reads its record, in one statement; the record is read without a lock. */
    POSTGRESQL(
            "postgresql",
            // Not the time at which a transaction or a statement began.
            "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
            "",
            Map.of(
                    Name.CLAIM,
                    """
                    WITH clock AS MATERIALIZED (SELECT {now} AS store_time),
                    present AS (SELECT {columns} FROM {table} WHERE record_key = :key),
                    claimed AS (
                        INSERT INTO {table} (record_key, claim_id, fencing_token, first_token, fingerprint,
                            first_claimed_at, claimed_at, lease_ends_at, takeovers, trace_id, request)
                        SELECT :key, :claimId, store_time, store_time, :fingerprint, store_time, store_time,
                            store_time + :lease, 0, :traceId, :request
                        FROM clock WHERE NOT EXISTS (SELECT 1 FROM present)
                        ON CONFLICT (record_key) DO NOTHING RETURNING fencing_token)
                    SELECT clock.store_time, claimed.fencing_token AS claimed_token, present.*
                    FROM clock LEFT JOIN claimed ON TRUE LEFT JOIN present ON TRUE
                    """,
                    // Whoever is to write takes the key's lock before, without waiting, until the transaction ends.
                    Name.CLAIM_IN_TRANSACTION,
                    """
                    WITH clock AS MATERIALIZED (SELECT {now} AS store_time),
                    present AS (SELECT {columns} FROM {table} WHERE record_key = :key),
                    lock AS MATERIALIZED (
                        SELECT CASE WHEN EXISTS (SELECT 1 FROM present, clock
                                WHERE store_time < COALESCE(retained_until, lease_ends_at)
                                    AND (retained_until IS NULL OR outcome_kind IS NOT NULL))
                            THEN NULL ELSE pg_try_advisory_xact_lock(:lock) END AS lock_taken),
                    claimed AS (
                        INSERT INTO {table} (record_key, claim_id, fencing_token, first_token, fingerprint,
                            first_claimed_at, claimed_at, lease_ends_at, takeovers, trace_id, request)
                        SELECT :key, :claimId, store_time, store_time, :fingerprint, store_time, store_time,
                            store_time + :lease, 0, :traceId, :request
                        FROM clock, lock WHERE lock_taken AND NOT EXISTS (SELECT 1 FROM present)
                        ON CONFLICT (record_key) DO NOTHING RETURNING fencing_token)
                    SELECT clock.store_time, claimed.fencing_token AS claimed_token, lock_taken, present.*
                    FROM clock CROSS JOIN lock LEFT JOIN claimed ON TRUE LEFT JOIN present ON TRUE
                    """,
                    // As weak a lock as the update itself takes: one that refers to the row is not in its way.
                    Name.RENEW,
                    """
                    UPDATE {table} SET lease_ends_at = {now} + :lease WHERE record_key IN (
                        SELECT record_key FROM {table} WHERE retained_until IS NULL AND record_key IN ({keys})
                            AND (record_key, claim_id, fencing_token) IN (VALUES {claims})
                        FOR NO KEY UPDATE SKIP LOCKED)
                    """,
                    Name.RECORD_STEP,
                    """
                    INSERT INTO {table}_step AS recorded (record_key, first_token, step_name, outcome_kind, outcome)
                    SELECT record_key, first_token, :step, :kind, :outcome FROM {table} WHERE {held} FOR UPDATE
                    ON CONFLICT (record_key, step_name) DO UPDATE SET
                        outcome = CASE WHEN recorded.first_token = excluded.first_token
                                AND recorded.outcome_kind IS NOT NULL
                            THEN recorded.outcome ELSE excluded.outcome END,
                        outcome_kind = CASE WHEN recorded.first_token = excluded.first_token
                            THEN COALESCE(recorded.outcome_kind, excluded.outcome_kind) ELSE excluded.outcome_kind END,
                        first_token = excluded.first_token
                    """),
            "PostgreSQL"),

    /** MariaDB and MySQL, which say when a statement began: current enough, and never too late. */
    MARIADB(
            "mariadb",
            "TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))",
            // A comment to MySQL, which has nothing of the kind.
            "/*M! SET STATEMENT innodb_lock_wait_timeout = 0 FOR */ ",
            Map.of(
                    // In this order, or rows would be locked, and waited for, before it is known which are not.
                    Name.RENEW,
                    """
                    UPDATE (SELECT record_key FROM {table} WHERE retained_until IS NULL AND record_key IN ({keys})
                            AND (record_key, claim_id, fencing_token) IN ({claims})
                        FOR UPDATE SKIP LOCKED) AS held
                    STRAIGHT_JOIN {table} AS renewed ON renewed.record_key = held.record_key
                    SET renewed.lease_ends_at = {now} + :lease
                    """,
                    // Assigned one after the other, each by what was assigned before.
                    Name.RECORD_STEP,
                    """
                    INSERT INTO {table}_step (record_key, first_token, step_name, outcome_kind, outcome)
                    SELECT record_key, first_token, :step, :kind, :outcome FROM {table} WHERE {held} FOR UPDATE
                    ON DUPLICATE KEY UPDATE
                        outcome = CASE WHEN {table}_step.first_token = VALUES(first_token)
                                AND {table}_step.outcome_kind IS NOT NULL
                            THEN {table}_step.outcome ELSE VALUES(outcome) END,
                        outcome_kind = CASE WHEN {table}_step.first_token = VALUES(first_token)
                            THEN COALESCE({table}_step.outcome_kind, VALUES(outcome_kind))
                            ELSE VALUES(outcome_kind) END,
                        first_token = VALUES(first_token)
                    """,
                    Name.DELETE_STEPS,
                    """
                    DELETE purged FROM (
                        SELECT recorded.record_key, recorded.step_name FROM (
                            SELECT record_key FROM {table} WHERE retained_until BETWEEN :from AND :due
                            ORDER BY retained_until LIMIT :atMost FOR UPDATE SKIP LOCKED) AS due
                        STRAIGHT_JOIN {table}_step AS recorded ON recorded.record_key = due.record_key
                        FOR UPDATE SKIP LOCKED) AS expired
                    STRAIGHT_JOIN {table}_step AS purged
                        ON purged.record_key = expired.record_key AND purged.step_name = expired.step_name
                    """,
                    // An index may be passed over where the table is small, and other rows be locked.
                    Name.DELETE_EACH,
                    """
                    DELETE purged FROM (
                        SELECT record_key FROM {table} WHERE record_key IN ({keys}) FOR UPDATE SKIP LOCKED) AS due
                    STRAIGHT_JOIN {table} AS purged ON purged.record_key = due.record_key
                    """),
            "MariaDB",
            "MySQL"),

    /** The embedded one. */
    H2(
            "h2",
            "CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP(6)) * 1000000 AS BIGINT)",
            "",
            Map.of(
                    // A DELETE would look for the rows anew for each row.
                    Name.DELETE_STEPS, """
                    MERGE INTO {table}_step AS purged USING (
                        SELECT recorded.record_key, recorded.step_name FROM (
                            SELECT record_key FROM {table} WHERE retained_until BETWEEN :from AND :due
                            ORDER BY retained_until LIMIT :atMost FOR UPDATE SKIP LOCKED) AS due
                        JOIN {table}_step AS recorded ON recorded.record_key = due.record_key
                        FOR UPDATE SKIP LOCKED) AS expired
                    ON purged.record_key = expired.record_key AND purged.step_name = expired.step_name
                    WHEN MATCHED THEN DELETE
                    """),
            "H2");

    private static final Pattern LIMIT = Pattern.compile("LIMIT (:?\\w+)");

    private final String resource;
    private final String clock;
    private final String withoutWaiting;
    private final Map<Name, String> ownWords;
    private final List<String> productNames;

    Dialect(String resource, String clock, String withoutWaiting, Map<Name, String> ownWords, String... productNames) {
        this.resource = resource;
        this.clock = clock;
        this.withoutWaiting = withoutWaiting;
        this.ownWords = ownWords;
        this.productNames = List.of(productNames);
    }

    /**
     * The dialect of a database.
     *
     * @throws IdempotencyConfigurationException if it is none that is supported
     */
    static Dialect of(DatabaseMetaData database) throws SQLException {
        String product = database.getDatabaseProductName();
        return Arrays.stream(values())
                .filter(dialect -> dialect.productNames.contains(product))
                .findFirst()
                .orElseThrow(() -> new IdempotencyConfigurationException(
                        "The JDBC idempotency store does not know the database '" + product + "'",
                        "Use PostgreSQL, MariaDB, MySQL or H2, or another store"));
    }

    /** An expression for the current time in microseconds since 1970. */
    String clock() {
        return clock;
    }

    /**
     * A statement in the words that the database takes.
     *
     * @param general the words that most databases take
     */
    String words(Name name, String general) {
        String words = ownWords.getOrDefault(name, general).replace("{withoutWaiting}", withoutWaiting);
        // H2 knows no LIMIT where it pretends to be some others.
        return this == H2 ? LIMIT.matcher(words).replaceAll("FETCH FIRST $1 ROWS ONLY") : words;
    }

    /**
     * Whether a driver that is told how long a statement may take lets the database see to it, as part of the
     * statement.
     */
    boolean endsStatementsInTime() {
        return this == MARIADB;
    }

    /** The SQL that makes the tables and their indexes. */
    String schema(String table) {
        String name = "schema-" + resource + ".sql";
        try (InputStream stream = Dialect.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException("The file " + name + " is missing beside " + Dialect.class.getName());
            }
            String unqualified = table.substring(table.lastIndexOf('.') + 1);
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8)
                    .replaceAll("(?m)^--.*\\R", "")
                    .replaceAll("idempotency_record_(purge|open)", unqualified.toLowerCase(Locale.ROOT) + "_$1")
                    .replaceAll("idempotency_record(_step)? ", table + "$1 ");
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
