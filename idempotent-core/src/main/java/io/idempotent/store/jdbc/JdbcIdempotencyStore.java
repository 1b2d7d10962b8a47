package io.idempotent.store.jdbc;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordCounts;
import io.idempotent.store.RecordForm;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedRequest;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RecoverableRecords;
import io.idempotent.store.RenewalResult;
import io.idempotent.store.TimeLimit;
import io.idempotent.store.TransactionalIdempotencyStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiConsumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Keeps records in a table of a relational database, and their steps in another table of that name with {@code _step}
 * after it. Runs on PostgreSQL 12, MariaDB 10.6, MySQL 8 (not tested), H2 2, and later ones. It protects the callers of
 * all JVMs that use the database, and records outlive restarts.
 *
 * <p>Each request takes a connection of the {@link DataSource} and gives it back before it answers. No connection is
 * held while an operation runs, and none is that of the caller's transaction, unless the store is told to work in it.
 * Connections should be in auto-commit mode, which saves a request each, and in the isolation {@code READ COMMITTED};
 * others work.
 *
 * <p>The store keeps digests of at most 255 characters as fingerprints, or none, and encoded outcomes of any size that
 * the database takes. It refuses whatever is kept by reference with an {@link IllegalArgumentException}.
 *
 * <p><b>Time</b> is the database's current time in microseconds, in UTC. If its clock is set back, or a replica with
 * another clock takes over, leases and retentions are longer or shorter by as much; the fencing token of a key that has
 * a record grows all the same.
 *
 * <p><b>A key is claimed</b> by reading its row without a lock, and by then writing it, on the condition that it still
 * is as it was read. Where somebody else was faster, the claim begins again after a pause. Where the record goes on, or
 * the claim was there already, one more request reads its steps.
 *
 * <p><b>How a step is recorded:</b>
 *
 * <ol>
 *   <li>One statement locks the record's row, if the claim is still its last, and writes the step's row. If it had to
 *       wait for a take-over, it looks at the record again, and writes nothing.
 *   <li>A step bears the fencing token of the first claim of its record, which is kept while the record goes on. The
 *       steps of another life of the key do not count; they are written over, or removed when the record is purged.
 *   <li>A release that keeps the steps is a transaction of two statements: it releases the row, and then makes it free
 *       if it finds no step. In the isolation {@code REPEATABLE READ} of PostgreSQL a step that is recorded at that
 *       very moment may be lost.
 * </ol>
 *
 * <p><b>In a transaction of the caller's</b> ({@link #claimOn}), a key that another transaction holds is answered at
 * once: on PostgreSQL by an advisory lock on a number made of table and key, on MariaDB by a lock wait timeout of zero.
 * MySQL waits for the statement timeout, H2 for the {@code LOCK_TIMEOUT} of its connections. A transaction that reads a
 * snapshot, and so cannot see what others wrote, is told so.
 *
 * <p>A claim of a free key takes one statement on PostgreSQL, and two on MariaDB and MySQL, which have none that either
 * inserts a row or reads it. To insert first would save a first execution a round trip. It would cost each replay one,
 * and a shared lock on the completed record until the transaction ends.
 *
 * <p>A key that is released without steps, or forgotten, keeps its row, without outcome and without first token, until
 * it is purged a minute later at the earliest. Somebody who read the clock before, and writes after, meets that row, so
 * no token is less than the last one.
 *
 * <p><b>A request</b> that a claim brings is in a column of its own, which no statement reads but that which is asked
 * for the request.
 *
 * <p>Every write after the claim names the claim. A request that the database undid by itself, as the victim of a
 * deadlock for example, is made again after a pause. Whatever else fails is an {@link IdempotencyStoreException}.
 *
 * <p><b>Purging</b> happens at intervals, in a thread that {@link #close} ends, if the builder says so, and whenever
 * {@link #purge} is called; on any number of nodes. At intervals, each full batch is followed by a rest as long as it
 * took, and by the next one.
 *
 * <p>Safe for use by many threads.
 */
public final class JdbcIdempotencyStore
        implements TransactionalIdempotencyStore, RecordCounts, RecoverableRecords, AutoCloseable {

    /** The default name of the records' table: {@value}. */
    public static final String DEFAULT_TABLE_NAME = "idempotency_record";

    /** How long a statement may take by default: five seconds. */
    public static final Duration DEFAULT_STATEMENT_TIMEOUT = Duration.ofSeconds(5);

    /** How many records one transaction of a scheduled purge removes at most by default: {@value}. */
    public static final int DEFAULT_PURGE_BATCH_SIZE = 100;

    // A transaction that reads what others commit sees a row that was in its way when it looks again.
    private static final int MAXIMUM_TRIES_IN_TRANSACTION = 3;

    // A sum with the present still fits.
    private static final RecordForm FORM = new RecordForm("JDBC store", Duration.ofDays(365L * 10_000));

    private final DataSource dataSource;
    private final DataSource transactions;
    private final Requests requests;
    private final Claiming claiming;
    private final Records records;
    private final Renewals renewals;
    private final Purge purge;
    private final @Nullable PurgeSchedule purgeSchedule;
    private final StrayClaims strays;

    private JdbcIdempotencyStore(Builder builder, Dialect dialect, DataSource transactions, Place home) {
        this.dataSource = builder.dataSource;
        this.transactions = transactions;
        String clock = builder.clock != null ? builder.clock : dialect.clock();
        int timeoutSeconds = (int) builder.statementTimeout.toSeconds();
        Statements statements = new Statements(dialect, builder.tableName, clock, timeoutSeconds);
        this.requests = new Requests(dataSource, FORM);
        this.strays = new StrayClaims(home.url(), builder.errorHandler);
        this.claiming = new Claiming(statements, FORM, builder.tableName);
        this.records = new Records(statements, FORM);
        // An interrupt would break an embedded database.
        this.renewals =
                new Renewals(requests, statements, FORM, strays, new TimeLimit("idempotent-jdbc-renewal", false));
        this.purge = new Purge(requests, statements);
        this.purgeSchedule = builder.purgeInterval == null
                ? null
                : new PurgeSchedule(this::purge, builder.purgeInterval, builder.purgeBatchSize, builder.errorHandler);
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
        Claiming.Answer answer = requests.write("claim", request.key(), connection -> {
            Claiming.Answer made = Requests.elseAgain(claiming.claim(connection, request, true));
            if (made.result() instanceof ClaimResult.Claimed) {
                strays.claimed(connection, request.claimId());
            }
            return made;
        });
        return answer.result() instanceof ClaimResult.Claimed claimed && answer.mayHaveSteps()
                ? withSteps(claimed)
                : answer.result();
    }

    @Override
    public ClaimResult.@Nullable Claimed takeOver(
            IdempotencyKey key, long expectedToken, UUID claimId, Duration lease) {
        ClaimRequest request = new ClaimRequest(key, claimId, Fingerprint.none(), lease, true);
        Optional<ClaimResult.Claimed> taken = requests.write("take over", key, connection -> {
            Row row = records.read(connection, key);
            if (row == null || !row.isInProgress()) {
                return Optional.empty();
            }
            if (!row.isOver()) {
                return row.claimId().equals(claimId) ? Optional.of(row.claimed(key)) : Optional.empty();
            }
            return row.fencingToken() == expectedToken
                    ? Optional.of(Requests.elseAgain(claiming.replace(connection, request, null, row, true)))
                    : Optional.empty();
        });
        return taken.map(this::withSteps).orElse(null);
    }

    /**
     * Reads the steps of a claim by a request of its own: a snapshot might miss a step that the last owner recorded
     * while the claim waited for its lock. From the claim on, only its owner records any.
     */
    private ClaimResult.Claimed withSteps(ClaimResult.Claimed claimed) {
        return with(findSteps(claimed.claim().key()), claimed);
    }

    private static ClaimResult.Claimed with(List<RecordedStep> steps, ClaimResult.Claimed claimed) {
        return new ClaimResult.Claimed(claimed.claim(), claimed.firstClaimedAt(), claimed.takeovers(), steps);
    }

    @Override
    public @Nullable ClaimResult claimOn(Connection connection, ClaimRequest request) {
        Optional<ClaimResult> answer = requests.inTransaction("claim", request.key(), connection, same -> {
            try {
                for (int tries = 1; tries <= MAXIMUM_TRIES_IN_TRANSACTION; tries++) {
                    Claiming.Answer made = claiming.claim(same, request, false);
                    if (made != null) {
                        return Optional.of(
                                made.result() instanceof ClaimResult.Claimed claimed && made.mayHaveSteps()
                                        ? with(records.findSteps(same, request.key()), claimed)
                                        : made.result());
                    }
                }
            } catch (SQLException failure) {
                if (SqlFailure.isLocked(failure)) {
                    return Optional.empty();
                }
                throw failure;
            }
            throw SqlFailure.unseen();
        });
        return answer.orElse(null);
    }

    @Override
    public RenewalResult renew(Collection<Claim> claims, Duration lease) {
        return renewals.renew(claims, lease);
    }

    @Override
    public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
        return end("complete", claim, connection -> records.complete(connection, claim, outcome, retention));
    }

    @Override
    public boolean completeOn(Connection connection, Claim claim, RecordedOutcome outcome, Duration retention) {
        return requests.inTransaction(
                "complete", claim.key(), connection, same -> records.complete(same, claim, outcome, retention));
    }

    @Override
    public boolean release(Claim claim) {
        return end("release", claim, connection -> records.release(connection, claim, null));
    }

    @Override
    public boolean release(Claim claim, Duration stepRetention) {
        RecordForm.requirePositive("retention of steps", stepRetention);
        return end("release", claim, connection -> records.release(connection, claim, stepRetention));
    }

    @Override
    public boolean releaseOn(Connection connection, Claim claim) {
        return requests.inTransaction(
                "release", claim.key(), connection, same -> records.change(same, Statements.Name.RELEASE, claim));
    }

    @Override
    public boolean abandon(Claim claim) {
        return end("abandon", claim, connection -> records.change(connection, Statements.Name.ABANDON, claim));
    }

    private boolean end(String request, Claim claim, Requests.Work<Boolean> work) {
        boolean ended = requests.write(request, claim.key(), work);
        if (ended) {
            strays.ended(claim);
        }
        return ended;
    }

    @Override
    public boolean recordStep(Claim claim, RecordedStep step) {
        return requests.write(
                "record a step of", claim.key(), connection -> records.recordStep(connection, claim, step));
    }

    @Override
    public List<RecordedStep> findSteps(IdempotencyKey key) {
        return requests.read("find the steps of", key, connection -> records.findSteps(connection, key));
    }

    @Override
    public @Nullable IdempotencyRecord find(IdempotencyKey key) {
        Optional<Row> row =
                requests.read("find", key, connection -> Optional.ofNullable(records.read(connection, key)));
        return row.filter(found -> !found.isFree())
                .map(found -> found.record(key))
                .orElse(null);
    }

    /**
     * {@inheritDoc} They are in the order of the bytes of their keys' texts. An index finds what is in progress, live
     * or abandoned; records that have ended are not looked at, however many there are.
     */
    @Override
    public List<IdempotencyRecord> list(RecordQuery query) {
        return requests.read("list records", null, connection -> records.list(connection, query));
    }

    /**
     * {@inheritDoc}
     *
     * <p>Reads the records in progress only, by an index.
     */
    @Override
    public RecordCounts.InProgress countInProgress() {
        return requests.read("count records", null, records::count);
    }

    /**
     * {@inheritDoc} They are in the order of the bytes of their keys' texts. Reads the records in progress only, by an
     * index, and no request.
     */
    @Override
    public List<IdempotencyRecord> listRecoverable(
            String operation, Duration abandonedFor, @Nullable IdempotencyKey after, int limit) {
        RecordQuery page = new RecordQuery(true, Duration.ZERO, operation, after, limit);
        RecordForm.requireNotNegative("time since the lease ended", abandonedFor);
        return requests.read(
                "list records", null, connection -> records.listRecoverable(connection, page, abandonedFor));
    }

    @Override
    public @Nullable RecordedRequest findRequest(IdempotencyKey key, long fencingToken) {
        Optional<RecordedRequest> request = requests.read(
                "find the request of",
                key,
                connection -> Optional.ofNullable(records.findRequest(connection, key, fencingToken)));
        return request.orElse(null);
    }

    @Override
    public boolean forget(IdempotencyKey key, long expectedToken) {
        return requests.write("forget", key, connection -> records.forget(connection, key, expectedToken));
    }

    /**
     * Removes what is left of keys that have been free for a minute at least, those first that have been longest:
     * completed records whose retention is over, and what was released, with their steps. What somebody locks, another
     * node's purge for example, is left alone, and so is a record that has a locked step. A claim that meets a
     * record that is being removed waits for no more than this batch.
     *
     * @param atMost how many records at most, positive: a transaction of a hundred takes some milliseconds
     * @return how many were removed; fewer than asked for when no more were found. A call after one that removed as
     *     many as it may begins where that one did: what has turned up before is found by the next
     * @throws IllegalArgumentException if the number is not positive
     * @throws IdempotencyStoreException if it is not known whether any was removed
     */
    public int purge(int atMost) {
        RecordForm.requirePositive("number of records to purge", atMost);
        return purge.purge(atMost);
    }

    /** Ends purging at intervals, if there is any. The data source stays open, and so does the store. */
    @Override
    public void close() {
        if (purgeSchedule != null) {
            purgeSchedule.close();
        }
    }

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
         * Sets the data source whose transactions are joined, which leaves the store's own requests connections of
         * their own. Defaults to the store's own data source. It counts only if it leads to the same database, by its
         * URL without parameters, as the same user, with the same catalog and schema.
         *
         * @param transactions the callers' data source
         * @return this builder
         */
        public Builder transactionsOf(DataSource transactions) {
            this.transactions = Objects.requireNonNull(transactions, "transactions");
            return this;
        }

        /**
         * Sets the name of the records' table, to which that of the steps adds {@code _step}. Defaults to {@value
         * JdbcIdempotencyStore#DEFAULT_TABLE_NAME}.
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
         * Sets how long a statement may take, and so wait for a lock. Defaults to five seconds. Statements that renew
         * leases may take a quarter of the lease if that is less. Where the network is silent, only the driver's own
         * socket timeout helps.
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
         * Sets whether the tables are made when they are not there. Defaults to an embedded database only.
         *
         * @param initialization when it is made
         * @return this builder
         */
        public Builder schemaInitialization(SchemaInitialization initialization) {
            this.schemaInitialization = Objects.requireNonNull(initialization, "initialization");
            return this;
        }

        /**
         * Sets how often to purge. Defaults to never. After each full batch the purge rests as long as that took, and
         * goes on.
         *
         * @param interval from the end of one purge to the next, positive
         * @return this builder
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder purgeInterval(Duration interval) {
            RecordForm.requirePositive("purge interval", interval);
            this.purgeInterval = interval;
            return this;
        }

        /**
         * Sets how many records one transaction of a scheduled purge removes at most. Defaults to {@value
         * JdbcIdempotencyStore#DEFAULT_PURGE_BATCH_SIZE}.
         *
         * @param records the number, positive
         * @return this builder
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder purgeBatchSize(int records) {
            RecordForm.requirePositive("purge batch size", records);
            this.purgeBatchSize = records;
            return this;
        }

        /**
         * Sets who is told when a scheduled purge fails. Defaults to the purging thread's handler of uncaught
         * exceptions.
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
            try (Connection connection = connect()) {
                dialect = Dialect.of(connection.getMetaData());
                new Table(tableName, dialect).prepare(connection, schemaInitialization);
                own = Place.of(connection);
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
            own.requireSameOnAnotherThread(dataSource);
            return new JdbcIdempotencyStore(this, dialect, own.joined(transactions, dataSource), own);
        }

        private Connection connect() {
            try {
                return dataSource.getConnection();
            } catch (SQLException | RuntimeException failure) {
                throw new IdempotencyConfigurationException(
                        "The JDBC idempotency store gets no connection to its database: " + failure.getMessage(),
                        "Start the database, or correct the URL, the user or the password of its DataSource; or keep"
                                + " the records elsewhere, by idempotent.store or idempotent.jdbc.data-source",
                        failure);
            }
        }
    }
}
