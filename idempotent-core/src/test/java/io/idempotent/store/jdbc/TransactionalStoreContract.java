package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedStep;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the JDBC store does in transactions that somebody else begins and ends. */
@Timeout(120)
abstract class TransactionalStoreContract {

    /** What is left of a key that nobody holds. */
    enum Rest {
        NOTHING,
        RELEASED,
        RELEASED_WITH_STEPS,
        PAST_RETENTION,
        ABANDONED
    }

    /** How a transaction sees what others commit. */
    enum Isolation {
        READ_COMMITTED(Connection.TRANSACTION_READ_COMMITTED),
        REPEATABLE_READ(Connection.TRANSACTION_REPEATABLE_READ),
        SERIALIZABLE(Connection.TRANSACTION_SERIALIZABLE);

        private final int level;

        Isolation(int level) {
            this.level = level;
        }
    }

    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration RETENTION = Duration.ofHours(1);
    private static final Duration OVER_AT_ONCE = Duration.ofNanos(1);
    private static final RecordedOutcome RECEIPT =
            new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, "receipt".getBytes(StandardCharsets.UTF_8));

    private final TestDatabase database;
    private final IdempotencyKey key = newKey();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    private JdbcIdempotencyStore store;

    TransactionalStoreContract(TestDatabase database) {
        this.database = database;
    }

    /** Where the tests' transactions are; the store's own requests as well. */
    DataSource source() {
        return database.pool();
    }

    @BeforeEach
    void prepare() throws SQLException {
        store = JdbcIdempotencyStore.builder(source())
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build();
        try (Connection connection = source().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS account (owner VARCHAR(64) NOT NULL)");
        }
    }

    @AfterEach
    void endThreads() {
        threads.shutdownNow();
    }

    static Stream<Arguments> restsAndIsolations() {
        return Stream.of(Rest.values())
                .flatMap(rest -> Stream.of(Isolation.values()).map(isolation -> Arguments.of(rest, isolation)));
    }

    private static IdempotencyKey newKey() {
        return IdempotencyKey.of("pay", UUID.randomUUID().toString());
    }

    private static ClaimRequest request(IdempotencyKey key) {
        return request(key, "1:payment", LEASE);
    }

    private static ClaimRequest request(IdempotencyKey key, String fingerprint, Duration lease) {
        return new ClaimRequest(key, UUID.randomUUID(), Fingerprint.ofDigest(fingerprint), lease, true);
    }

    /** Leaves a key as nobody holds it; gives the last token. */
    private long leave(Rest rest) {
        return leave(rest, key);
    }

    private long leave(Rest rest, IdempotencyKey key) {
        if (rest == Rest.NOTHING) {
            return 0;
        }
        Claim claim = ((ClaimResult.Claimed)
                        store.claim(request(key, "1:payment", rest == Rest.ABANDONED ? OVER_AT_ONCE : LEASE)))
                .claim();
        if (rest == Rest.RELEASED) {
            store.release(claim);
        } else if (rest == Rest.RELEASED_WITH_STEPS) {
            store.recordStep(claim, new RecordedStep("charge", RECEIPT));
            store.release(claim, RETENTION);
        } else if (rest == Rest.PAST_RETENTION) {
            store.complete(claim, RECEIPT, OVER_AT_ONCE);
        }
        return claim.fencingToken();
    }

    /** A transaction, rolled back when it is closed. */
    private final class Transaction implements AutoCloseable {

        private final Connection connection;

        Transaction(Isolation isolation) throws SQLException {
            connection = source().getConnection();
            connection.setAutoCommit(false);
            connection.setTransactionIsolation(isolation.level);
        }

        @Nullable
        ClaimResult claim(ClaimRequest request) {
            return store.claimOn(connection, request);
        }

        Claim claimed(IdempotencyKey key) {
            ClaimResult result = claim(request(key));
            assertThat(result).isInstanceOf(ClaimResult.Claimed.class);
            return ((ClaimResult.Claimed) result).claim();
        }

        boolean complete(Claim claim) {
            return store.completeOn(connection, claim, RECEIPT, RETENTION);
        }

        void openAccount(String owner) throws SQLException {
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO account VALUES (?)")) {
                insert.setString(1, owner);
                insert.executeUpdate();
            }
        }

        int accounts(String owner) throws SQLException {
            try (PreparedStatement count =
                    connection.prepareStatement("SELECT COUNT(*) FROM account WHERE owner = ?")) {
                count.setString(1, owner);
                try (ResultSet result = count.executeQuery()) {
                    result.next();
                    return result.getInt(1);
                }
            }
        }

        void commit() throws SQLException {
            connection.commit();
        }

        @Override
        public void close() throws SQLException {
            try (connection) {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }

    private Transaction begin() throws SQLException {
        return begin(Isolation.READ_COMMITTED);
    }

    private Transaction begin(Isolation isolation) throws SQLException {
        return new Transaction(isolation);
    }

    private int accounts(String owner) throws SQLException {
        try (Transaction look = begin()) {
            return look.accounts(owner);
        }
    }

    // what is committed and what is not

    @ParameterizedTest
    @MethodSource("restsAndIsolations")
    void aClaimAndItsCompletionAreSeenByOthersWhenTheTransactionHasCommitted(Rest rest, Isolation isolation)
            throws SQLException {
        long last = leave(rest);
        IdempotencyRecord before = store.find(key);
        Claim claim;
        try (Transaction transaction = begin(isolation)) {
            ClaimResult.Claimed claimed = (ClaimResult.Claimed) transaction.claim(request(key));
            assertThat(claimed).isNotNull();
            claim = claimed.claim();
            assertThat(claim.fencingToken()).isGreaterThan(last);
            assertThat(claimed.takeovers()).isEqualTo(rest == Rest.ABANDONED ? 1 : 0);
            assertThat(token(store.find(key))).isEqualTo(token(before));
            assertThat(transaction.complete(claim)).isTrue();
            assertThat(transaction.complete(claim)).as("asked again").isTrue();
            assertThat(token(store.find(key))).isEqualTo(token(before));
            transaction.commit();
        }
        IdempotencyRecord record = store.find(key);
        assertThat(record).isNotNull();
        assertThat(record.fencingToken()).isEqualTo(claim.fencingToken());
        assertThat(record.outcome()).isEqualTo(RECEIPT);
        try (Transaction next = begin(isolation)) {
            assertThat(next.claim(request(key)))
                    .isInstanceOfSatisfying(
                            ClaimResult.Completed.class,
                            completed ->
                                    assertThat(completed.record().outcome()).isEqualTo(RECEIPT));
        }
    }

    private static long token(@Nullable IdempotencyRecord record) {
        return record == null ? 0 : record.fencingToken();
    }

    @ParameterizedTest
    @MethodSource("restsAndIsolations")
    void nothingIsLeftOfATransactionThatWasRolledBackAndTokensGrowAllTheSame(Rest rest, Isolation isolation)
            throws SQLException {
        long last = leave(rest);
        IdempotencyRecord before = store.find(key);
        for (int turn = 0; turn < 3; turn++) {
            try (Transaction transaction = begin(isolation)) {
                Claim claim = transaction.claimed(key);
                assertThat(claim.fencingToken()).isGreaterThan(last);
                last = claim.fencingToken();
                transaction.complete(claim);
            }
            assertThat(token(store.find(key))).isEqualTo(token(before));
        }
        assertThat(((ClaimResult.Claimed) store.claim(request(key))).claim().fencingToken())
                .isGreaterThan(last);
    }

    @Test
    void aKeyThatWasReleasedInTheTransactionIsFreeWhenItHasCommitted() throws SQLException {
        Claim claim;
        try (Transaction transaction = begin()) {
            claim = transaction.claimed(key);
            assertThat(store.releaseOn(transaction.connection, claim)).isTrue();
            assertThat(transaction.complete(claim)).as("no longer held").isFalse();
            transaction.commit();
        }
        assertThat(store.find(key)).isNull();
        try (Transaction next = begin()) {
            assertThat(next.claimed(key).fencingToken()).isGreaterThan(claim.fencingToken());
        }
    }

    @Test
    void aClaimThatIsNotTheKeysCanNeitherCompleteNorRelease() throws SQLException {
        Claim stranger = new Claim(key, UUID.randomUUID(), 1);
        try (Transaction transaction = begin()) {
            transaction.claimed(key);
            assertThat(transaction.complete(stranger)).isFalse();
            assertThat(store.releaseOn(transaction.connection, stranger)).isFalse();
        }
    }

    // what is asked again

    @ParameterizedTest
    @EnumSource(Rest.class)
    void theSameClaimAskedForAgainIsTheSameInThisTransactionAndInTheNext(Rest rest) throws SQLException {
        leave(rest);
        ClaimRequest request = request(key);
        ClaimResult first;
        try (Transaction transaction = begin()) {
            first = transaction.claim(request);
            assertThat(first).isInstanceOf(ClaimResult.Claimed.class);
            assertThat(transaction.claim(request)).isEqualTo(first);
            transaction.commit();
        }
        try (Transaction next = begin()) {
            assertThat(next.claim(request)).isEqualTo(first);
            assertThat(next.claim(request(key))).isInstanceOf(ClaimResult.InProgress.class);
            assertThat(next.complete(((ClaimResult.Claimed) first).claim())).isTrue();
            assertThat(next.claim(request)).isInstanceOf(ClaimResult.Completed.class);
        }
    }

    // keys that others hold

    @Test
    void aLeasedClaimIsRespectedWhileItIsLiveAndByOtherRequestsForEver() throws SQLException {
        store.claim(request(key));
        IdempotencyKey abandoned = newKey();
        store.claim(request(abandoned, "1:payment", OVER_AT_ONCE));
        try (Transaction transaction = begin()) {
            assertThat(transaction.claim(request(key))).isInstanceOf(ClaimResult.InProgress.class);
            assertThat(transaction.claim(request(abandoned, "1:other", LEASE)))
                    .isInstanceOf(ClaimResult.Abandoned.class);
        }
    }

    @ParameterizedTest
    @MethodSource("restsAndIsolations")
    void aKeyThatAnotherTransactionHoldsIsToldAtOnceAndTheTransactionGoesOn(Rest rest, Isolation isolation)
            throws SQLException {
        leave(rest);
        String owner = UUID.randomUUID().toString();
        try (Transaction holder = begin(isolation)) {
            Claim claim = holder.claimed(key);
            holder.complete(claim);
            try (Transaction caller = begin(isolation)) {
                caller.openAccount(owner);
                for (int turn = 0; turn < 2; turn++) {
                    Savepoint before = caller.connection.setSavepoint();
                    long begin = System.nanoTime();
                    assertThat(caller.claim(request(key))).isNull();
                    assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(2));
                    if (goesOnWithoutSavepoint()) {
                        assertThat(caller.accounts(owner)).isEqualTo(1);
                    }
                    caller.connection.rollback(before);
                }
                caller.openAccount(owner);
                caller.commit();
            }
        }
        assertThat(accounts(owner)).isEqualTo(2);
        try (Transaction next = begin(isolation)) {
            next.claimed(key);
        }
    }

    /** Whether a claim that was not made leaves the transaction as it was, without being undone. */
    private boolean goesOnWithoutSavepoint() {
        return database.dialect() == Dialect.POSTGRESQL;
    }

    @ParameterizedTest
    @EnumSource(
            value = Isolation.class,
            names = {"READ_COMMITTED", "REPEATABLE_READ"})
    void twoKeysDoNotWaitForEachOther(Isolation isolation) throws SQLException {
        IdempotencyKey other = newKey();
        try (Transaction one = begin(isolation);
                Transaction another = begin(isolation)) {
            Claim ofOne = one.claimed(key);
            Claim ofAnother = another.claimed(other);
            assertThat(one.complete(ofOne)).isTrue();
            assertThat(another.complete(ofAnother)).isTrue();
            another.commit();
            one.commit();
        }
        assertThat(store.find(key)).isNotNull();
        assertThat(store.find(other)).isNotNull();
    }

    // snapshots

    @ParameterizedTest
    @MethodSource("restsAndIsolations")
    void whatWasCommittedAfterTheTransactionsSnapshotIsFoundOrToldAsPassing(Rest rest, Isolation isolation)
            throws SQLException {
        leave(rest);
        try (Transaction transaction = begin(isolation)) {
            assertThat(transaction.accounts("nobody")).isZero();
            try (Transaction faster = begin()) {
                faster.complete(faster.claimed(key));
                faster.commit();
            }
            if (seesLaterCommits(isolation)) {
                assertThat(transaction.claim(request(key))).isInstanceOf(ClaimResult.Completed.class);
            } else {
                assertIsTooLate(transaction);
            }
        }
        try (Transaction next = begin(isolation)) {
            assertThat(next.claim(request(key))).isInstanceOf(ClaimResult.Completed.class);
        }
    }

    @Test
    void whatWasCommittedAfterTheClaimOfAnotherKeyIsToldAsPassing() throws SQLException {
        try (Transaction transaction = begin(Isolation.REPEATABLE_READ)) {
            transaction.claimed(newKey());
            try (Transaction faster = begin()) {
                faster.complete(faster.claimed(key));
                faster.commit();
            }
            assertIsTooLate(transaction);
        }
    }

    private void assertIsTooLate(Transaction transaction) {
        IdempotencyStoreException failure =
                catchThrowableOfType(IdempotencyStoreException.class, () -> transaction.claim(request(key)));
        assertThat(failure).hasMessageContaining("could not be serialized with others");
        assertThat(failure.isTransient()).isTrue();
        assertThat(failure.key()).isEqualTo(key);
    }

    /** Whether a claim, the first in a transaction that has read before, sees what was committed after that. */
    private boolean seesLaterCommits(Isolation isolation) {
        return switch (isolation) {
            case READ_COMMITTED -> true;
            // It has a snapshot of those tables only that were read.
            case REPEATABLE_READ -> database.dialect() == Dialect.H2;
            // It locks what it reads, and so reads the present.
            case SERIALIZABLE -> database.dialect() == Dialect.MARIADB;
        };
    }

    // the connection is the caller's

    @Test
    void theConnectionKeepsItsSettings() throws SQLException {
        try (Transaction transaction = begin();
                Statement before = transaction.connection.createStatement()) {
            int timeout = before.getQueryTimeout();
            store.releaseOn(transaction.connection, transaction.claimed(key));
            transaction.complete(transaction.claimed(key));
            try (Statement after = transaction.connection.createStatement()) {
                assertThat(after.getQueryTimeout()).isEqualTo(timeout);
            }
            assertThat(transaction.connection.getAutoCommit()).isFalse();
            assertThat(transaction.connection.getTransactionIsolation())
                    .isEqualTo(Connection.TRANSACTION_READ_COMMITTED);
            transaction.commit();
        }
    }

    // many at once

    @ParameterizedTest
    @MethodSource("restsAndIsolations")
    void ofManyAtOnceOneClaimsAndNobodyMeetsADeadlock(Rest rest, Isolation isolation) throws Exception {
        int callers = 8;
        int rounds = 8;
        CyclicBarrier start = new CyclicBarrier(callers);
        List<IdempotencyKey> keys = Stream.generate(TransactionalStoreContract::newKey)
                .limit(rounds)
                .toList();
        keys.forEach(contested -> leave(rest, contested));
        AtomicInteger runs = new AtomicInteger();
        List<Future<?>> all = new ArrayList<>();
        for (int caller = 0; caller < callers; caller++) {
            all.add(threads.submit(() -> {
                for (IdempotencyKey contested : keys) {
                    start.await(60, TimeUnit.SECONDS);
                    while (!isCompleted(contested, isolation, runs)) {
                        // As callers do who wait, so that not all come back at once.
                        LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(2_000_000, 8_000_000));
                    }
                }
                return null;
            }));
        }
        for (Future<?> caller : all) {
            caller.get(90, TimeUnit.SECONDS);
        }
        assertThat(runs).hasValue(rounds);
        for (IdempotencyKey contested : keys) {
            assertThat(accounts(contested.toString())).isEqualTo(1);
        }
    }

    /** Claims, works and completes in a transaction, or finds that somebody has. */
    private boolean isCompleted(IdempotencyKey contested, Isolation isolation, AtomicInteger runs) throws SQLException {
        try (Transaction transaction = begin(isolation)) {
            ClaimResult result = transaction.claim(request(contested));
            if (!(result instanceof ClaimResult.Claimed claimed)) {
                return result != null;
            }
            transaction.openAccount(contested.toString());
            assertThat(transaction.complete(claimed.claim())).isTrue();
            transaction.commit();
            runs.incrementAndGet();
            return true;
        } catch (IdempotencyStoreException failure) {
            assertThat(failure.isTransient()).as(failure.getMessage()).isTrue();
            assertThat(failure).hasMessageNotContaining("deadlock");
            return false;
        } catch (SQLException failure) {
            if (SqlFailure.of(failure) != SqlFailure.SERIALIZATION) {
                throw failure;
            }
            return false;
        }
    }
}
