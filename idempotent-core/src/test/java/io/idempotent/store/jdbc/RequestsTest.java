package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;

/** Requests that are made again, since somebody else was faster. */
final class RequestsTest {

    private static final IdempotencyKey KEY = IdempotencyKey.of("pay", "4711");

    /** How many of the next updates find that somebody else was faster. */
    private final AtomicInteger late = new AtomicInteger();

    private final AtomicInteger connections = new AtomicInteger();

    private final JdbcIdempotencyStore store =
            JdbcIdempotencyStore.builder(late(database())).build();

    private static DataSource database() {
        JdbcDataSource database = new JdbcDataSource();
        database.setUrl("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
        return database;
    }

    private DataSource late(DataSource database) {
        return proxy(DataSource.class, (proxy, method, arguments) -> {
            Object answer = method.invoke(database, arguments);
            return answer instanceof Connection connection ? late(connection) : answer;
        });
    }

    private Connection late(Connection connection) {
        connections.incrementAndGet();
        return proxy(Connection.class, (proxy, method, arguments) -> {
            Object answer = method.invoke(connection, arguments);
            return answer instanceof PreparedStatement statement
                            && arguments[0].toString().startsWith("UPDATE")
                            && late.getAndDecrement() > 0
                    ? late(statement)
                    : answer;
        });
    }

    private static PreparedStatement late(PreparedStatement statement) {
        return proxy(
                PreparedStatement.class,
                (proxy, method, arguments) ->
                        method.getName().equals("executeUpdate") ? 0 : method.invoke(statement, arguments));
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static ClaimRequest request() {
        return new ClaimRequest(KEY, UUID.randomUUID(), Fingerprint.none(), Duration.ofSeconds(30), true);
    }

    private void abandoned() {
        Claim claim = ((ClaimResult.Claimed) store.claim(request())).claim();
        assertThat(store.abandon(claim)).isTrue();
        connections.set(0);
    }

    @Test
    void aClaimBeginsAgainIfSomebodyElseWasFaster() {
        abandoned();
        late.set(3);

        assertThat(store.claim(request())).isInstanceOf(ClaimResult.Claimed.class);

        // One for each try, and one for the steps.
        assertThat(connections).hasValue(5);
    }

    @Test
    void aClaimThatAlwaysComesLateGivesUpAfterAHundredTriesAndPauses() {
        abandoned();
        late.set(Integer.MAX_VALUE);

        long begin = System.nanoTime();
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> store.claim(request()))
                .withMessageContaining("The JDBC store failed to claim idempotency key 'pay:4711'")
                .withMessageContaining("nothing was changed")
                .withStackTraceContaining("others changed the row in between")
                .satisfies(failure -> assertThat(failure.isTransient()).isTrue());

        assertThat(connections).hasValue(100);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofSeconds(2));
    }
}
