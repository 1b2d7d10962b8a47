package io.idempotent.store.jdbc;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.RedactedException;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RenewalResult;
import io.idempotent.store.TransactionalIdempotencyStore;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Keeps records in a table of a relational database, and their steps in another, named alike with {@code _step} after
 * it: PostgreSQL 12, MariaDB 10.6, MySQL 8 (not tested), H2 2, and later ones. It protects the callers of all JVMs that
 * use the database, and records outlive restarts.
 *
 * <p>Each request takes a connection of the {@link DataSource}, and gives it back before it answers; none is held while
 * an operation runs, and none is the caller's own transaction's, unless the store is told to work in that. Connections
 * should be in auto-commit mode, which saves a request each, and in the isolation {@code READ COMMITTED}; others work.
 *
 * <p>Fingerprints are none or digests of at most 255 characters; outcomes are encoded, of any size that the database
 * takes; anything by reference is an {@link IllegalArgumentException}.
 *
 * <p><b>Time</b> is the database's current time in microseconds, in UTC. If its clock is set back, or a replica with
 * another clock takes over, leases and retentions are longer or shorter by as much; the fencing token of a key that has
 * a record grows all the same.
 *
 * <p><b>How a key is claimed:</b>
 *
 * <ol>
 *   <li>One statement reads the key's row, without a lock. On PostgreSQL it inserts a free key's row as well; elsewhere
 *       a second statement does.
 *   <li>A row that is completed, or in progress and live, or that this request may not take over, is the answer.
 *   <li>Any other row is replaced, on the condition that its claim, lease and completion are still as they were read.
 *   <li>Where somebody else was faster, it begins again: nothing is concluded from a row that was not there, or is
 *       another by now.
 *   <li>Where the record goes on, or the claim was there already, its steps are read by one more request.
 * </ol>
 *
 * <p><b>How a step is recorded:</b>
 *
 * <ol>
 *   <li>One statement locks the record's row, if the claim is still its last, and writes the step's row. One that has
 *       to wait for a take-over looks at the record again, and writes nothing.
 *   <li>A step bears the fencing token of the first claim of its record, which is kept while the record goes on. The
 *       steps of another life of the key do not count; they are written over, or removed when the record is purged.
 *   <li>A release that keeps the steps is a transaction of two statements: the row is released first, and made free if
 *       no step is found then. In the isolation {@code REPEATABLE READ} of PostgreSQL a step that is recorded at that
 *       very moment may be lost.
 * </ol>
 *
 * <p>In a transaction of the caller's ({@link #claimOn}), a key that another transaction holds is answered at once: on
 * PostgreSQL by an advisory lock on a number made of table and key, on MariaDB by a lock wait timeout of zero. MySQL
 * waits for the statement timeout, H2 for the {@code LOCK_TIMEOUT} of its connections. Where the transaction cannot see
 * what others wrote, since it reads a snapshot, it is told so.
 *
 * <p>A key that is released without steps, or forgotten, keeps its row, without outcome and without first token, until
 * it is purged a minute later at the earliest: somebody who read the clock before, and writes after, meets it, so that
 * no token is less than the last one.
 *
 * <p>Every other write names key, claim id and fencing token, and that the row is in progress. What a database undid by
 * itself, the victim of a deadlock say, is requested again at once; whatever else fails is an
 * {@link IdempotencyStoreException}.
 *
 * <p><b>Purging</b> happens at intervals if the builder says so, in a thread that {@link #close} ends, or whenever
 * {@link #purge} is called; on any number of nodes. At intervals, each full batch is followed by a rest as long as it
 * took, and by the next one.
 *
 * <p>Safe for use by many threads.
 */
public final class JdbcIdempotencyStore implements TransactionalIdempotencyStore, AutoCloseable {

    /** The name of the table unless said otherwise: {@value}. */
    public static final String DEFAULT_TABLE_NAME = "idempotency_record";

    /** How long a statement may take unless said otherwise: five seconds. */
    public static final Duration DEFAULT_STATEMENT_TIMEOUT = Duration.ofSeconds(5);

    /** How many records one transaction of a scheduled purge removes at most unless said otherwise: {@value}. */
    public static final int DEFAULT_PURGE_BATCH_SIZE = 100;

    private static final int MAXIMUM_TRIES = 100;

    private static final int MOST_RENEWED_AT_ONCE = 256;

    // A transaction that reads what others commit sees a row that was in its way when it looks again.
    private static final int MAXIMUM_TRIES_IN_TRANSACTION = 3;

    // A claim id that no claimant makes: random ones are never all zeros.
    private static final byte[] NOBODY = new byte[16];

    private static final byte[] NOTHING = new byte[0];

    // No text in UTF-8 has such a byte.
    private static final byte[] AFTER_ALL_TEXTS = {(byte) 0xFF};

    // Between drawing a token and writing it no more than this may pass, so that a token that was drawn, written and
    // given
    // back meanwhile is still there to be compared.
    private static final long LONGEST_CLAIM = TimeUnit.SECONDS.toMicros(30);

    private static final long GRACE = 2 * LONGEST_CLAIM;

    // Longer ones end there; a sum with the present still fits.
    private static final long LONGEST_MICROSECONDS = TimeUnit.DAYS.toMicros(365L * 10_000);

    private final DataSource dataSource;
    private final DataSource transactions;
    private final String tableName;
    private final int timeoutSeconds;
    private final Dialect dialect;
    private final Claiming claiming;
    private final Claiming claimingInTransaction;
    /**
     * The statements that renew so many leases, and those that tell what became of the rest: for 1, 2, 4, 8 … claims.
     */
    private final List<Renewing> renewing;

    private final Sql complete;
    private final Sql release;
    private final Sql releaseWithSteps;
    private final Sql freeWithoutSteps;
    private final Sql recordStep;
    private final Sql findSteps;
    private final Sql list;
    private final Sql abandon;
    private final Sql find;
    private final Sql forget;
    private final Sql findDue;
    private final Sql findOldest;
    private final Sql purge;
    private final @Nullable PurgeSchedule purgeSchedule;
    private final ClaimedPlaces places;

    /**
     * Where the last purge began, if it left something. What is before is gone, or was locked; it is looked at after
     * the last.
     */
    private volatile long purgeFrom;

    private JdbcIdempotencyStore(Builder builder, Dialect dialect, DataSource transactions, String url) {
        this.dataSource = builder.dataSource;
        this.places = new ClaimedPlaces(url, builder.errorHandler);
        this.transactions = transactions;
        this.timeoutSeconds = (int) builder.statementTimeout.toSeconds();
        this.dialect = dialect;
        this.tableName = builder.tableName;
        String table = tableName;
        String clock = builder.clock != null ? builder.clock : dialect.clock();
        String condition =
                "record_key = :key AND claim_id = :claimId AND fencing_token = :token AND retained_until IS NULL";
        String held = " WHERE " + condition;
        String insert = """
                INSERT INTO {table} (record_key, claim_id, fencing_token, fingerprint, first_claimed_at, claimed_at,
                    lease_ends_at, takeovers, first_token)
                SELECT :key, :claimId, :now, :fingerprint, :now, :now, :leaseEnd, 0, :now
                FROM (SELECT 1 AS one) AS one WHERE {now} < :latest
                """;
        String replace = """
                UPDATE {table} SET claim_id = :claimId, fencing_token = :token, first_token = :firstToken,
                    fingerprint = :fingerprint, first_claimed_at = :firstClaimedAt, claimed_at = :now, lease_ends_at = :leaseEnd,
                    takeovers = :takeovers, outcome_kind = NULL, outcome = NULL, completed_at = NULL,
                    retained_until = NULL
                WHERE record_key = :key AND claim_id = :lastClaimId AND fencing_token = :lastToken
                    AND lease_ends_at = :lastLeaseEnd AND COALESCE(retained_until, 0) = :lastRetainedUntil
                """;
        this.claiming =
                new Claiming(sql(dialect.claim(), table, clock), sql(insert, table, clock), sql(replace, table, clock));
        this.claimingInTransaction = new Claiming(
                sql(dialect.claimInTransaction(), table, clock),
                sql(dialect.withoutWaiting(insert), table, clock),
                sql(dialect.withoutWaiting(replace), table, clock));
        List<Renewing> renewals = new ArrayList<>();
        for (int claims = 1; claims <= MOST_RENEWED_AT_ONCE; claims *= 2) {
            String keys = String.join(", ", Collections.nCopies(claims, ":key"));
            renewals.add(new Renewing(
                    claims,
                    new Sql(dialect.renew(claims).replace("{table}", table).replace("{now}", clock), false),
                    new Sql(
                            ("SELECT {now} AS store_time, record.* FROM {table} AS record WHERE record_key IN (" + keys
                                            + ")")
                                    .replace("{table}", table)
                                    .replace("{now}", clock),
                            false)));
        }
        this.renewing = List.copyOf(renewals);
        this.complete = sql(
                "UPDATE {table} SET outcome_kind = :kind, outcome = :outcome, completed_at = {now},"
                        + " retained_until = {now} + :retention" + held,
                table,
                clock);
        String free = "UPDATE {table} SET first_token = 0, outcome_kind = NULL, outcome = NULL, completed_at = NULL,"
                + " lease_ends_at = {now}, retained_until = {now}";
        this.release = sql(free + held, table, clock);
        this.releaseWithSteps = sql(
                "UPDATE {table} SET lease_ends_at = {now}, retained_until = {now} + :retention" + held, table, clock);
        this.freeWithoutSteps = sql(
                free + " WHERE record_key = :key AND claim_id = :claimId AND fencing_token = :token AND NOT EXISTS ("
                        + "SELECT 1 FROM {table}_step AS recorded WHERE recorded.record_key = {table}.record_key"
                        + " AND recorded.first_token = {table}.first_token)",
                table,
                clock);
        this.recordStep = sql(dialect.recordStep().replace("{held}", condition), table, clock);
        this.findSteps = sql("""
                SELECT recorded.step_name, recorded.outcome_kind, recorded.outcome
                FROM {table} AS record JOIN {table}_step AS recorded
                    ON recorded.record_key = record.record_key AND recorded.first_token = record.first_token
                WHERE record.record_key = :key AND record.outcome_kind IS NULL
                    AND (record.retained_until IS NULL OR record.retained_until > {now})
                """, table, clock);
        this.list = sql("""
                SELECT {now} AS store_time, record.* FROM {table} AS record
                WHERE retained_until IS NULL AND record_key > :after
                    AND (record_key >= :from AND record_key < :to OR record_key >= :scopedFrom AND record_key < :scopedTo)
                    AND (:live > 0 OR lease_ends_at <= {now}) AND claimed_at <= {now} - :claimedSince
                ORDER BY record_key LIMIT :limit
                """, table, clock);
        this.abandon = sql("UPDATE {table} SET lease_ends_at = LEAST(lease_ends_at, {now})" + held, table, clock);
        this.find = sql(
                "SELECT {now} AS store_time, record.* FROM {table} AS record WHERE record_key = :key", table, clock);
        this.forget = sql(
                free + ", claim_id = :nobody WHERE record_key = :key AND fencing_token = :token"
                        + " AND COALESCE(retained_until > {now}, lease_ends_at <= {now})",
                table,
                clock);
        this.findDue = sql("SELECT {now} - :grace", table, clock);
        this.findOldest = sql(
                "SELECT retained_until FROM {table} WHERE retained_until BETWEEN :from AND :due"
                        + " ORDER BY retained_until LIMIT 1 FOR UPDATE SKIP LOCKED",
                table,
                clock);
        this.purge = sql(dialect.purge(), table, clock);
        this.purgeSchedule = builder.purgeInterval == null
                ? null
                : new PurgeSchedule(this::purge, builder.purgeInterval, builder.purgeBatchSize, builder.errorHandler);
    }

    private Sql sql(String template, String table, String clock) {
        return new Sql(
                dialect.worded(template).replace("{table}", table).replace("{now}", clock),
                dialect.endsStatementsInTime());
    }

    /** Begins a store on a data source, which it does not close. */
    public static Builder builder(DataSource dataSource) {
        return new Builder(dataSource);
    }

    /** Where the connections of the store's own requests come from. */
    public DataSource ownDataSource() {
        return dataSource;
    }

    /** Whose transactions can be joined: those of the store's own data source, or of another on the same database. */
    @Override
    public DataSource dataSource() {
        return transactions;
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        String fingerprint = Row.text(request.fingerprint());
        Answer answer = request("claim", request.key(), connection -> {
            for (int tries = 1; tries <= MAXIMUM_TRIES; tries++) {
                Answer tried = tryToClaim(claiming, connection, request, fingerprint);
                if (tried != null) {
                    if (tried.result() instanceof ClaimResult.Claimed) {
                        places.claims(connection, request.claimId());
                    }
                    return tried;
                }
            }
            throw changedTooOften();
        });
        return answer.result() instanceof ClaimResult.Claimed claimed && answer.mayHaveSteps()
                ? withSteps(claimed)
                : answer.result();
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        requirePositive("lease", lease);
        ClaimRequest request = new ClaimRequest(key, claimId, Fingerprint.none(), lease, true);
        Optional<ClaimResult.Claimed> taken = request("take over", key, connection -> {
            for (int tries = 1; tries <= MAXIMUM_TRIES; tries++) {
                Row row = read(connection, key);
                if (row == null || !row.isInProgress()) {
                    return Optional.empty();
                }
                if (!row.isOver()) {
                    return row.claimId().equals(claimId) ? Optional.of(row.claimed(key)) : Optional.empty();
                }
                if (row.fencingToken() != expectedToken) {
                    return Optional.empty();
                }
                ClaimResult.Claimed claimed =
                        replace(claiming.replace(), connection, request, null, row, microseconds(lease));
                if (claimed != null) {
                    return Optional.of(claimed);
                }
            }
            throw changedTooOften();
        });
        return taken.map(this::withSteps).orElse(null);
    }

    /**
     * Reads the steps of a claim that was made, by a request of its own: a transaction that reads a snapshot might not
     * see a step that the last owner recorded while the claim waited for its lock. From the claim on nobody but its
     * owner records any.
     */
    private ClaimResult.Claimed withSteps(ClaimResult.Claimed claimed) {
        return with(findSteps(claimed.claim().key()), claimed);
    }

    private static ClaimResult.Claimed with(List<RecordedStep> steps, ClaimResult.Claimed claimed) {
        return new ClaimResult.Claimed(claimed.claim(), claimed.firstClaimedAt(), claimed.takeovers(), steps);
    }

    private static SQLException changedTooOften() {
        return new SQLException("others changed the row " + MAXIMUM_TRIES + " times in between");
    }

    @Override
    public @Nullable ClaimResult claimOn(Connection connection, ClaimRequest request) {
        String fingerprint = Row.text(request.fingerprint());
        try {
            for (int tries = 1; tries <= MAXIMUM_TRIES_IN_TRANSACTION; tries++) {
                Answer tried = tryToClaim(claimingInTransaction, connection, request, fingerprint);
                if (tried != null) {
                    return tried.result() instanceof ClaimResult.Claimed claimed && tried.mayHaveSteps()
                            ? with(findSteps(connection, request.key()), claimed)
                            : tried.result();
                }
            }
            throw new SQLException(
                    "the transaction does not see the row that is in its way: it was written after the transaction began",
                    SqlFailure.STATE_OF_SERIALIZATION);
        } catch (SQLException failure) {
            if (SqlFailure.isLocked(failure)) {
                return null;
            }
            throw failed("claim in a transaction", request.key(), SqlFailure.of(failure), failure);
        }
    }

    /** Claims the key or tells why not; null if the row was changed in between. */
    private @Nullable Answer tryToClaim(
            Claiming statements, Connection connection, ClaimRequest request, @Nullable String fingerprint)
            throws SQLException {
        IdempotencyKey key = request.key();
        long lease = microseconds(request.lease());
        long now;
        Row row;
        boolean inserts = statements.claim().names("claimId");
        boolean locks = statements.claim().names("lock");
        try (Sql.Call call = statements.claim().on(connection, timeoutSeconds)) {
            call.set("key", bytes(key));
            if (inserts) {
                call.set("claimId", Row.bytes(request.claimId()))
                        .set("fingerprint", fingerprint)
                        .set("lease", lease);
            }
            if (locks) {
                call.set("lock", lock(key));
            }
            ResultSet result = call.query();
            result.next();
            now = result.getLong("store_time");
            long claimed = result.getLong("claimed_token");
            if (!result.wasNull()) {
                return new Answer(
                        new ClaimResult.Claimed(new Claim(key, request.claimId(), claimed), Row.instant(now), 0),
                        false);
            }
            if (locks && !result.getBoolean("lock_taken") && !result.wasNull()) {
                throw SqlFailure.locked();
            }
            row = result.getBytes("record_key") == null ? null : Row.read(result, now);
        }
        if (row == null) {
            ClaimResult result =
                    inserts ? null : insert(statements.insert(), connection, request, fingerprint, now, lease);
            return result == null ? null : new Answer(result, false);
        }
        if (!row.mayBeClaimedBy(request)) {
            return new Answer(answer(row, request), true);
        }
        ClaimResult result = replace(statements.replace(), connection, request, fingerprint, row, lease);
        return result == null ? null : new Answer(result, !row.isFree());
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
            Sql insert, Connection connection, ClaimRequest request, @Nullable String fingerprint, long now, long lease)
            throws SQLException {
        try (Sql.Call call = insert.on(connection, timeoutSeconds)) {
            call.set("key", bytes(request.key()))
                    .set("claimId", Row.bytes(request.claimId()))
                    .set("fingerprint", fingerprint)
                    .set("now", now)
                    .set("leaseEnd", now + lease)
                    .set("latest", now + LONGEST_CLAIM);
            if (call.update() == 0) {
                return null;
            }
        } catch (SQLException failure) {
            if (SqlFailure.of(failure) == SqlFailure.CONSTRAINT) {
                return null;
            }
            throw failure;
        }
        return new ClaimResult.Claimed(new Claim(request.key(), request.claimId(), now), Row.instant(now), 0);
    }

    private ClaimResult.@Nullable Claimed replace(
            Sql replace, Connection connection, ClaimRequest request, @Nullable String fingerprint, Row row, long lease)
            throws SQLException {
        long token = Math.max(row.fencingToken() + 1, row.now());
        boolean goesOn = !row.isFree();
        long firstClaimedAt = goesOn ? row.firstClaimedAt() : row.now();
        int takeovers = row.isInProgress() ? row.takeovers() + 1 : 0;
        try (Sql.Call call = replace.on(connection, timeoutSeconds)) {
            int replaced = call.set("key", bytes(request.key()))
                    .set("claimId", Row.bytes(request.claimId()))
                    .set("token", token)
                    .set("firstToken", goesOn ? row.firstToken() : token)
                    // What the first request said stays, so that one that says nothing does not loosen it.
                    .set("fingerprint", goesOn ? Row.text(row.fingerprint()) : fingerprint)
                    .set("firstClaimedAt", firstClaimedAt)
                    .set("now", row.now())
                    .set("leaseEnd", row.now() + lease)
                    .set("takeovers", takeovers)
                    .set("lastClaimId", Row.bytes(row.claimId()))
                    .set("lastToken", row.fencingToken())
                    .set("lastLeaseEnd", row.leaseEndsAt())
                    .set("lastRetainedUntil", row.retainedUntil())
                    .update();
            return replaced == 0
                    ? null
                    : new ClaimResult.Claimed(
                            new Claim(request.key(), request.claimId(), token), Row.instant(firstClaimedAt), takeovers);
        }
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        requirePositive("lease", lease);
        List<Claim> all = List.copyOf(claims);
        // A quarter, since a statement may be late by a tenth of a second.
        long deadline = System.nanoTime()
                + Math.min(TimeUnit.SECONDS.toNanos(timeoutSeconds), TimeUnit.NANOSECONDS.convert(lease) / 4);
        Set<Claim> renewed = new HashSet<>();
        Set<Claim> undecided = new HashSet<>();
        Map<Claim, String> elsewhere = new HashMap<>();
        IdempotencyStoreException failure = null;
        for (int begin = 0; begin < all.size(); begin += MOST_RENEWED_AT_ONCE) {
            List<Claim> part = all.subList(begin, Math.min(all.size(), begin + MOST_RENEWED_AT_ONCE));
            try {
                RenewalResult result = request(
                        "renew " + all.size() + " leases",
                        null,
                        connection -> renew(connection, part, lease, deadline, elsewhere));
                renewed.addAll(result.renewed());
                undecided.addAll(result.undecided());
            } catch (IdempotencyStoreException failed) {
                // What other parts renewed is renewed all the same.
                failure = failed;
                undecided.addAll(part);
            }
        }
        if (renewed.isEmpty() && failure != null) {
            throw failure;
        }
        if (renewed.isEmpty() && !elsewhere.isEmpty()) {
            throw new IdempotencyStoreException(
                    elsewhere.values().iterator().next(),
                    null,
                    new SQLException("no such claim in this database"),
                    false);
        }
        // Not lost: nobody has asked where they were made.
        elsewhere.forEach(places::tellMissing);
        undecided.addAll(elsewhere.keySet());
        return new RenewalResult(renewed, undecided);
    }

    /** Renews by one statement, and reads what became of the others only if it did not renew all. */
    private RenewalResult renew(
            Connection connection, List<Claim> claims, Duration lease, long deadline, Map<Claim, String> elsewhere)
            throws SQLException {
        Renewing statements = renewing.stream()
                .filter(some -> some.claims() >= claims.size())
                .findFirst()
                .orElseThrow();
        List<byte[]> keys = repeated(statements, claims, claim -> bytes(claim.key()));
        long begin = System.nanoTime();
        try (Sql.Call call = statements.renew().on(connection, left(deadline))) {
            int count = call.setEach("key", keys)
                    .setEach("claimId", repeated(statements, claims, claim -> Row.bytes(claim.id())))
                    .setEach("token", repeated(statements, claims, Claim::fencingToken))
                    .set("lease", microseconds(lease))
                    .update();
            if (count == claims.size()) {
                return RenewalResult.of(Set.copyOf(claims));
            }
        }
        Map<Claim, Row> held = new HashMap<>();
        try (Sql.Call call = statements.read().on(connection, left(deadline))) {
            ResultSet result = call.setEach("key", keys).query();
            while (result.next()) {
                Row row = Row.read(result, result.getLong("store_time"));
                if (row.isInProgress()) {
                    held.put(row.claim(IdempotencyKey.parse(text(result.getBytes("record_key")))), row);
                }
            }
        }
        // What lasts as long as if it was renewed in between was.
        long lasts = microseconds(lease) - TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - begin);
        Set<Claim> renewed = new HashSet<>();
        Set<Claim> undecided = new HashSet<>();
        for (Claim claim : claims) {
            Row row = held.get(claim);
            if (row != null) {
                (row.leaseEndsAt() - row.now() >= lasts ? renewed : undecided).add(claim);
            } else {
                places.missing(connection, claim).ifPresent(message -> elsewhere.put(claim, message));
            }
        }
        return new RenewalResult(renewed, undecided);
    }

    /** What each claim has of something, and the last once more where a statement takes more of them. */
    private static <T> List<T> repeated(Renewing statements, List<Claim> claims, Function<Claim, T> part) {
        List<T> parts = new ArrayList<>(statements.claims());
        for (int index = 0; index < statements.claims(); index++) {
            parts.add(part.apply(claims.get(Math.min(index, claims.size() - 1))));
        }
        return parts;
    }

    /** How long there is until then, in nanoseconds. */
    private static long left(long deadline) throws SQLException {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            throw new SQLTimeoutException("no time is left for it");
        }
        return left;
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        return ended(
                claim, request("complete", claim.key(), connection -> complete(connection, claim, outcome, retention)));
    }

    @Override
    public boolean completeOn(Connection connection, Claim claim, RecordedOutcome outcome, Duration retention) {
        return inTransaction("complete", claim, () -> complete(connection, claim, outcome, retention));
    }

    private boolean complete(Connection connection, Claim claim, RecordedOutcome outcome, Duration retention)
            throws SQLException {
        requirePositive("retention", retention);
        try (Sql.Call call = set(complete.on(connection, timeoutSeconds), claim)) {
            int completed = call.set("kind", Row.kind(outcome))
                    .set("outcome", Row.content(outcome))
                    .set("retention", microseconds(retention))
                    .update();
            if (completed > 0) {
                return true;
            }
        }
        // Asked again because the first answer was lost?
        Row row = read(connection, claim.key());
        return row != null
                && row.outcome() != null
                && !row.isOver()
                && row.claim(claim.key()).equals(claim);
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        RecordedOutcome outcome = step.outcome();
        return request("record a step", claim.key(), connection -> {
            try (Sql.Call call = set(recordStep.on(connection, timeoutSeconds), claim)) {
                return call.set("step", bytes(step.name()))
                                .set("kind", outcome == null ? null : Row.kind(outcome))
                                .set("outcome", outcome == null ? NOTHING : Row.content(outcome))
                                .update()
                        > 0;
            }
        });
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        return readOnly("find the steps", key, connection -> findSteps(connection, key));
    }

    private List<RecordedStep> findSteps(Connection connection, IdempotencyKey key) throws SQLException {
        try (Sql.Call call = findSteps.on(connection, timeoutSeconds)) {
            ResultSet result = call.set("key", bytes(key)).query();
            List<RecordedStep> steps = new ArrayList<>();
            while (result.next()) {
                steps.add(Row.step(result));
            }
            return List.copyOf(steps);
        }
    }

    @Override
    public boolean release(Claim claim) {
        return release(claim, connection -> change(connection, release, claim));
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        requirePositive("retention of steps", stepRetention);
        return release(
                claim,
                connection -> inOneTransaction(connection, () -> releaseWithSteps(connection, claim, stepRetention)));
    }

    private boolean releaseWithSteps(Connection connection, Claim claim, Duration stepRetention) throws SQLException {
        try (Sql.Call call = set(releaseWithSteps.on(connection, timeoutSeconds), claim)) {
            if (call.set("retention", microseconds(stepRetention)).update() == 0) {
                return false;
            }
        }
        // Looked for only now that the row is ours: a statement that waits for one that records a step need not see the
        // step.
        change(connection, freeWithoutSteps, claim);
        return true;
    }

    private boolean release(Claim claim, Work<Boolean> work) {
        return ended(claim, request("release", claim.key(), connection -> {
            if (work.with(connection)) {
                return true;
            }
            // Asked again because the first answer was lost?
            Row row = read(connection, claim.key());
            return row != null && row.isReleased() && row.claim(claim.key()).equals(claim);
        }));
    }

    private boolean ended(Claim claim, boolean ended) {
        if (ended) {
            places.ended(claim);
        }
        return ended;
    }

    @Override
    public boolean releaseOn(Connection connection, Claim claim) {
        return inTransaction("release", claim, () -> change(connection, release, claim));
    }

    @Override
    public boolean abandon(Claim claim) {
        return ended(claim, request("abandon", claim.key(), connection -> change(connection, abandon, claim)));
    }

    private boolean change(Connection connection, Sql sql, Claim claim) throws SQLException {
        try (Sql.Call call = set(sql.on(connection, timeoutSeconds), claim)) {
            return call.update() > 0;
        }
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        Optional<IdempotencyRecord> found = readOnly("find", key, connection -> {
            Row row = read(connection, key);
            return row == null || row.isFree() ? Optional.empty() : Optional.of(row.record(key));
        });
        return found.orElse(null);
    }

    /**
     * {@inheritDoc} They are in the order of the bytes of their keys' texts. An index finds what is in progress, live
     * or abandoned; records that have ended are not looked at, however many there are.
     */
    @Override
    public List<IdempotencyRecord> list(RecordQuery query) {
        String operation = query.operation();
        return readOnly("list records", null, connection -> {
            try (Sql.Call call = list.on(connection, timeoutSeconds)) {
                call.set("after", query.after() == null ? NOTHING : bytes(query.after()))
                        .set("from", operation == null ? NOTHING : bytes(operation + ':'))
                        .set("to", operation == null ? AFTER_ALL_TEXTS : bytes(operation + (char) (':' + 1)))
                        .set("scopedFrom", bytes(operation + '@'))
                        .set("scopedTo", bytes(operation + (char) ('@' + 1)))
                        .set("live", query.abandonedOnly() ? 0 : 1)
                        .set(
                                "claimedSince",
                                Math.min(LONGEST_MICROSECONDS, TimeUnit.MICROSECONDS.convert(query.claimedSince())))
                        .set("limit", query.limit());
                ResultSet result = call.query();
                List<IdempotencyRecord> records = new ArrayList<>();
                while (result.next()) {
                    records.add(Row.read(result, result.getLong("store_time"))
                            .record(IdempotencyKey.parse(text(result.getBytes("record_key")))));
                }
                return List.copyOf(records);
            }
        });
    }

    private @Nullable Row read(Connection connection, IdempotencyKey key) throws SQLException {
        try (Sql.Call call = find.on(connection, timeoutSeconds)) {
            ResultSet result = call.set("key", bytes(key)).query();
            return result.next() ? Row.read(result, result.getLong("store_time")) : null;
        }
    }

    @Override
    public boolean forget(IdempotencyKey key, long expectedToken) {
        return request("forget", key, connection -> {
            try (Sql.Call call = forget.on(connection, timeoutSeconds)) {
                return call.set("key", bytes(key))
                                .set("token", expectedToken)
                                .set("nobody", NOBODY)
                                .update()
                        > 0;
            }
        });
    }

    /**
     * Removes what is left of keys that have been free for a minute at least, those first that have been longest:
     * completed records whose retention is over, and what was released, with their steps. What another node is just
     * removing is left to it, and a claim that meets one that is being removed waits for no more than this batch.
     *
     * @param atMost how many records at most, positive: a transaction of a hundred takes some milliseconds
     * @return how many were removed; fewer than asked for when no more were found. A call after one that removed as
     *     many as it may begins where that one did: what has turned up before is found by the next
     * @throws IllegalArgumentException if the number is not positive
     * @throws IdempotencyStoreException if it is not known whether any was removed
     */
    public int purge(int atMost) {
        if (atMost <= 0) {
            throw new IllegalArgumentException("The number of records to purge has to be positive, not " + atMost);
        }
        return request("purge", null, connection -> {
            // A number of its own: databases cannot look for what their clocks say anew for each row.
            long due;
            try (Sql.Call call = findDue.on(connection, timeoutSeconds)) {
                due = number(call.set("grace", GRACE), 0);
            }
            long oldest;
            try (Sql.Call call = findOldest.on(connection, timeoutSeconds)) {
                oldest = number(call.set("from", purgeFrom).set("due", due), Long.MAX_VALUE);
            }
            int removed = 0;
            if (oldest <= due) {
                try (Sql.Call call = purge.on(connection, timeoutSeconds)) {
                    removed = call.set("from", oldest)
                            .set("due", due)
                            .set("atMost", atMost)
                            .update();
                }
            }
            // Databases keep what was deleted in their indexes for a time: only the last batch's is read again.
            purgeFrom = removed < atMost ? 0 : oldest;
            return removed;
        });
    }

    private static long number(Sql.Call call, long otherwise) throws SQLException {
        try (ResultSet result = call.query()) {
            return result.next() ? result.getLong(1) : otherwise;
        }
    }

    /** Ends purging at intervals, if there is any. The data source stays open, and so does the store. */
    @Override
    public void close() {
        if (purgeSchedule != null) {
            purgeSchedule.close();
        }
    }

    /** What is done with a connection. */
    private interface Work<T> {
        T with(Connection connection) throws SQLException;
    }

    /** What is done on a connection whose transaction is somebody else's. */
    private interface Change {
        boolean make() throws SQLException;
    }

    private static boolean inTransaction(String what, Claim claim, Change change) {
        try {
            return change.make();
        } catch (SQLException failure) {
            throw failed(what + " in a transaction", claim.key(), SqlFailure.of(failure), failure);
        }
    }

    /** Does the work in a transaction of its own, again while the database says that it undid it. */
    private <T> T request(String what, @Nullable IdempotencyKey key, Work<T> work) {
        return request(what, key, true, work);
    }

    /** Like {@link #request}, for what changes nothing. */
    private <T> T readOnly(String what, @Nullable IdempotencyKey key, Work<T> work) {
        return request(what, key, false, work);
    }

    private <T> T request(String what, @Nullable IdempotencyKey key, boolean writes, Work<T> work) {
        for (int tries = 1; ; tries++) {
            boolean connected = false;
            try (Connection connection = dataSource.getConnection()) {
                connected = true;
                return committed(connection, work);
            } catch (SQLException failure) {
                SqlFailure kind = SqlFailure.of(failure);
                if (!kind.didNothing() || tries == MAXIMUM_TRIES) {
                    throw failed(what, key, kind, effect(connected, writes && kind.mayHaveTakenEffect()), failure);
                }
            } catch (IllegalArgumentException refused) {
                throw refused;
            } catch (RuntimeException failure) {
                throw failed(what, key, SqlFailure.OTHER, effect(connected, writes), failure);
            }
        }
    }

    private static String effect(boolean connected, boolean unknown) {
        if (!connected) {
            return "nothing was asked of the database. Is it up, and are there connections enough? Where callers in"
                    + " transactions hold them all, give the store connections of its own by idempotent.jdbc.data-source";
        }
        return unknown ? "whether it took effect is not known; see the cause" : "nothing was changed; see the cause";
    }

    private static <T> T committed(Connection connection, Work<T> work) throws SQLException {
        if (connection.getAutoCommit()) {
            return work.with(connection);
        }
        try {
            T answer = work.with(connection);
            connection.commit();
            return answer;
        } catch (SQLException | RuntimeException failure) {
            try {
                connection.rollback();
            } catch (SQLException another) {
                failure.addSuppressed(another);
            }
            throw failure;
        }
    }

    /** Makes a change of several statements, of which each sees what others committed before it began. */
    private static boolean inOneTransaction(Connection connection, Change change) throws SQLException {
        if (!connection.getAutoCommit()) {
            return change.make();
        }
        connection.setAutoCommit(false);
        try {
            return committed(connection, anew -> change.make());
        } finally {
            connection.setAutoCommit(true);
        }
    }

    private static IdempotencyStoreException failed(
            String what, @Nullable IdempotencyKey key, SqlFailure kind, SQLException cause) {
        return failed(what, key, kind, effect(true, kind.mayHaveTakenEffect()), cause);
    }

    private static IdempotencyStoreException failed(
            String what, @Nullable IdempotencyKey key, SqlFailure kind, String effect, Exception cause) {
        String of = key == null ? "" : " for idempotency key '" + key + "'";
        String state = cause instanceof SQLException failure
                ? " (SQLState " + failure.getSQLState() + ", code " + failure.getErrorCode() + ")"
                : "";
        if (kind.isRefusal()) {
            return IdempotencyStoreException.refusal(
                    "The JDBC store's request to " + what + of + " " + kind.says() + state
                            + "; nothing was changed; look at the limits and constraints of database and table",
                    key,
                    // Databases quote what they refuse.
                    RedactedException.of(cause));
        }
        return new IdempotencyStoreException(
                "The JDBC store's request to " + what + of + " " + kind.says() + state + "; " + effect,
                key,
                cause,
                kind.isTransient(cause));
    }

    private static Sql.Call set(Sql.Call call, Claim claim) throws SQLException {
        return call.set("key", bytes(claim.key()))
                .set("claimId", Row.bytes(claim.id()))
                .set("token", claim.fencingToken());
    }

    private static byte[] bytes(IdempotencyKey key) {
        return bytes(key.toString());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /**
     * The number that stands for a key where locks have numbers; one that two keys share makes one wait for the other.
     */
    private long lock(IdempotencyKey key) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(tableName.getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.wrap(digest.digest(bytes(key))).getLong();
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java platform has SHA-256", impossible);
        }
    }

    private static long microseconds(Duration duration) {
        // At least one: what is positive must not become nothing.
        return Math.max(1, Math.min(LONGEST_MICROSECONDS, TimeUnit.MICROSECONDS.convert(duration)));
    }

    private static void requirePositive(String name, Duration duration) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException("The " + name + " has to be positive, not " + duration);
        }
    }

    /**
     * The statements that claim.
     *
     * @param claim reads the key's row, and inserts a free key's where the database can do that at once
     * @param insert inserts a free key's row otherwise
     * @param replace replaces what is left of the key's last record
     */
    private record Claiming(Sql claim, Sql insert, Sql replace) {}

    /**
     * The statements that renew leases.
     *
     * @param claims how many at once
     * @param renew renews those that are held and that nobody locks
     * @param read reads the records, locked or not
     */
    private record Renewing(int claims, Sql renew, Sql read) {}

    /**
     * What came of trying to claim.
     *
     * @param result the result, without steps
     * @param mayHaveSteps whether there was a record, and so may be steps of it
     */
    private record Answer(ClaimResult result, boolean mayHaveSteps) {}

    /** The settings of a store. Each is checked at once. Not safe for use by many threads. */
    public static final class Builder {

        private static final int LONGEST_TABLE_NAME = 50;

        private final DataSource dataSource;
        private @Nullable DataSource transactions;
        private String tableName = DEFAULT_TABLE_NAME;
        private Duration statementTimeout = DEFAULT_STATEMENT_TIMEOUT;
        private SchemaInitialization schemaInitialization = SchemaInitialization.EMBEDDED;
        private @Nullable Duration purgeInterval;
        private int purgeBatchSize = DEFAULT_PURGE_BATCH_SIZE;
        private BiConsumer<String, Throwable> errorHandler = (message, failure) -> {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, new IllegalStateException(message, failure));
        };
        private @Nullable String clock;

        private Builder(DataSource dataSource) {
            this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
        }

        /**
         * The data source whose transactions are to be joined, so that the store's own requests can have connections of
         * their own; the store's own unless said. It counts only if it leads to the same database, by its URL without
         * parameters, as the same user, with the same catalog and schema.
         *
         * @param transactions the callers' data source
         * @return this builder
         */
        public Builder transactionsOf(DataSource transactions) {
            this.transactions = Objects.requireNonNull(transactions, "transactions");
            return this;
        }

        /**
         * The name of the records' table, which that of the steps adds {@code _step} to; {@value
         * JdbcIdempotencyStore#DEFAULT_TABLE_NAME} unless said.
         *
         * @param name letters, digits and underscores, with a schema and a dot before it where there is one
         * @return this builder
         * @throws IllegalArgumentException if it has other characters, or more than 50 without the
         *     schema: a database may cut off the names that are made of it
         */
        public Builder tableName(String name) {
            if (!name.matches("([A-Za-z_][A-Za-z0-9_]*\\.)?[A-Za-z_][A-Za-z0-9_]*")) {
                throw new IllegalArgumentException("'" + name + "' cannot be the table's name: use letters, digits and"
                        + " underscores, with a schema and a dot before it where there is one");
            }
            int length = name.length() - name.lastIndexOf('.') - 1;
            if (length > LONGEST_TABLE_NAME) {
                throw new IllegalArgumentException("'" + name + "' cannot be the table's name: it has " + length
                        + " characters, and may have " + LONGEST_TABLE_NAME);
            }
            this.tableName = name;
            return this;
        }

        /**
         * How long a statement may take, and so wait for a lock; five seconds unless said. Statements that renew leases
         * may take a quarter of the lease if that is less. It does not help where the network is silent: set the driver's
         * own socket timeout for that.
         *
         * @param timeout in whole seconds, 1 to 30
         * @return this builder
         * @throws IllegalArgumentException if it is less or more
         */
        public Builder statementTimeout(Duration timeout) {
            if (timeout.compareTo(Duration.ofSeconds(1)) < 0 || timeout.compareTo(Duration.ofSeconds(30)) > 0) {
                throw new IllegalArgumentException("The statement timeout has to be 1 s to 30 s, not " + timeout);
            }
            this.statementTimeout = timeout;
            return this;
        }

        /**
         * Whether the tables are made when they are not there; only in an embedded database unless said.
         *
         * @param initialization when it is made
         * @return this builder
         */
        public Builder schemaInitialization(SchemaInitialization initialization) {
            this.schemaInitialization = Objects.requireNonNull(initialization, "initialization");
            return this;
        }

        /**
         * How often to purge; never unless said. After each full batch the purge rests as long as that took, and goes
         * on.
         *
         * @param interval from the end of one purge to the next, positive
         * @return this builder
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder purgeInterval(Duration interval) {
            requirePositive("purge interval", interval);
            this.purgeInterval = interval;
            return this;
        }

        /**
         * How many records one transaction of a scheduled purge removes at most;
         * {@value JdbcIdempotencyStore#DEFAULT_PURGE_BATCH_SIZE} unless said.
         *
         * @param records the number, positive
         * @return this builder
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder purgeBatchSize(int records) {
            if (records <= 0) {
                throw new IllegalArgumentException("The purge batch size has to be positive, not " + records);
            }
            this.purgeBatchSize = records;
            return this;
        }

        /**
         * Who is told when a scheduled purge fails; the purging thread's handler of uncaught exceptions unless said.
         *
         * @param handler takes what happened, and the failure
         * @return this builder
         */
        public Builder errorHandler(BiConsumer<String, Throwable> handler) {
            this.errorHandler = Objects.requireNonNull(handler, "handler");
            return this;
        }

        /** For tests, which let time elapse: an expression for the time in microseconds since 1970. */
        Builder clock(String expression) {
            this.clock = expression;
            return this;
        }

        /**
         * Looks at the database, makes the tables where they are to be made, and checks them.
         *
         * @return the store
         * @throws IdempotencyConfigurationException if the database is none that is supported, cannot be reached or
         *     leads other threads elsewhere, or if a table is missing, lacks columns or an index, cannot be made or may
         *     not be written to
         */
        public JdbcIdempotencyStore build() {
            RoutingDataSources.refuse(dataSource);
            Dialect dialect;
            Place own;
            String url;
            try (Connection connection = connect()) {
                dialect = Dialect.of(connection.getMetaData());
                new Table(tableName, dialect).prepare(connection, schemaInitialization);
                own = Place.of(connection);
                url = ClaimedPlaces.url(connection);
            } catch (SQLException failure) {
                throw new IdempotencyConfigurationException(
                        "The tables " + tableName + " and " + tableName
                                + "_step of the JDBC idempotency store cannot be used: "
                                + failure.getMessage() + " (SQLState " + failure.getSQLState() + ", code "
                                + failure.getErrorCode() + ")",
                        "Check idempotent.jdbc.table-name, that its schema is there, and that the database's user may"
                                + " SELECT, INSERT, UPDATE and DELETE in both tables",
                        failure);
            }
            requireSameElsewhere(own);
            return new JdbcIdempotencyStore(this, dialect, joined(own), url);
        }

        private Connection connect() {
            try {
                return dataSource.getConnection();
            } catch (SQLException | RuntimeException failure) {
                throw new IdempotencyConfigurationException(
                        "The JDBC idempotency store gets no connection to its database: " + failure.getMessage(),
                        "Start the database, or correct the URL, the user or the password of its DataSource; or keep the"
                                + " records elsewhere, by idempotent.store or idempotent.jdbc.data-source",
                        failure);
            }
        }

        /** Leases are renewed, and records purged, by threads that know nothing of those that claim. */
        private void requireSameElsewhere(Place own) {
            AtomicReference<Object> found = new AtomicReference<>("no answer");
            Thread other = new Thread(
                    null,
                    () -> {
                        try (Connection connection = dataSource.getConnection()) {
                            found.set(Place.of(connection));
                        } catch (SQLException | RuntimeException | Error failure) {
                            found.set(failure);
                        }
                    },
                    "idempotent-other-thread",
                    0,
                    false);
            other.setDaemon(true);
            other.setContextClassLoader(Thread.currentThread().getContextClassLoader());
            other.start();
            try {
                other.join();
            } catch (InterruptedException interruption) {
                // Whoever stops the start does not wait for this.
                Thread.currentThread().interrupt();
                return;
            }
            Object answer = found.get();
            if (!own.equals(answer)) {
                throw new IdempotencyConfigurationException(
                        "The JDBC idempotency store is on a DataSource that leads another thread elsewhere, or nowhere ("
                                + (answer instanceof Throwable failure
                                        ? failure.toString()
                                        : "to another database, user, catalog or schema")
                                + "): leases would not be renewed, and a method would run twice",
                        RoutingDataSources.ACTION,
                        answer instanceof Throwable failure ? failure : null);
            }
        }

        private DataSource joined(Place own) {
            // Transactions that are now in one database and now in another are not those of the records.
            if (transactions == null || RoutingDataSources.find(transactions) != null) {
                return dataSource;
            }
            try (Connection other = transactions.getConnection()) {
                return Place.of(other).equals(own) ? transactions : dataSource;
            } catch (SQLException failure) {
                throw new IdempotencyConfigurationException(
                        "The DataSource whose transactions the JDBC idempotency store is to take part in gives no"
                                + " connection: " + failure.getMessage(),
                        "Start its database, or correct its URL, user or password",
                        failure);
            }
        }

        /** Where tables are that are named without a schema. */
        private record Place(
                String url,
                @Nullable String user,
                @Nullable String catalog,
                @Nullable String schema) {

            static Place of(Connection connection) throws SQLException {
                return new Place(
                        connection.getMetaData().getURL().replaceFirst("[?;].*", ""),
                        connection.getMetaData().getUserName(),
                        connection.getCatalog(),
                        connection.getSchema());
            }
        }
    }
}
