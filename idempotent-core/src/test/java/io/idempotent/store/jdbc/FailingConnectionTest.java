package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedStep;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;

/** What a request leaves behind when its connection fails in the middle of it. */
final class FailingConnectionTest {

    private static final IdempotencyKey KEY = IdempotencyKey.of("pay", "4711");

    private static final RecordedOutcome RECEIPT =
            new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, new byte[] {1});

    private static final Duration RETENTION = Duration.ofHours(1);

    private final JdbcDataSource database = new JdbcDataSource();

    /** What was asked of connections: statements by their beginning, and the rest by name and argument. */
    private final List<String> asked = new ArrayList<>();

    /** What is thrown instead of the next call that begins like this, or like this after how often it was asked. */
    private final Map<String, Throwable> failures = new LinkedHashMap<>();

    private final JdbcIdempotencyStore store;

    private boolean autoCommit = true;

    FailingConnectionTest() {
        database.setUrl("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
        store = JdbcIdempotencyStore.builder(failing(database)).build();
    }

    private DataSource failing(DataSource real) {
        return proxy(DataSource.class, (proxy, method, arguments) -> {
            Object answer = invoke(() -> method.invoke(real, arguments));
            if (!(answer instanceof Connection connection)) {
                return answer;
            }
            connection.setAutoCommit(autoCommit);
            return failing(connection);
        });
    }

    private Connection failing(Connection real) {
        return proxy(Connection.class, (proxy, method, arguments) -> {
            String call = method.getName().startsWith("prepareStatement")
                    ? arguments[0].toString()
                    : method.getName() + (method.getName().equals("setAutoCommit") ? " " + arguments[0] : "");
            asked.add(call);
            String counted = asked.stream().filter(call::equals).count() + " " + call;
            Optional<String> failing = failures.keySet().stream()
                    .filter(beginning -> call.startsWith(beginning) || counted.startsWith(beginning))
                    .findFirst();
            if (failing.isPresent()) {
                throw failures.remove(failing.get());
            }
            return invoke(() -> method.invoke(real, arguments));
        });
    }

    private interface Invocation {
        Object make() throws IllegalAccessException, InvocationTargetException;
    }

    private static Object invoke(Invocation invocation) throws Throwable {
        try {
            return invocation.make();
        } catch (InvocationTargetException failure) {
            throw failure.getCause();
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private Claim claimed(IdempotencyKey key) {
        ClaimResult result =
                store.claim(new ClaimRequest(key, UUID.randomUUID(), Fingerprint.none(), Duration.ofSeconds(30), true));
        Claim claim = ((ClaimResult.Claimed) result).claim();
        asked.clear();
        return claim;
    }

    // The second statement of the transaction in which a claim is released with its steps.
    private static final String SECOND = "UPDATE idempotency_record SET first_token = 0";

    private void assertInProgress() {
        assertThat(store.find(KEY).state()).isInstanceOf(IdempotencyRecord.InProgress.class);
    }

    @Test
    void anErrorBetweenTwoStatementsOfATransactionUndoesTheFirst() {
        Claim claim = claimed(KEY);
        failures.put(SECOND, new StackOverflowError("deep"));
        assertThatExceptionOfType(StackOverflowError.class).isThrownBy(() -> store.release(claim, RETENTION));
        assertThat(failures).isEmpty();
        assertThat(asked).containsSubsequence("setAutoCommit false", "rollback", "setAutoCommit true", "close");
        assertInProgress();
    }

    @Test
    void anErrorUndoesWhatAConnectionThatDoesNotCommitByItselfHasDone() {
        Claim claim = claimed(KEY);
        autoCommit = false;
        failures.put(SECOND, new StackOverflowError("deep"));
        assertThatExceptionOfType(StackOverflowError.class).isThrownBy(() -> store.release(claim, RETENTION));
        assertThat(asked).containsSubsequence("rollback", "close").doesNotContain("commit", "setAutoCommit true");
        assertInProgress();
    }

    @Test
    void whatCannotBeRolledBackIsNotCommittedAndItsConnectionIsGivenUp() {
        Claim claim = claimed(KEY);
        SQLException first = new SQLException("the disk is slow", "HY000");
        SQLException second = new SQLException("the line is down", "08006");
        failures.put(SECOND, first);
        failures.put("rollback", second);
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> store.release(claim, RETENTION))
                .havingCause()
                .isSameAs(first)
                .satisfies(cause -> assertThat(cause.getSuppressed()).containsExactly(second));
        assertThat(asked).containsSubsequence("abort", "close").doesNotContain("commit", "setAutoCommit true");
        assertInProgress();
    }

    @Test
    void theFirstFailureIsToldWhereTheConnectionCannotBeSetBack() {
        Claim claim = claimed(KEY);
        SQLException first = new SQLException("the disk is slow", "HY000");
        SQLException second = new SQLException("the line is down", "08006");
        failures.put(SECOND, first);
        failures.put("setAutoCommit true", second);
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> store.release(claim, RETENTION))
                .havingCause()
                .isSameAs(first)
                .satisfies(cause -> assertThat(cause.getSuppressed()).containsExactly(second));
        assertThat(asked).containsSubsequence("rollback", "abort", "close");
        assertInProgress();
    }

    private void dueWithSteps(int records) throws SQLException {
        for (int number = 0; number < records; number++) {
            Claim claim = claimed(IdempotencyKey.of("pay", "key-" + number));
            assertThat(store.recordStep(claim, new RecordedStep("send", RECEIPT)))
                    .isTrue();
            assertThat(store.complete(claim, RECEIPT, RETENTION)).isTrue();
        }
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("UPDATE idempotency_record SET retained_until = 1");
        }
        asked.clear();
    }

    @Test
    void aPurgeCountsWhatItRemovedBeforeADeadlock() throws SQLException {
        dueWithSteps(3);
        // The first look for steps removes three, and so there is a second.
        failures.put("2 MERGE INTO idempotency_record_step", new SQLException("deadlock", "40001"));
        assertThat(store.purge(100)).isEqualTo(3);
        assertThat(failures).isEmpty();
    }

    @Test
    void aPurgeGoesOnAfterADeadlockBetweenStepsAndRecords() throws SQLException {
        dueWithSteps(3);
        failures.put("SELECT record_key, retained_until", new SQLException("deadlock", "40001"));
        assertThat(store.purge(100)).isEqualTo(3);
        assertThat(failures).isEmpty();
        // The steps are not looked for again before their records are gone.
        assertThat(asked.stream()
                        .filter(call -> call.contains("_record_step AS purged") || call.startsWith("DELETE"))
                        .map(call -> call.substring(0, 5)))
                .containsExactly("MERGE", "DELET", "MERGE");
    }
}
