package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.OnOneJdk;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedStep;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.h2.engine.Mode;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The JDBC store on H2 as it pretends to be other databases. */
@OnOneJdk("a mode is the database's")
final class H2ModesTest {

    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration RETENTION = Duration.ofHours(1);
    private static final RecordedOutcome RECEIPT =
            new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, "receipt".getBytes(StandardCharsets.UTF_8));

    static Stream<String> modes() {
        return Arrays.stream(Mode.ModeEnum.values())
                .map(Enum::name)
                .flatMap(mode -> Stream.of(
                        "MODE=" + mode,
                        "MODE=" + mode + ";DATABASE_TO_UPPER=FALSE",
                        "MODE=" + mode + ";DATABASE_TO_LOWER=TRUE",
                        "MODE=" + mode + ";DATABASE_TO_UPPER=FALSE;CASE_INSENSITIVE_IDENTIFIERS=TRUE"));
    }

    private static ClaimRequest request(IdempotencyKey key) {
        return new ClaimRequest(key, UUID.randomUUID(), Fingerprint.none(), LEASE, true);
    }

    private static Claim claimed(ClaimResult result) {
        assertThat(result).isInstanceOf(ClaimResult.Claimed.class);
        return ((ClaimResult.Claimed) result).claim();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("modes")
    void tablesAreMadeAndTheStoreWorks(String settings) throws SQLException {
        JdbcDataSource database = new JdbcDataSource();
        database.setUrl("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1;" + settings);
        works(database, JdbcIdempotencyStore.DEFAULT_TABLE_NAME);
        // As one that finds its tables.
        works(database, JdbcIdempotencyStore.DEFAULT_TABLE_NAME);
        works(database, "Once_Only");
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE SCHEMA shop");
        }
        works(database, "shop.once");
    }

    private static void works(DataSource database, String table) throws SQLException {
        JdbcIdempotencyStore store = JdbcIdempotencyStore.builder(database)
                .tableName(table)
                .clock("(" + Dialect.H2.clock() + ")")
                .build();
        IdempotencyKey key = IdempotencyKey.of("pay", UUID.randomUUID().toString());
        Claim first = claimed(store.claim(request(key)));
        assertThat(store.claim(request(key))).isInstanceOf(ClaimResult.InProgress.class);
        assertThat(store.renew(Set.of(first), LEASE).renewed()).containsExactly(first);
        RecordedStep step = new RecordedStep("reserve", RECEIPT);
        assertThat(store.recordStep(first, new RecordedStep("reserve", null))).isTrue();
        assertThat(store.recordStep(first, step)).isTrue();
        assertThat(store.findSteps(key)).extracting(RecordedStep::name).containsExactly("reserve");
        assertThat(store.release(first, RETENTION)).isTrue();
        ClaimResult.Claimed again = (ClaimResult.Claimed) store.claim(request(key));
        assertThat(again.steps()).hasSize(1);
        assertThat(store.abandon(again.claim())).isTrue();
        assertThat(store.list(RecordQuery.abandoned()))
                .extracting(IdempotencyRecord::key)
                .contains(key);
        ClaimResult.Claimed taken = store.takeOver(key, again.claim().fencingToken(), UUID.randomUUID(), LEASE);
        assertThat(taken).isNotNull();
        assertThat(store.complete(taken.claim(), RECEIPT, RETENTION)).isTrue();
        assertThat(store.claim(request(key))).isInstanceOf(ClaimResult.Completed.class);
        IdempotencyRecord record = store.find(key);
        assertThat(record).isNotNull();
        assertThat(record.outcome()).isEqualTo(RECEIPT);
        assertThat(store.forget(key, record.fencingToken())).isTrue();
        Claim free = claimed(store.claim(request(key)));
        assertThat(store.release(free)).isTrue();
        assertThat(store.purge(10)).isZero();
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            Claim inTransaction = claimed(store.claimOn(connection, request(key)));
            assertThat(store.completeOn(connection, inTransaction, RECEIPT, RETENTION))
                    .isTrue();
            connection.commit();
        }
        // What is purged is due a minute before.
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE " + table + " SET retained_until = 1");
        }
        assertThat(store.purge(10)).isEqualTo(List.of(key).size());
    }
}
