package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.OnOneJdk;
import io.idempotent.RecordedOutcome;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.engine.Operation;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.RenewalResult;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a transaction of somebody else's costs that locks some records, from a console say: those, and no others. */
@OnOneJdk("a lock is the database's")
abstract class LockedRecordsContract {

    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final RecordedOutcome RECEIPT =
            new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, "receipt".getBytes(StandardCharsets.UTF_8));

    private final TestDatabase database;
    private JdbcIdempotencyStore store;

    LockedRecordsContract(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws SQLException {
        store = JdbcIdempotencyStore.builder(database.pool())
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .tableName("locked_record")
                .build();
        try (Connection connection = database.pool().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("DELETE FROM locked_record");
        }
    }

    private List<Claim> claimed(int number) {
        return IntStream.range(0, number)
                .mapToObj(index ->
                        claimed(IdempotencyKey.of("pay", UUID.randomUUID().toString())))
                .toList();
    }

    private Claim claimed(IdempotencyKey key) {
        ClaimRequest request = new ClaimRequest(key, UUID.randomUUID(), Fingerprint.none(), LEASE, true);
        return ((ClaimResult.Claimed) store.claim(request)).claim();
    }

    private static List<Claim> some(List<Claim> claims, int number) {
        return IntStream.range(0, number)
                .mapToObj(index -> claims.get(index * claims.size() / number))
                .toList();
    }

    private interface Work {
        void run() throws Exception;
    }

    private void locked(List<IdempotencyKey> keys, Work work) throws Exception {
        locked("locked_record", keys, work);
    }

    private void locked(String table, List<IdempotencyKey> keys, Work work) throws Exception {
        try (Connection other = database.pool().getConnection();
                PreparedStatement lock =
                        other.prepareStatement("SELECT * FROM " + table + " WHERE record_key = ? FOR UPDATE")) {
            other.setAutoCommit(false);
            for (IdempotencyKey key : keys) {
                lock.setBytes(1, key.toString().getBytes(StandardCharsets.UTF_8));
                lock.executeQuery().close();
            }
            work.run();
            other.rollback();
            other.setAutoCommit(true);
        }
    }

    private void isRenewedBesides(int number, int lockedNumber) throws Exception {
        List<Claim> claims = claimed(number);
        List<Claim> locked = some(claims, lockedNumber);
        List<Claim> others =
                claims.stream().filter(claim -> !locked.contains(claim)).toList();
        locked(locked.stream().map(Claim::key).toList(), () -> {
            for (Duration lease : List.of(LEASE.multipliedBy(2), Duration.ofMinutes(5), Duration.ofSeconds(90))) {
                long begin = System.nanoTime();
                RenewalResult result = store.renew(claims, lease);
                assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
                assertThat(result.renewed()).containsExactlyInAnyOrderElementsOf(others);
                assertThat(result.undecided()).containsExactlyInAnyOrderElementsOf(locked);
                assertThat(store.find(others.get(0).key()).leaseRemaining()).isBetween(lease.minusSeconds(10), lease);
            }
        });
        assertThat(store.renew(claims, LEASE).renewed()).containsExactlyInAnyOrderElementsOf(claims);
    }

    @Test
    void allButTheOneThatIsLockedAreRenewed() throws Exception {
        isRenewedBesides(3, 1);
        isRenewedBesides(200, 1);
    }

    @Test
    void allButTheTwentyThatAreLockedAreRenewed() throws Exception {
        isRenewedBesides(200, 5);
        isRenewedBesides(200, 20);
    }

    @Test
    void allButThoseThatAreLockedAreRenewedBySeveralStatements() throws Exception {
        isRenewedBesides(600, 20);
    }

    @Test
    void aClaimThatWasLostIsFoundLostThoughItsRecordIsLocked() throws Exception {
        Claim held = claimed(IdempotencyKey.of("pay", "held"));
        Claim lost = claimed(IdempotencyKey.of("pay", "lost"));
        assertThat(store.abandon(lost)).isTrue();
        claimed(lost.key());
        Claim completed = claimed(IdempotencyKey.of("pay", "completed"));
        assertThat(store.complete(completed, RECEIPT, LEASE)).isTrue();
        locked(List.of(lost.key(), completed.key(), held.key()), () -> {
            RenewalResult result = store.renew(List.of(held, lost, completed), LEASE);
            assertThat(result.renewed()).isEmpty();
            assertThat(result.undecided()).containsExactly(held);
        });
    }

    /** While somebody else has locked the whole table. */
    void isRefusedInTimeWhileLockedBy(String lock, String unlock) throws SQLException {
        List<Claim> claims = claimed(600);
        try (Connection other = database.pool().getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute(lock);
            long begin = System.nanoTime();
            assertThatExceptionOfType(IdempotencyStoreException.class)
                    .isThrownBy(() -> store.renew(claims, Duration.ofSeconds(3)))
                    .withMessageContaining("renew 600 leases");
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(1));
            statement.execute(unlock);
            other.rollback();
            other.setAutoCommit(true);
        }
    }

    // purging

    private void areDue(boolean atOneMoment) throws SQLException {
        try (Connection connection = database.pool().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("UPDATE locked_record SET retained_until = "
                    + (atOneMoment ? "1" : "claimed_at - 100000000000") + " WHERE retained_until IS NOT NULL");
        }
    }

    private List<IdempotencyKey> releasedWithSteps(int number) {
        List<Claim> claims = claimed(number);
        for (Claim claim : claims) {
            for (String step : List.of("reserve", "charge")) {
                assertThat(store.recordStep(claim, new RecordedStep(step, RECEIPT)))
                        .isTrue();
            }
            assertThat(store.release(claim, LEASE)).isTrue();
        }
        return claims.stream().map(Claim::key).toList();
    }

    private int purgedInTime(int atMost) {
        long begin = System.nanoTime();
        int purged = store.purge(atMost);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(3));
        return purged;
    }

    private void isPurgedBesidesThoseOfWhichStepsAreLocked(boolean atOneMoment) throws Exception {
        List<IdempotencyKey> keys = releasedWithSteps(8);
        claimed(4)
                .forEach(claim ->
                        assertThat(store.complete(claim, RECEIPT, LEASE)).isTrue());
        areDue(atOneMoment);
        List<IdempotencyKey> locked = List.of(keys.get(0), keys.get(1), keys.get(5));
        locked("locked_record_step", locked, () -> {
            assertThat(purgedInTime(5)).isEqualTo(5);
            assertThat(purgedInTime(5)).isEqualTo(4);
            assertThat(purgedInTime(5)).isZero();
        });
        assertThat(purgedInTime(5)).isEqualTo(locked.size());
    }

    @Test
    void allArePurgedButThoseOfWhichAStepIsLocked() throws Exception {
        isPurgedBesidesThoseOfWhichStepsAreLocked(false);
    }

    @Test
    void allArePurgedButThoseOfWhichAStepIsLockedThoughAllAreDueAtOneMoment() throws Exception {
        isPurgedBesidesThoseOfWhichStepsAreLocked(true);
    }

    @Test
    void allArePurgedButThoseThatAreLocked() throws Exception {
        List<IdempotencyKey> keys = releasedWithSteps(6);
        areDue(false);
        locked(keys.subList(0, 2), () -> assertThat(purgedInTime(10)).isEqualTo(4));
        assertThat(purgedInTime(10)).isEqualTo(2);
    }

    @Test
    void stepsArePurgedWithRecordsOfWhichMoreAreDueThanOneStatementTakes() throws Exception {
        releasedWithSteps(300);
        areDue(false);
        assertThat(purgedInTime(300)).isEqualTo(300);
        try (Connection connection = database.pool().getConnection();
                Statement statement = connection.createStatement();
                ResultSet steps = statement.executeQuery("SELECT COUNT(*) FROM locked_record_step")) {
            steps.next();
            assertThat(steps.getInt(1)).isZero();
        }
    }

    // connections

    @Test
    void aPoolThatHasNoConnectionStallsARenewalForNoMoreThanAThirdOfTheLease() throws Exception {
        HikariConfig config = new HikariConfig();
        config.setDataSource(database.pool());
        config.setMaximumPoolSize(1);
        Duration lease = Duration.ofSeconds(6);
        try (HikariDataSource pool = new HikariDataSource(config)) {
            JdbcIdempotencyStore starved = JdbcIdempotencyStore.builder(pool)
                    .tableName("locked_record")
                    .build();
            Claim claim = claimed(IdempotencyKey.of("pay", "starved"));
            try (Connection held = pool.getConnection()) {
                assertThat(held).isNotNull();
                long begin = System.nanoTime();
                assertThatExceptionOfType(IdempotencyStoreException.class)
                        .isThrownBy(() -> starved.renew(List.of(claim), lease))
                        .withMessageContaining("failed to renew 1 leases within a third of their time")
                        .withMessageContaining("idempotent.jdbc.data-source");
                assertThat(Duration.ofNanos(System.nanoTime() - begin))
                        .isBetween(lease.dividedBy(4), lease.dividedBy(2));
            }
            // The connection that came too late was given back.
            assertThat(starved.renew(List.of(claim), lease).renewed()).containsExactly(claim);
            await().until(() -> pool.getHikariPoolMXBean().getActiveConnections() == 0);
        }
    }

    @Test
    void onlyTheOperationsWhoseRecordsAreLockedLoseTheirLeases() throws Exception {
        Operation<String> pay = Operation.builder("pay", String.class)
                .lease(Duration.ofSeconds(2))
                .build();
        Set<IdempotencyKey> lost = ConcurrentHashMap.newKeySet();
        IdempotencyListener listener = new IdempotencyListener() {
            @Override
            public void leaseLost(IdempotencyContext context) {
                lost.add(context.key());
            }
        };
        int number = 50;
        CountDownLatch running = new CountDownLatch(number);
        CountDownLatch end = new CountDownLatch(1);
        ExecutorService threads = Executors.newCachedThreadPool();
        try (IdempotencyEngine engine = IdempotencyEngine.builder(store)
                .codec(JacksonOutcomeCodec.create())
                .listener(listener)
                .build()) {
            List<Future<String>> calls = new ArrayList<>();
            for (int index = 0; index < number; index++) {
                String value = "key-" + index;
                calls.add(threads.submit(() -> {
                    try {
                        return engine.execute(pay, value, Fingerprint.none(), () -> {
                            running.countDown();
                            end.await();
                            return "receipt";
                        });
                    } catch (Throwable failure) {
                        throw new IllegalStateException(failure);
                    }
                }));
            }
            assertThat(running.await(30, TimeUnit.SECONDS)).isTrue();
            List<IdempotencyKey> locked = List.of(pay.key("key-0"), pay.key("key-25"), pay.key("key-49"));
            locked(locked, () -> {
                await().atMost(30, TimeUnit.SECONDS).until(() -> lost.size() >= locked.size());
                // Others, whose leases began before, would have lost theirs by the next end of a lease.
                Claim later = claimed(IdempotencyKey.of("pay", "later"));
                assertThat(store.renew(List.of(later), Duration.ofSeconds(2)).renewed())
                        .hasSize(1);
                await().atMost(30, TimeUnit.SECONDS)
                        .until(() -> store.find(later.key()).isAbandoned());
            });
            assertThat(lost).containsExactlyInAnyOrderElementsOf(locked);
            end.countDown();
            for (Future<String> call : calls) {
                assertThat(call.get(30, TimeUnit.SECONDS)).isEqualTo("receipt");
            }
        } finally {
            end.countDown();
            threads.shutdownNow();
        }
    }
}
