package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.OnOneJdk;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.server.Database;
import io.idempotent.server.TcpProxy;
import io.idempotent.server.TcpProxy.Fault;
import io.idempotent.transaction.JdbcTransactions;
import io.idempotent.transaction.TransactionFailedException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What becomes of an atomic call, its row and its record, when the network fails it at each of its requests in turn.
 */
@OnOneJdk("NetworkFaultContract on PostgreSQL runs on both")
@Timeout(120)
abstract class AtomicFaultContract {

    /** What a request of an atomic call is for. */
    enum Purpose {
        BEGIN,
        CLAIM,
        WORK,
        COMPLETION,
        COMMIT,
        /** After the commit: the connection is made as it was. */
        END
    }

    /** How a call ended: by the answer or by the failure. */
    private record Ending(@Nullable String answer, @Nullable Throwable failure) {}

    // Whoever comes after a connection that broke waits until the database has noticed.
    private static final Operation<String> PAY = Operation.builder("pay", String.class)
            .waitAtMost(Duration.ofSeconds(20))
            .build();

    private static final Duration IMPATIENCE = Duration.ofMillis(250);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final AtomicInteger runs = new AtomicInteger();

    private Database database;
    private TcpProxy proxy;
    private HikariDataSource pool;
    private JdbcTransactions transactions;
    private JdbcIdempotencyStore direct;
    private IdempotencyEngine engine;

    /** An empty database. */
    abstract Database newDatabase();

    /** The requests of a call, in their order. */
    abstract List<Purpose> requests();

    private void open(Duration patience) throws SQLException {
        database = newDatabase();
        direct = JdbcIdempotencyStore.builder(database.dataSource())
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .build();
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE payment (payment_key VARCHAR(64) NOT NULL)");
        }
        proxy = new TcpProxy(database.host(), database.port());
        HikariConfig config = new HikariConfig();
        config.setDataSource(database.through(proxy).dataSource(patience));
        config.setMaximumPoolSize(4);
        // Opened when it is needed, and not while requests are counted.
        config.setMinimumIdle(0);
        // Asked before each use only if it was idle for longer, which would be one more request to count.
        System.setProperty("com.zaxxer.hikari.aliveBypassWindowMs", "600000");
        pool = new HikariDataSource(config);
        JdbcIdempotencyStore store = JdbcIdempotencyStore.builder(pool).build();
        transactions = new JdbcTransactions(store);
        engine = IdempotencyEngine.builder(store)
                .codec(JacksonOutcomeCodec.create())
                .completionTimeout(Duration.ofSeconds(1))
                .build();
    }

    @AfterEach
    void close() {
        engine.close();
        pool.close();
        proxy.close();
    }

    private String pay(String key) throws Throwable {
        return engine.executeAtomically(PAY, PAY.key(key), Fingerprint.none(), transactions, execution -> {
            int run = runs.incrementAndGet();
            try (PreparedStatement insert =
                    transactions.connection().prepareStatement("INSERT INTO payment VALUES (?)")) {
                insert.setString(1, key);
                insert.executeUpdate();
            }
            return "receipt-" + run;
        });
    }

    private Ending end(String key) {
        try {
            return new Ending(pay(key), null);
        } catch (Throwable failure) {
            return new Ending(null, failure);
        }
    }

    private int payments(String key) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement count =
                        connection.prepareStatement("SELECT COUNT(*) FROM payment WHERE payment_key = ?")) {
            count.setString(1, key);
            try (ResultSet result = count.executeQuery()) {
                result.next();
                return result.getInt(1);
            }
        }
    }

    private boolean isRecorded(String key) {
        return direct.find(IdempotencyKey.of("pay", key)) != null;
    }

    /** What a call throws when a request for this meets the fault; null if it has its answer all the same. */
    private static @Nullable Class<? extends Throwable> failure(Purpose purpose, Fault fault) {
        return switch (purpose) {
            case BEGIN, COMPLETION -> IdempotencyStoreException.class;
            // Nothing has been done yet: it is claimed in another transaction.
            case CLAIM -> null;
            // The operation's own failure.
            case WORK -> SQLException.class;
            case COMMIT ->
                switch (fault) {
                    case CUT, BLACK_HOLE, LATE_REQUEST -> TransactionFailedException.class;
                    // It took effect, though the answer did not come.
                    case LOSE_ANSWER, HALF_CLOSE, LATE_ANSWER -> null;
                };
            case END -> null;
        };
    }

    @ParameterizedTest
    @EnumSource(Fault.class)
    void aConnectionThatBreaksAtAnyRequestLeavesOneRowAndItsRecordOrNeither(Fault fault) throws Throwable {
        // Whoever waits in vain does not wait long; nobody else gives up because the machine is slow.
        open(fault.isSilent() ? IMPATIENCE : PATIENCE);
        assertThat(pay("first")).isEqualTo("receipt-1");
        for (int request = 1; request <= requests().size(); request++) {
            Purpose purpose = requests().get(request - 1);
            String circumstances = fault + " at request " + request + ", " + purpose;
            String key = purpose + "-" + request;
            Class<? extends Throwable> expected = failure(purpose, fault);
            int runsBefore = runs.get();

            proxy.atRequest(request, fault);
            Ending ending = end(key);
            proxy.passThrough();
            await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(2)).until(() -> !proxy.isLate());

            // What commits at last commits all: until then nobody else could claim the key, and nobody was told that it
            // is free.
            boolean late = purpose == Purpose.COMMIT && fault == Fault.LATE_REQUEST;
            int done = expected == null || late ? 1 : 0;
            if (expected == null) {
                assertThat(ending.failure()).as(circumstances).isNull();
            } else {
                assertThat(ending.failure()).as(circumstances).isInstanceOf(expected);
            }
            assertThat(payments(key)).as(circumstances).isEqualTo(done);
            assertThat(isRecorded(key)).as(circumstances).isEqualTo(done == 1);

            // Others of the pool may have broken as well.
            pool.getHikariPoolMXBean().softEvictConnections();
            String answer = pay(key);
            if (ending.answer() != null) {
                assertThat(answer).as(circumstances).isEqualTo(ending.answer());
            }
            assertThat(pay(key)).as(circumstances).isEqualTo(answer);
            assertThat(payments(key)).as(circumstances).isEqualTo(1);
            assertThat(runs.get() - runsBefore)
                    .as(circumstances)
                    .isEqualTo(purpose == Purpose.BEGIN || done == 1 ? 1 : 2);
        }
    }

    @Test
    void aSlowNetworkChangesNothing() throws Throwable {
        open(PATIENCE);
        proxy.delay(Duration.ofMillis(20));
        long begin = System.nanoTime();
        assertThat(pay("slow")).isEqualTo("receipt-1");
        assertThat(System.nanoTime() - begin)
                .isGreaterThan(TimeUnit.MILLISECONDS.toNanos(40L * requests().size()));
        assertThat(pay("slow")).isEqualTo("receipt-1");
        assertThat(payments("slow")).isEqualTo(1);
    }
}
