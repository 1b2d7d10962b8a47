package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedRequest;
import io.idempotent.store.RecordedStep;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps, releases and lists of the JDBC store where a database's locks, snapshots and plans decide. */
abstract class JdbcStepContract {

    /** How many completed records are passed over; a million shows more. */
    private static final int SWEPT = Integer.getInteger("sweep.records", 20_000);

    private static final String TABLE = "stepping";
    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration RETENTION = Duration.ofHours(1);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final IdempotencyKey key =
            IdempotencyKey.of("place", UUID.randomUUID().toString());
    private final DataSource pool;
    private final String waiting;

    private JdbcIdempotencyStore store;

    /**
     * Makes it for a database.
     *
     * @param database the database
     * @param waiting SQL that counts who waits for a lock
     */
    JdbcStepContract(TestDatabase database, String waiting) {
        this.pool = database.pool();
        this.waiting = waiting;
    }

    /** Whether the rows are found by the index of what has ended, as the database explains it. */
    abstract boolean finds(String plan);

    /** Whether no row is read whose retention is not over, as the database explains it. */
    abstract boolean findsDue(String plan);

    @BeforeEach
    void open() throws SQLException {
        store = store(pool);
        execute("DELETE FROM " + TABLE);
    }

    @AfterEach
    void close() {
        threads.shutdownNow();
    }

    private static JdbcIdempotencyStore store(DataSource dataSource) {
        return JdbcIdempotencyStore.builder(dataSource)
                .tableName(TABLE)
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build();
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private long number(String sql) throws SQLException {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return result.getLong(1);
        }
    }

    private long steps() throws SQLException {
        return number("SELECT COUNT(*) FROM " + TABLE + "_step");
    }

    private ClaimRequest request(String fingerprint) {
        return new ClaimRequest(key, UUID.randomUUID(), Fingerprint.ofDigest(fingerprint), LEASE, true);
    }

    private ClaimResult.Claimed claimed(IdempotencyStore by) {
        return (ClaimResult.Claimed) by.claim(request("1:order"));
    }

    private static RecordedStep step(String outcome) {
        return new RecordedStep(
                "charge",
                new RecordedOutcome.Encoded(
                        RecordedOutcome.Encoded.Kind.VALUE, outcome.getBytes(StandardCharsets.UTF_8)));
    }

    private <T> Future<T> begin(Callable<T> request) {
        return threads.submit(request);
    }

    private static <T> T answer(Future<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }

    private void awaitSomebodyWaiting() {
        await().until(() -> number(waiting) > 0);
    }

    private interface Change {
        @Nullable
        Object of(String method, Callable<@Nullable Object> call) throws Exception;
    }

    /** The database's connections, in transactions that are to be committed. */
    private DataSource changed(int isolation, Change change) {
        return (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    Connection connection = pool.getConnection();
                    connection.setTransactionIsolation(isolation);
                    connection.setAutoCommit(false);
                    return Proxy.newProxyInstance(
                            getClass().getClassLoader(),
                            new Class<?>[] {Connection.class},
                            (nothing, asked, given) -> change.of(asked.getName(), () -> {
                                try {
                                    return asked.invoke(connection, given);
                                } catch (InvocationTargetException thrown) {
                                    throw (Exception) thrown.getCause();
                                }
                            }));
                });
    }

    /** Records a step, and does not commit it before it is told to. */
    private final class SlowStep {

        private final CountDownLatch recorded = new CountDownLatch(1);
        private final CountDownLatch mayCommit = new CountDownLatch(1);
        private final CompletableFuture<Boolean> answer = new CompletableFuture<>();

        SlowStep(Claim claim) throws InterruptedException {
            JdbcIdempotencyStore slow = store(changed(Connection.TRANSACTION_READ_COMMITTED, (method, call) -> {
                if (method.equals("commit")) {
                    recorded.countDown();
                    mayCommit.await();
                }
                return call.call();
            }));
            threads.execute(() -> answer.complete(slow.recordStep(claim, step("charged"))));
            assertThat(recorded.await(30, TimeUnit.SECONDS)).isTrue();
        }

        void commit() throws Exception {
            mayCommit.countDown();
            assertThat(answer(answer)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Connection.TRANSACTION_READ_COMMITTED, Connection.TRANSACTION_REPEATABLE_READ})
    void aStepThatWaitsForATakeOverIsRefusedAndLeavesNothing(int isolation) throws Exception {
        JdbcIdempotencyStore lateStore = store(changed(isolation, (method, call) -> call.call()));
        Claim claim = claimed(store).claim();
        store.abandon(claim);
        try (Connection other = pool.getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("UPDATE " + TABLE + " SET fencing_token = fencing_token + 1, takeovers = 1");
            Future<Boolean> late = begin(() -> lateStore.recordStep(claim, step("charged")));
            awaitSomebodyWaiting();
            other.commit();
            assertThat(answer(late)).isFalse();
        }
        assertThat(steps()).isZero();
    }

    @Test
    void aTakeOverThatWaitsForAStepGetsItEvenWhereTransactionsReadSnapshots() throws Exception {
        JdbcIdempotencyStore ofSnapshots =
                store(changed(Connection.TRANSACTION_REPEATABLE_READ, (method, call) -> call.call()));
        Claim claim = claimed(store).claim();
        store.abandon(claim);
        SlowStep step = new SlowStep(claim);
        Future<ClaimResult.Claimed> takeover = begin(() -> claimed(ofSnapshots));
        awaitSomebodyWaiting();
        step.commit();
        assertThat(answer(takeover).steps()).containsExactly(step("charged"));
        assertThat(answer(takeover).takeovers()).isEqualTo(1);
    }

    @Test
    void aReleaseThatWaitsForAStepKeepsIt() throws Exception {
        Claim claim = claimed(store).claim();
        SlowStep step = new SlowStep(claim);
        Future<Boolean> release = begin(() -> store.release(claim, RETENTION));
        awaitSomebodyWaiting();
        step.commit();
        assertThat(answer(release)).isTrue();
        assertThat(Objects.requireNonNull(store.find(key)).state()).isInstanceOf(IdempotencyRecord.Released.class);
        assertThat(store.findSteps(key)).containsExactly(step("charged"));
    }

    @Test
    void aStepTakesThePlaceOfOneOfAnOlderLifeAndIsPurgedWithItsRecord() throws SQLException {
        Claim first = claimed(store).claim();
        store.recordStep(first, step("of the first life"));
        store.release(first, RETENTION);
        execute("UPDATE " + TABLE + " SET retained_until = retained_until - " + 2 * RETENTION.toNanos() / 1_000);
        ClaimResult.Claimed second = claimed(store);
        assertThat(second.steps()).isEmpty();
        assertThat(store.findSteps(key)).isEmpty();
        assertThat(store.recordStep(second.claim(), new RecordedStep("charge", null)))
                .isTrue();
        assertThat(store.findSteps(key)).containsExactly(new RecordedStep("charge", null));
        assertThat(store.recordStep(second.claim(), step("of the second life"))).isTrue();
        assertThat(store.findSteps(key)).containsExactly(step("of the second life"));
        assertThat(steps()).isEqualTo(1);

        store.release(second.claim(), RETENTION);
        execute("UPDATE " + TABLE + " SET retained_until = retained_until - " + 2 * RETENTION.toNanos() / 1_000);
        assertThat(store.purge(100)).isEqualTo(1);
        assertThat(steps()).isZero();
    }

    @Test
    void aKeyReleasedWithoutStepsIsFreeEvenToARequestThatReadTheClockBefore() throws SQLException {
        for (int turn = 0; turn < 2; turn++) {
            Claim claim = claimed(store).claim();
            if (turn == 0) {
                store.release(claim);
            } else {
                store.release(claim, RETENTION);
            }
            execute("UPDATE " + TABLE + " SET retained_until = retained_until + 1000000000");
            ClaimResult.Claimed next = (ClaimResult.Claimed) store.claim(request("1:another order"));
            store.release(next.claim());
        }
    }

    @Test
    void theFewInProgressAreFoundAmongManyThatAreCompletedByAnIndex() throws SQLException {
        completeMany();
        IdempotencyKey running = IdempotencyKey.of("place", "running");
        store.claim(new ClaimRequest(running, UUID.randomUUID(), Fingerprint.none(), LEASE, true));
        assertThat(store.list(RecordQuery.inProgress(Duration.ZERO)))
                .extracting(IdempotencyRecord::key)
                .containsExactly(running);
        byte[] least = {};
        byte[] greatest = {(byte) 0xff};
        String plan = plan(
                "SELECT",
                listing -> assertThat(listing.list(RecordQuery.abandoned())).isEmpty(),
                least,
                least,
                greatest,
                least,
                greatest,
                0L,
                0L,
                100L);
        assertThat(finds(plan)).as(plan).isTrue();

        String planOfOperation = plan(
                "SELECT",
                listing -> assertThat(listing.list(RecordQuery.abandoned().ofOperation("place")))
                        .isEmpty(),
                least,
                text("place:"),
                text("place;"),
                text("place@"),
                text("placeA"),
                0L,
                0L,
                100L);
        assertThat(finds(planOfOperation)).as(planOfOperation).isTrue();
    }

    @Test
    void whatIsInProgressIsCountedByAnIndexAmongManyThatAreCompleted() throws SQLException {
        completeMany();
        store.claim(new ClaimRequest(
                IdempotencyKey.of("place", "running"), UUID.randomUUID(), Fingerprint.none(), LEASE, true));

        String plan = plan(
                "SELECT",
                counting -> assertThat(counting.countInProgress().live()).isEqualTo(1));

        assertThat(finds(plan)).as(plan).isTrue();
    }

    @Test
    void theFewThatAreRecoverableAreFoundAmongManyThatAreCompletedInMillisecondsByAnIndex() throws SQLException {
        int completed = completeMany(SWEPT);
        List<IdempotencyKey> abandoned = new ArrayList<>();
        for (int number = 0; number < 10; number++) {
            IdempotencyKey abandonedKey = IdempotencyKey.of(key.operation(), "abandoned-" + number);
            ClaimRequest request = new ClaimRequest(
                    abandonedKey,
                    UUID.randomUUID(),
                    Fingerprint.none(),
                    LEASE,
                    true,
                    null,
                    new RecordedRequest(text("order")));
            store.abandon(((ClaimResult.Claimed) store.claim(request)).claim());
            abandoned.add(abandonedKey);
        }
        for (String statistics : List.of("as they are", "fresh")) {
            if (statistics.equals("fresh")) {
                execute(analyze());
            }
            List<Long> times = new ArrayList<>();
            String plan = plan(
                    "SELECT",
                    listing -> {
                        for (int turn = 0; turn < 101; turn++) {
                            long start = System.nanoTime();
                            List<IdempotencyRecord> listed =
                                    listing.listRecoverable(key.operation(), Duration.ZERO, null, 100);
                            times.add(System.nanoTime() - start);
                            assertThat(listed)
                                    .extracting(IdempotencyRecord::key)
                                    .isEqualTo(abandoned);
                        }
                    },
                    new byte[0],
                    text(key.operation() + ':'),
                    text(key.operation() + ';'),
                    text(key.operation() + '@'),
                    text(key.operation() + 'A'),
                    0L,
                    100L);
            Collections.sort(times);
            Duration median = Duration.ofNanos(times.get(times.size() / 2));
            System.out.printf(
                    "%s: a sweep for 10 of %,d records takes %,d us with statistics %s%n",
                    getClass().getSimpleName(), completed + 10, median.toNanos() / 1_000, statistics);
            assertThat(finds(plan)).as(plan).isTrue();
            assertThat(median).isLessThanOrEqualTo(Duration.ofMillis(5));
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void whatIsDueIsFoundAmongManyThatAreNotByBothEndsOfAnIndex() throws SQLException {
        completeMany();
        for (String statement : List.of("(DELETE|MERGE)", "SELECT record_key")) {
            String plan =
                    plan(statement, purging -> assertThat(purging.purge(100)).isZero(), 0L, 1L, 100L);
            assertThat(findsDue(plan)).as(plan).isTrue();
        }
    }

    private void completeMany() throws SQLException {
        completeMany(4_096);
    }

    private int completeMany(int atLeast) throws SQLException {
        Claim example = claimed(store).claim();
        store.complete(example, Objects.requireNonNull(step("placed").outcome()), RETENTION);
        // Each turn doubles them.
        int completed = 1;
        for (int turn = 0; completed < atLeast; turn++, completed *= 2) {
            execute("INSERT INTO " + TABLE + " (record_key, claim_id, fencing_token, first_token, first_claimed_at,"
                    + " claimed_at, lease_ends_at, takeovers, outcome_kind, outcome, completed_at, retained_until)"
                    + " SELECT " + longer(turn)
                    + ", claim_id, fencing_token, first_token, first_claimed_at, claimed_at,"
                    + " lease_ends_at, takeovers, outcome_kind, outcome, completed_at, retained_until FROM " + TABLE);
        }
        return completed;
    }

    /** SQL that brings the database's statistics of the table up to date. */
    String analyze() {
        return "ANALYZE TABLE " + TABLE;
    }

    /** An expression for a key that is the row's with one more character. */
    abstract String longer(int turn);

    /** What the database says that it does for the last statement of a request that begins like this. */
    private String plan(String beginning, Consumer<JdbcIdempotencyStore> request, Object... parameters)
            throws SQLException {
        String[] statement = new String[1];
        JdbcIdempotencyStore listening = store((DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    Connection connection = pool.getConnection();
                    return Proxy.newProxyInstance(
                            getClass().getClassLoader(), new Class<?>[] {Connection.class}, (nothing, asked, given) -> {
                                if (asked.getName().equals("prepareStatement")
                                        && given[0].toString().matches("(?s)" + beginning + ".*")) {
                                    statement[0] = (String) given[0];
                                }
                                return asked.invoke(connection, given);
                            });
                }));
        request.accept(listening);
        StringBuilder plan = new StringBuilder();
        try (Connection connection = pool.getConnection();
                PreparedStatement explain = connection.prepareStatement("EXPLAIN " + statement[0])) {
            for (int index = 0; index < parameters.length; index++) {
                if (parameters[index] instanceof byte[] bytes) {
                    explain.setBytes(index + 1, bytes);
                } else {
                    explain.setLong(index + 1, (long) parameters[index]);
                }
            }
            try (ResultSet result = explain.executeQuery()) {
                int columns = result.getMetaData().getColumnCount();
                while (result.next()) {
                    for (int column = 1; column <= columns; column++) {
                        plan.append(result.getString(column)).append(' ');
                    }
                    plan.append('\n');
                }
            }
        }
        return plan.toString();
    }
}
