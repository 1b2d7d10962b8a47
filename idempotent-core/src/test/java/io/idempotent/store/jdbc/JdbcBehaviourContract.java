package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.server.Database;
import io.idempotent.server.TcpProxy;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedRequest;
import io.idempotent.store.RecordedStep;
import io.idempotent.transaction.JdbcTransactions;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How the JDBC store talks to a database's server, and what it makes of that server's failures. */
abstract class JdbcBehaviourContract {

    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration RETENTION = Duration.ofHours(1);
    private static final RecordedOutcome RECEIPT =
            new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, "receipt".getBytes(StandardCharsets.UTF_8));
    private static final Operation<String> PAY =
            Operation.builder("pay", String.class).lease(LEASE).build();

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicInteger keys = new AtomicInteger();

    private Database database;
    private TcpProxy proxy;
    private HikariDataSource pool;
    private JdbcIdempotencyStore store;

    /** An empty database. */
    abstract Database newDatabase();

    /** How many statements claim a free key. */
    abstract int statementsOfClaim();

    /** How many requests begin and end a transaction. */
    abstract int roundTripsOfTransaction();

    /** The database's dialect. */
    abstract Dialect dialect();

    @BeforeEach
    void open() throws SQLException {
        database = newDatabase();
        proxy = new TcpProxy(database.host(), database.port());
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(database.through(proxy).url());
        config.setMaximumPoolSize(4);
        // Else the pool opens another one when it looks after itself while the only one is in use, and requests are
        // counted.
        config.setMinimumIdle(0);
        config.setConnectionTimeout(3_000);
        // Asked before each use only if it was idle for longer, which would be one more request to count.
        System.setProperty("com.zaxxer.hikari.aliveBypassWindowMs", "600000");
        pool = new HikariDataSource(config);
        execute("CREATE TABLE elapsed (microseconds BIGINT NOT NULL)");
        execute("INSERT INTO elapsed VALUES (0)");
        store = JdbcIdempotencyStore.builder(pool)
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .statementTimeout(Duration.ofSeconds(1))
                .clock("(" + dialect().clock() + " + (SELECT microseconds FROM elapsed))")
                .build();
    }

    @AfterEach
    void close() {
        threads.shutdownNow();
        pool.close();
        proxy.close();
    }

    private IdempotencyKey newKey() {
        return IdempotencyKey.of("pay", "key-" + keys.incrementAndGet());
    }

    private static ClaimRequest request(IdempotencyKey key) {
        return new ClaimRequest(key, UUID.randomUUID(), Fingerprint.ofDigest("1:payment"), LEASE, true);
    }

    private Claim claimed(IdempotencyKey key) {
        return ((ClaimResult.Claimed) store.claim(request(key))).claim();
    }

    private Claim completed(IdempotencyKey key, Duration retention) {
        Claim claim = claimed(key);
        assertThat(store.complete(claim, RECEIPT, retention)).isTrue();
        return claim;
    }

    private void elapse(Duration time) throws SQLException {
        execute("UPDATE elapsed SET microseconds = microseconds + " + time.toNanos() / 1_000);
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private long count() throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT COUNT(*) FROM idempotency_record")) {
            result.next();
            return result.getLong(1);
        }
    }

    private interface Request {
        void make();
    }

    private long roundTrips(Request request) {
        long before = proxy.traffic().requests();
        request.make();
        return proxy.traffic().requests() - before;
    }

    // round trips

    @Test
    void aClaimTakesAsFewRoundTripsAsCanBeAndEveryOtherRequestOne() {
        // A driver looks at types and plans at first, and prepares a statement at the server after some times.
        for (int turn = 0; turn < 10; turn++) {
            IdempotencyKey key = newKey();
            Claim claim = completed(key, RETENTION);
            store.renew(List.of(claim), LEASE);
            store.abandon(claim);
            store.release(claimed(newKey()));
            store.find(key);
            store.claim(request(key));
        }
        IdempotencyKey key = newKey();
        Claim[] claims = new Claim[3];
        assertThat(roundTrips(() -> claims[0] = claimed(key))).as("claim").isEqualTo(statementsOfClaim());
        assertThat(roundTrips(() -> store.claim(request(key)))).as("refusal").isEqualTo(1);
        assertThat(roundTrips(() -> store.renew(List.of(claims[0]), LEASE)))
                .as("renewal")
                .isEqualTo(1);
        assertThat(roundTrips(() -> store.complete(claims[0], RECEIPT, RETENTION)))
                .as("completion")
                .isEqualTo(1);
        assertThat(roundTrips(() -> store.claim(request(key)))).as("replay").isEqualTo(1);
        assertThat(roundTrips(() -> store.find(key))).as("find").isEqualTo(1);
        assertThat(roundTrips(() -> store.forget(key, claims[0].fencingToken())))
                .as("forget")
                .isEqualTo(1);
        claims[1] = claimed(newKey());
        claims[2] = claimed(newKey());
        assertThat(roundTrips(() -> store.abandon(claims[1]))).as("abandon").isEqualTo(1);
        assertThat(roundTrips(() -> store.release(claims[2]))).as("release").isEqualTo(1);
    }

    @Test
    void aStepTakesOneRoundTripAndSoDoListsAndWhoGoesOnTakesOneMoreForTheSteps() {
        RecordedStep step = new RecordedStep("charge", RECEIPT);
        for (int turn = 0; turn < 10; turn++) {
            Claim claim = claimed(newKey());
            store.recordStep(claim, step);
            store.list(RecordQuery.abandoned().ofOperation("pay"));
            store.release(claim, RETENTION);
            Claim next = claimed(claim.key());
            store.abandon(next);
            store.takeOver(claim.key(), next.fencingToken(), UUID.randomUUID(), LEASE);
        }
        Claim claim = claimed(newKey());
        assertThat(roundTrips(() -> store.recordStep(claim, step))).as("step").isEqualTo(1);
        assertThat(roundTrips(() -> store.findSteps(claim.key()))).as("steps").isEqualTo(1);
        assertThat(roundTrips(() -> store.list(RecordQuery.inProgress(Duration.ZERO))))
                .as("list")
                .isEqualTo(1);
        assertThat(roundTrips(() -> store.release(claim, RETENTION)))
                .as("release with steps, in a transaction")
                .isEqualTo(2 + roundTripsOfTransaction());
        assertThat(roundTrips(() -> claimed(claim.key())))
                .as("claim that goes on: row, claim, steps")
                .isEqualTo(3);
        Claim next = claimed(newKey());
        store.abandon(next);
        assertThat(roundTrips(() -> store.takeOver(next.key(), next.fencingToken(), UUID.randomUUID(), LEASE)))
                .as("take-over: row, claim, steps")
                .isEqualTo(3);
    }

    @Test
    void aRequestThatIsKeptTakesNoRoundTripMore() {
        for (int turn = 0; turn < 10; turn++) {
            Claim claim = claimedWithRequest(newKey());
            store.findRequest(claim.key(), claim.fencingToken());
            store.listRecoverable("pay", Duration.ZERO, null, 100);
            store.complete(claim, RECEIPT, RETENTION);
            store.claim(request(claim.key()));
            store.claim(requested(claim.key()));
        }
        Claim[] claim = new Claim[1];
        IdempotencyKey key = newKey();
        assertThat(roundTrips(() -> claim[0] = claimedWithRequest(key)))
                .as("claim")
                .isEqualTo(statementsOfClaim());
        assertThat(roundTrips(() -> store.findRequest(key, claim[0].fencingToken())))
                .as("request")
                .isEqualTo(1);
        assertThat(roundTrips(() -> store.listRecoverable("pay", Duration.ZERO, null, 100)))
                .as("list")
                .isEqualTo(1);
        assertThat(roundTrips(() -> store.complete(claim[0], RECEIPT, RETENTION)))
                .as("completion")
                .isEqualTo(1);
        assertThat(roundTrips(() -> store.claim(requested(key)))).as("replay").isEqualTo(1);
        assertThat(roundTrips(() -> claimed(newKey())))
                .as("claim without a request after one with it")
                .isEqualTo(statementsOfClaim());
    }

    private static ClaimRequest requested(IdempotencyKey key) {
        return new ClaimRequest(
                key,
                UUID.randomUUID(),
                Fingerprint.ofDigest("1:payment"),
                LEASE,
                true,
                null,
                new RecordedRequest("order".getBytes(StandardCharsets.UTF_8)));
    }

    private Claim claimedWithRequest(IdempotencyKey key) {
        return ((ClaimResult.Claimed) store.claim(requested(key))).claim();
    }

    @Test
    void anAtomicCallAddsItsClaimAndItsCompletionToTheRoundTripsOfItsTransaction() throws SQLException {
        execute("CREATE TABLE payment (receipt VARCHAR(64) NOT NULL)");
        JdbcTransactions transactions = new JdbcTransactions(store);
        try (IdempotencyEngine engine = engine()) {
            for (int turn = 0; turn < 10; turn++) {
                payInTransaction();
                payAtomically(engine, transactions, "warm-" + turn);
                payAtomically(engine, transactions, "warm-" + turn);
            }
            long own = roundTrips(this::payInTransaction);
            assertThat(roundTrips(() -> payAtomically(engine, transactions, "4711")) - own)
                    .as("first execution")
                    .isEqualTo(statementsOfClaim() + 1);
            assertThat(roundTrips(() -> payAtomically(engine, transactions, "4711")))
                    .as("replay: a transaction with one statement")
                    .isEqualTo(own);
        }
    }

    private IdempotencyEngine engine() {
        return IdempotencyEngine.builder(store)
                .codec(JacksonOutcomeCodec.create())
                .build();
    }

    private void payInTransaction() {
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            insertPayment(connection);
            connection.commit();
            connection.setAutoCommit(true);
        } catch (SQLException failure) {
            throw new AssertionError(failure);
        }
    }

    private static void payAtomically(IdempotencyEngine engine, JdbcTransactions transactions, String value) {
        try {
            assertThat(engine.executeAtomically(
                            PAY,
                            PAY.key(value),
                            Fingerprint.none(),
                            transactions,
                            execution -> insertPayment(transactions.connection())))
                    .isEqualTo("receipt");
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
    }

    private static String insertPayment(Connection connection) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO payment VALUES (?)")) {
            insert.setString(1, "receipt");
            insert.executeUpdate();
        }
        return "receipt";
    }

    @Test
    void noConnectionIsHeldWhileAnOperationRuns() throws Throwable {
        try (IdempotencyEngine engine = engine()) {
            engine.execute(PAY, "4711", Fingerprint.none(), () -> {
                assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
                return "receipt";
            });
        }
    }

    // locks

    @Test
    void aReplayAndARefusalWaitForNoLock() throws Exception {
        IdempotencyKey done = newKey();
        completed(done, RETENTION);
        IdempotencyKey running = newKey();
        claimed(running);
        locked(() -> {
            assertThat(store.claim(request(done))).isInstanceOf(ClaimResult.Completed.class);
            assertThat(store.claim(request(running))).isInstanceOf(ClaimResult.InProgress.class);
            assertThat(store.find(done)).isNotNull();
        });
    }

    @Test
    void aRowThatSomebodyLocksMakesRequestsEndInTimeAndNothingIsChanged() throws Exception {
        Claim claim = claimed(newKey());
        locked(() -> {
            assertThatExceptionOfType(IdempotencyStoreException.class)
                    .isThrownBy(() -> store.complete(claim, RECEIPT, RETENTION))
                    .withMessageContaining("took too long, or waited too long for a lock")
                    .satisfies(told -> assertThat(told.key()).isEqualTo(claim.key()));
        });
        assertThat(store.renew(List.of(claim), LEASE).renewed()).containsExactly(claim);
        assertThat(store.complete(claim, RECEIPT, RETENTION)).isTrue();
    }

    /** While somebody else's transaction locks all rows. */
    private void locked(Request request) throws SQLException {
        try (Connection other = database.dataSource().getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("SELECT record_key FROM idempotency_record FOR UPDATE");
            request.make();
            other.rollback();
        }
    }

    // purge

    @Test
    void whatIsPastItsRetentionIsPurgedInBatchesAndNothingElseIs() throws SQLException {
        for (int number = 0; number < 5; number++) {
            completed(newKey(), Duration.ofSeconds(1));
        }
        store.release(claimed(newKey()));
        completed(newKey(), RETENTION);
        claimed(newKey());
        assertThat(store.purge(100)).as("not yet").isZero();
        elapse(Duration.ofMinutes(2));
        assertThat(store.purge(4)).isEqualTo(4);
        assertThat(store.purge(4)).isEqualTo(2);
        assertThat(store.purge(4)).isZero();
        assertThat(count()).isEqualTo(2);
    }

    @Test
    void aPurgeGoesOnWhereTheLastBatchBeganAndBeginsAnewAfterTheLast() throws SQLException {
        for (int number = 0; number < 5; number++) {
            completed(newKey(), Duration.ofSeconds(1));
        }
        elapse(Duration.ofMinutes(2));
        assertThat(store.purge(2)).isEqualTo(2);
        execute("UPDATE idempotency_record SET retained_until = 1");
        assertThat(store.purge(2)).as("what turned up behind").isZero();
        assertThat(store.purge(2)).isEqualTo(2);
        assertThat(store.purge(2)).isEqualTo(1);
        assertThat(count()).isZero();
    }

    @Test
    void whatAnotherNodeIsPurgingIsLeftToIt() throws Exception {
        IdempotencyKey locked = newKey();
        completed(locked, Duration.ofSeconds(1));
        completed(newKey(), Duration.ofSeconds(1));
        elapse(Duration.ofMinutes(2));
        try (Connection other = database.dataSource().getConnection();
                PreparedStatement lock = other.prepareStatement(
                        "SELECT takeovers FROM idempotency_record WHERE record_key = ? FOR UPDATE")) {
            other.setAutoCommit(false);
            lock.setBytes(1, locked.toString().getBytes(StandardCharsets.UTF_8));
            lock.executeQuery().close();
            assertThat(store.purge(100)).isEqualTo(1);
            other.rollback();
        }
        assertThat(store.purge(100)).isEqualTo(1);
    }

    @Test
    void aSchedulePurgesByItselfUntilItIsClosed() throws SQLException {
        completed(newKey(), Duration.ofSeconds(1));
        elapse(Duration.ofMinutes(2));
        try (JdbcIdempotencyStore purging = JdbcIdempotencyStore.builder(pool)
                .clock("(" + dialect().clock() + " + (SELECT microseconds FROM elapsed))")
                .purgeInterval(Duration.ofMillis(10))
                .build()) {
            await().untilAsserted(() -> assertThat(count()).isZero());
            assertThat(purging.dataSource()).isSameAs(pool);
        }
    }

    // refusals

    private void refuseLargeOutcomes() throws SQLException {
        for (String table : List.of("idempotency_record", "idempotency_record_step")) {
            execute("ALTER TABLE " + table + " ADD CONSTRAINT small_" + table + " CHECK (outcome IS NULL"
                    + " OR outcome_kind = 'NOT_REPLAYABLE' OR OCTET_LENGTH(outcome) < 1000)");
        }
    }

    @Test
    void anOutcomeThatTheDatabaseDoesNotTakeIsRecordedAsNotReplayable() throws Throwable {
        refuseLargeOutcomes();
        isRecordedAsNotReplayable("secret".repeat(1_000));
    }

    /** Has an engine record it, on new connections. */
    void isRecordedAsNotReplayable(String outcome) throws Throwable {
        pool.getHikariPoolMXBean().softEvictConnections();
        try (IdempotencyEngine engine = engine()) {
            long begin = System.nanoTime();
            assertThat(engine.execute(PAY, "large", Fingerprint.none(), () -> outcome))
                    .isEqualTo(outcome);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(8));
            assertThat(store.find(PAY.key("large")).outcome())
                    .isInstanceOfSatisfying(
                            RecordedOutcome.NotReplayable.class,
                            notReplayable -> assertThat(notReplayable.reason())
                                    .contains("The store refused it", "SQLState")
                                    .doesNotContain("secret"));
            assertThatExceptionOfType(IdempotencyOutcomeException.class)
                    .isThrownBy(() -> engine.execute(PAY, "large", Fingerprint.none(), () -> "run again"));
        }
    }

    @Test
    void aStepsOutcomeThatTheDatabaseDoesNotTakeIsRecordedAsNotReplayable() throws Throwable {
        refuseLargeOutcomes();
        try (IdempotencyEngine engine = engine()) {
            String outcome = "secret".repeat(1_000);
            String answer = engine.execute(PAY, PAY.key("step"), Fingerprint.none(), execution -> {
                assertThat(execution.steps().run("charge", () -> outcome)).isEqualTo(outcome);
                assertThat(store.findSteps(execution.key()))
                        .singleElement()
                        .satisfies(
                                step -> assertThat(step.outcome()).isInstanceOf(RecordedOutcome.NotReplayable.class));
                return "receipt";
            });
            assertThat(answer).isEqualTo("receipt");
        }
    }

    @Test
    void anOutcomeThatTheDatabaseDoesNotTakeUndoesTheTransactionOfAnAtomicCall() throws SQLException {
        execute("CREATE TABLE payment (receipt VARCHAR(64) NOT NULL)");
        refuseLargeOutcomes();
        JdbcTransactions transactions = new JdbcTransactions(store);
        try (IdempotencyEngine engine = engine()) {
            assertThatExceptionOfType(IdempotencyStoreException.class)
                    .isThrownBy(() -> engine.executeAtomically(
                            PAY, PAY.key("large"), Fingerprint.none(), transactions, execution -> {
                                insertPayment(transactions.connection());
                                return "secret".repeat(1_000);
                            }))
                    .satisfies(failure -> assertThat(failure.isRefusal()).isTrue());
        }
        assertThat(store.find(PAY.key("large"))).isNull();
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                ResultSet payments = statement.executeQuery("SELECT COUNT(*) FROM payment")) {
            payments.next();
            assertThat(payments.getLong(1)).isZero();
        }
    }

    // failures

    @Test
    void failuresAreToldApartAsTheDatabaseTellsThem() throws Exception {
        execute("CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER)");
        execute("INSERT INTO account VALUES (1, 0)");
        execute("INSERT INTO account VALUES (2, 0)");
        assertThat(failure(connection -> update(connection, "INSERT INTO account VALUES (1, 0)", 5)))
                .as("a row that is there")
                .isEqualTo(SqlFailure.CONSTRAINT);
        assertThat(failure(connection -> update(connection, "SELECT nonsense", 5)))
                .as("nonsense")
                .isEqualTo(SqlFailure.OTHER);
        try (Connection other = database.dataSource().getConnection()) {
            other.setAutoCommit(false);
            update(other, "UPDATE account SET amount = 1 WHERE id = 1", 5);
            assertThat(failure(connection -> update(connection, "UPDATE account SET amount = 2 WHERE id = 1", 1)))
                    .as("a row that is locked")
                    .isEqualTo(SqlFailure.TIMEOUT);
        }
        assertThat(deadlock()).as("a circle").isEqualTo(SqlFailure.DEADLOCK);
        assertThat(failure(connection -> {
                    proxy.cut();
                    update(connection, "UPDATE account SET amount = 2 WHERE id = 1", 5);
                }))
                .as("a cut")
                .isEqualTo(SqlFailure.CONNECTION);
    }

    private interface Use {
        void of(Connection connection) throws SQLException;
    }

    private SqlFailure failure(Use use) throws SQLException {
        try (Connection connection = database.through(proxy).dataSource().getConnection()) {
            return SqlFailure.of(catchThrowableOfType(SQLException.class, () -> use.of(connection)));
        }
    }

    private static void update(Connection connection, String sql, int timeout) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setQueryTimeout(timeout);
            statement.execute();
        }
    }

    private SqlFailure deadlock() throws Exception {
        CountDownLatch bothHold = new CountDownLatch(2);
        List<CompletableFuture<SQLException>> both = new ArrayList<>();
        for (int first = 1; first <= 2; first++) {
            int own = first;
            CompletableFuture<SQLException> outcome = new CompletableFuture<>();
            both.add(outcome);
            threads.execute(() -> {
                try (Connection connection = database.dataSource().getConnection()) {
                    connection.setAutoCommit(false);
                    update(connection, "UPDATE account SET amount = 1 WHERE id = " + own, 20);
                    bothHold.countDown();
                    bothHold.await();
                    update(connection, "UPDATE account SET amount = 1 WHERE id = " + (3 - own), 20);
                    connection.rollback();
                } catch (SQLException failure) {
                    outcome.complete(failure);
                } catch (InterruptedException interruption) {
                    outcome.completeExceptionally(interruption);
                }
            });
        }
        Object victim = CompletableFuture.anyOf(both.get(0), both.get(1)).get(30, TimeUnit.SECONDS);
        return SqlFailure.of((SQLException) victim);
    }
}
