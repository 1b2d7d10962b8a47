package io.idempotent.store.jdbc;

import io.idempotent.IdempotencyConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** A kind of database. Dialects differ in the text of statements, and in who ends those that take too long. */
@SuppressWarnings("ImmutableEnumChecker") // the list is
enum Dialect {
    /** Claims a free key, or reads its record, in one statement; the record is read without a lock. */
    POSTGRESQL(
            "postgresql",
            // Not the time at which a transaction or a statement began.
            "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
            """
            WITH clock AS MATERIALIZED (SELECT {now} AS store_time),
            present AS (SELECT * FROM {table} WHERE record_key = :key),
            claimed AS (
                INSERT INTO {table} (record_key, claim_id, fencing_token, first_token, fingerprint,
                    first_claimed_at, claimed_at, lease_ends_at, takeovers)
                SELECT :key, :claimId, store_time, store_time, :fingerprint, store_time, store_time,
                    store_time + :lease, 0
                FROM clock WHERE NOT EXISTS (SELECT 1 FROM present)
                ON CONFLICT (record_key) DO NOTHING RETURNING fencing_token)
            SELECT clock.store_time, claimed.fencing_token AS claimed_token, present.*
            FROM clock LEFT JOIN claimed ON TRUE LEFT JOIN present ON TRUE
            """,
            // Whoever is to write takes the key's lock before, without waiting, and keeps it until the transaction
            // ends.
            """
            WITH clock AS MATERIALIZED (SELECT {now} AS store_time),
            present AS (SELECT * FROM {table} WHERE record_key = :key),
            lock AS MATERIALIZED (
                SELECT CASE WHEN EXISTS (SELECT 1 FROM present, clock
                        WHERE store_time < COALESCE(retained_until, lease_ends_at)
                            AND (retained_until IS NULL OR outcome_kind IS NOT NULL))
                    THEN NULL ELSE pg_try_advisory_xact_lock(:lock) END AS lock_taken),
            claimed AS (
                INSERT INTO {table} (record_key, claim_id, fencing_token, first_token, fingerprint,
                    first_claimed_at, claimed_at, lease_ends_at, takeovers)
                SELECT :key, :claimId, store_time, store_time, :fingerprint, store_time, store_time,
                    store_time + :lease, 0
                FROM clock, lock WHERE lock_taken AND NOT EXISTS (SELECT 1 FROM present)
                ON CONFLICT (record_key) DO NOTHING RETURNING fencing_token)
            SELECT clock.store_time, claimed.fencing_token AS claimed_token, lock_taken, present.*
            FROM clock CROSS JOIN lock LEFT JOIN claimed ON TRUE LEFT JOIN present ON TRUE
            """,
            "",
            """
            DELETE FROM {table} WHERE record_key IN (
                SELECT record_key FROM {table} WHERE retained_until BETWEEN :from AND :due
                ORDER BY retained_until LIMIT :atMost FOR UPDATE SKIP LOCKED)
            """,
            """
            INSERT INTO {table}_step AS recorded (record_key, first_token, step_name, outcome_kind, outcome)
            SELECT record_key, first_token, :step, :kind, :outcome FROM {table} WHERE {held} FOR UPDATE
            ON CONFLICT (record_key, step_name) DO UPDATE SET
                outcome = CASE WHEN recorded.first_token = excluded.first_token AND recorded.outcome_kind IS NOT NULL
                    THEN recorded.outcome ELSE excluded.outcome END,
                outcome_kind = CASE WHEN recorded.first_token = excluded.first_token
                    THEN COALESCE(recorded.outcome_kind, excluded.outcome_kind) ELSE excluded.outcome_kind END,
                first_token = excluded.first_token
            """,
            // As weak a lock as the update itself takes: one that refers to the row is not in its way.
            """
            UPDATE {table} SET lease_ends_at = {now} + :lease WHERE record_key IN (
                SELECT record_key FROM {table} WHERE retained_until IS NULL AND record_key IN ({keys})
                    AND (record_key, claim_id, fencing_token) IN (VALUES {claims})
                FOR NO KEY UPDATE SKIP LOCKED)
            """,
            "PostgreSQL"),

    /** MariaDB and MySQL, which say when a statement began: current enough, and never too late. */
    MARIADB(
            "mariadb",
            "TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))",
            Dialect.READ_ONLY_CLAIM,
            Dialect.READ_ONLY_CLAIM,
            // A comment to MySQL, which has nothing of the kind.
            "/*M! SET STATEMENT innodb_lock_wait_timeout = 0 FOR */ ",
            """
            DELETE purged FROM {table} AS purged JOIN (
                SELECT record_key FROM {table} WHERE retained_until BETWEEN :from AND :due
                ORDER BY retained_until LIMIT :atMost FOR UPDATE SKIP LOCKED) AS expired
            ON purged.record_key = expired.record_key
            """,
            // Assigned one after the other, each by what was assigned before.
            """
            INSERT INTO {table}_step (record_key, first_token, step_name, outcome_kind, outcome)
            SELECT record_key, first_token, :step, :kind, :outcome FROM {table} WHERE {held} FOR UPDATE
            ON DUPLICATE KEY UPDATE
                outcome = CASE WHEN {table}_step.first_token = VALUES(first_token)
                        AND {table}_step.outcome_kind IS NOT NULL
                    THEN {table}_step.outcome ELSE VALUES(outcome) END,
                outcome_kind = CASE WHEN {table}_step.first_token = VALUES(first_token)
                    THEN COALESCE({table}_step.outcome_kind, VALUES(outcome_kind)) ELSE VALUES(outcome_kind) END,
                first_token = VALUES(first_token)
            """,
            // In this order, or rows would be locked, and waited for, before it is known which are not.
            """
            UPDATE (SELECT record_key FROM {table} WHERE retained_until IS NULL AND record_key IN ({keys})
                    AND (record_key, claim_id, fencing_token) IN ({claims})
                FOR UPDATE SKIP LOCKED) AS held
            STRAIGHT_JOIN {table} AS renewed ON renewed.record_key = held.record_key
            SET renewed.lease_ends_at = {now} + :lease
            """,
            "MariaDB",
            "MySQL"),

    /** The embedded one. */
    H2(
            "h2",
            "CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP(6)) * 1000000 AS BIGINT)",
            Dialect.READ_ONLY_CLAIM,
            Dialect.READ_ONLY_CLAIM,
            "",
            """
            DELETE FROM {table} WHERE record_key IN (
                SELECT record_key FROM {table} WHERE retained_until BETWEEN :from AND :due
                ORDER BY retained_until LIMIT :atMost FOR UPDATE SKIP LOCKED)
            """,
            """
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
            """,
            // An update would look for the rows anew for each row.
            """
            MERGE INTO {table} AS renewed
            USING (SELECT record_key FROM {table} WHERE retained_until IS NULL AND record_key IN ({keys})
                    AND (record_key, claim_id, fencing_token) IN ({claims}) FOR UPDATE SKIP LOCKED) AS held
            ON renewed.record_key = held.record_key
            WHEN MATCHED THEN UPDATE SET lease_ends_at = {now} + :lease
            """,
            "H2");

    /** Tells whether the key is free; it is then inserted by a second statement. */
    private static final String READ_ONLY_CLAIM = """
            SELECT {now} AS store_time, NULLIF(0, 0) AS claimed_token, present.*
            FROM (SELECT 1 AS one) AS one LEFT JOIN {table} AS present ON present.record_key = :key
            """;

    private static final Pattern LIMIT = Pattern.compile("LIMIT (:?\\w+)");

    private final String resource;
    private final String clock;
    private final String claim;
    private final String claimInTransaction;
    private final String withoutWaiting;
    private final String purge;
    private final String recordStep;
    private final String renew;
    private final List<String> productNames;

    Dialect(
            String resource,
            String clock,
            String claim,
            String claimInTransaction,
            String withoutWaiting,
            String purge,
            String recordStep,
            String renew,
            String... productNames) {
        this.resource = resource;
        this.clock = clock;
        this.claim = claim;
        this.claimInTransaction = claimInTransaction;
        this.withoutWaiting = withoutWaiting;
        this.purge = purge;
        this.recordStep = recordStep;
        this.renew = renew;
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

    String claim() {
        return claim;
    }

    /** Claims in a transaction that goes on; the row that it writes is the claim. */
    String claimInTransaction() {
        return withoutWaiting(claimInTransaction);
    }

    /** The statement that fails at once where it would have to wait for another transaction, if the database can. */
    String withoutWaiting(String statement) {
        return withoutWaiting + statement;
    }

    String purge() {
        return purge;
    }

    /** A statement in the words that the database takes: H2 knows no LIMIT where it pretends to be some others. */
    String worded(String statement) {
        return this == H2 ? LIMIT.matcher(statement).replaceAll("FETCH FIRST $1 ROWS ONLY") : statement;
    }

    /**
     * Records a step of a record that is held, and keeps the outcome that it may have. The record is locked before
     * anything is written, and its condition looked at once more when another transaction has had that lock.
     */
    String recordStep() {
        return recordStep;
    }

    /**
     * Renews the leases of claims that are held, but for those whose records another transaction locks, for which it
     * does not wait.
     *
     * @param claims how many
     */
    String renew(int claims) {
        return renew.replace("{keys}", String.join(", ", Collections.nCopies(claims, ":key")))
                .replace("{claims}", String.join(", ", Collections.nCopies(claims, "(:key, :claimId, :token)")));
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
