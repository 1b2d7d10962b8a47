package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.RenewalResult;
import java.lang.reflect.Proxy;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;

/** So many renewals that one statement does not take them all. */
final class RenewalInPartsTest {

    private static final Duration LEASE = Duration.ofMinutes(1);

    private final AtomicInteger connections = new AtomicInteger(Integer.MAX_VALUE);

    private final JdbcIdempotencyStore store =
            JdbcIdempotencyStore.builder(counting(database())).build();

    private final List<Claim> claims =
            IntStream.range(0, 300).mapToObj(this::claim).toList();

    private Claim claim(int number) {
        ClaimResult result = store.claim(new ClaimRequest(
                IdempotencyKey.of("pay", "key-" + number), UUID.randomUUID(), Fingerprint.none(), LEASE, true));
        return ((ClaimResult.Claimed) result).claim();
    }

    @Test
    void aPartThatFailsIsUndecidedAndTheOthersAreRenewed() {
        connections.set(1);
        RenewalResult result = store.renew(claims, LEASE);
        assertThat(result.renewed()).containsExactlyInAnyOrderElementsOf(claims.subList(0, 256));
        assertThat(result.undecided()).containsExactlyInAnyOrderElementsOf(claims.subList(256, 300));
    }

    @Test
    void itFailsIfNoPartIsRenewed() {
        connections.set(0);
        assertThatExceptionOfType(IdempotencyStoreException.class).isThrownBy(() -> store.renew(claims, LEASE));
    }

    private static DataSource database() {
        JdbcDataSource database = new JdbcDataSource();
        database.setUrl("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
        return database;
    }

    /** Gives so many connections more, and none after them. */
    private DataSource counting(DataSource database) {
        return (DataSource) Proxy.newProxyInstance(
                DataSource.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection") && connections.getAndDecrement() <= 0) {
                        throw new SQLException("no more connections", "08001");
                    }
                    return method.invoke(database, arguments);
                });
    }
}
