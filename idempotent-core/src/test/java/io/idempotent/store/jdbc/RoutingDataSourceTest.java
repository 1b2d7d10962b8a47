package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.RenewalResult;
import java.io.PrintWriter;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Logger;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Data sources that lead each thread to a database of its own: refused as far as they can be recognised, and else told.
 */
final class RoutingDataSourceTest {

    private static final Duration LEASE = Duration.ofSeconds(30);

    private static final ThreadLocal<@Nullable DataSource> TENANT = new ThreadLocal<>();

    private final DataSource one = database();
    private final DataSource two = database();

    @AfterEach
    void leave() {
        TENANT.remove();
    }

    private static DataSource database() {
        JdbcDataSource database = new JdbcDataSource();
        database.setUrl("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
        return database;
    }

    /** What a data source of one's own has to have, and says nothing by. */
    private abstract static class Plain implements DataSource {

        @Override
        public Connection getConnection(String user, String password) throws SQLException {
            return getConnection();
        }

        @Override
        public @Nullable PrintWriter getLogWriter() {
            return null;
        }

        @Override
        public void setLogWriter(PrintWriter out) {}

        @Override
        public void setLoginTimeout(int seconds) {}

        @Override
        public int getLoginTimeout() {
            return 0;
        }

        @Override
        public Logger getParentLogger() throws SQLFeatureNotSupportedException {
            throw new SQLFeatureNotSupportedException();
        }

        @Override
        public <T> T unwrap(Class<T> type) throws SQLException {
            throw new SQLException("says nothing");
        }

        @Override
        public boolean isWrapperFor(Class<?> type) {
            return false;
        }
    }

    /** Looks at the thread, and cannot be recognised. */
    private static final class ByThread extends Plain {

        private final @Nullable DataSource otherwise;

        ByThread(@Nullable DataSource otherwise) {
            this.otherwise = otherwise;
        }

        @Override
        public Connection getConnection() throws SQLException {
            DataSource target = TENANT.get() != null ? TENANT.get() : otherwise;
            if (target == null) {
                throw new IllegalStateException("no tenant");
            }
            return target.getConnection();
        }
    }

    /** Named as such data sources are. */
    private static class TenantRoutingDataSource extends Plain {

        @Override
        public Connection getConnection() throws SQLException {
            throw new SQLException("not to be asked");
        }
    }

    private static final class ShopDataSource extends TenantRoutingDataSource {}

    private static final class Wrapping extends Plain {

        private final Object target;

        Wrapping(Object target) {
            this.target = target;
        }

        @Override
        public Connection getConnection() throws SQLException {
            return ((DataSource) target).getConnection();
        }
    }

    private static final class WithGetter extends Plain {

        private final List<Object> hidden;

        WithGetter(Object target) {
            this.hidden = List.of(target);
        }

        @SuppressWarnings({"unused", "EffectivelyPrivate"}) // asked by reflection
        public Object getDataSource() {
            return hidden.get(0);
        }

        @Override
        public Connection getConnection() throws SQLException {
            return ((DataSource) hidden.get(0)).getConnection();
        }
    }

    private static final class Handler implements InvocationHandler {

        private final DataSource target;

        Handler(DataSource target) {
            this.target = target;
        }

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            return method.invoke(target, arguments);
        }
    }

    private static DataSource proxy(InvocationHandler handler) {
        return (DataSource) Proxy.newProxyInstance(
                RoutingDataSourceTest.class.getClassLoader(), new Class<?>[] {DataSource.class}, handler);
    }

    static Stream<DataSource> recognised() {
        DataSource routing = new ShopDataSource();
        HikariConfig pool = new HikariConfig();
        pool.setDataSource(routing);
        pool.setInitializationFailTimeout(-1);
        pool.setMinimumIdle(0);
        return Stream.of(
                routing,
                new Wrapping(routing),
                new Wrapping(new Wrapping(new WithGetter(routing))),
                new WithGetter(new Wrapping(routing)),
                proxy(new Handler(routing)),
                proxy((proxy, method, arguments) -> method.invoke(routing, arguments)),
                new Wrapping(proxy(new Handler(new Wrapping(routing)))),
                new HikariDataSource(pool));
    }

    @ParameterizedTest
    @MethodSource("recognised")
    void oneThatIsRecognisedIsRefusedBeforeItIsAsked(DataSource dataSource) throws Exception {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> JdbcIdempotencyStore.builder(dataSource).build())
                .withMessageContaining("leads each thread to a database of its own (")
                .withMessageContaining("TenantRoutingDataSource")
                .satisfies(refusal -> assertThat(refusal.action())
                        .contains("idempotent.jdbc.data-source")
                        .contains("a JdbcIdempotencyStore bean for each tenant's database"));
        if (dataSource instanceof AutoCloseable pool) {
            pool.close();
        }
    }

    @Test
    void oneThatLeadsOtherThreadsElsewhereIsRefused() {
        TENANT.set(one);
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(
                        () -> JdbcIdempotencyStore.builder(new ByThread(two)).build())
                .withMessageContaining("to another database, user, catalog or schema");
    }

    @Test
    void oneThatLeadsOtherThreadsNowhereIsRefused() {
        TENANT.set(one);
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(
                        () -> JdbcIdempotencyStore.builder(new ByThread(null)).build())
                .withMessageContaining("no tenant");
    }

    private static ClaimRequest request(IdempotencyKey key) {
        return new ClaimRequest(key, UUID.randomUUID(), Fingerprint.none(), LEASE, true);
    }

    private static Claim claimed(ClaimResult result) {
        return ((ClaimResult.Claimed) result).claim();
    }

    @Test
    void aClaimInAnotherDatabaseIsToldAtOnceAndWhenItsLeaseIsNotRenewed() {
        JdbcIdempotencyStore.builder(one).build();
        List<String> told = new ArrayList<>();
        JdbcIdempotencyStore store = JdbcIdempotencyStore.builder(new ByThread(two))
                .errorHandler((message, failure) -> told.add(message))
                .build();
        Claim home = claimed(store.claim(request(IdempotencyKey.of("pay", "home"))));
        assertThat(told).isEmpty();
        TENANT.set(one);
        Claim away = claimed(store.claim(request(IdempotencyKey.of("pay", "away"))));
        claimed(store.claim(request(IdempotencyKey.of("pay", "another"))));
        assertThat(told)
                .singleElement()
                .asString()
                .contains("and now claims keys in jdbc:h2:mem:")
                .contains("idempotent.jdbc.data-source");

        IdempotencyStoreException refusal = CompletableFuture.supplyAsync(() ->
                        catchThrowableOfType(IdempotencyStoreException.class, () -> store.renew(List.of(away), LEASE)))
                .join();
        String missing = "The lease of idempotency key 'pay:away' was to be renewed in the database";
        assertThat(refusal).hasMessageContaining(missing).hasMessageContaining("idempotent.jdbc.data-source");
        for (int times = 0; times < 2; times++) {
            RenewalResult both = CompletableFuture.supplyAsync(() -> store.renew(List.of(home, away), LEASE))
                    .join();
            assertThat(both.renewed()).containsExactly(home);
            assertThat(both.undecided()).containsExactly(away);
        }
        assertThat(told).hasSize(2).last().asString().contains(missing);
        assertThat(CompletableFuture.supplyAsync(
                                () -> store.renew(Set.of(home), LEASE).renewed())
                        .join())
                .containsExactly(home);
        assertThat(store.release(away)).isTrue();
    }

    /** A data source whose driver says these URLs, one after the other, and then the last again. */
    private static DataSource saying(DataSource database, String... urls) {
        AtomicInteger connections = new AtomicInteger();
        return proxy((proxy, method, arguments) -> {
            Object answer = method.invoke(database, arguments);
            if (!(answer instanceof Connection connection)) {
                return answer;
            }
            String url = urls[Math.min(connections.getAndIncrement(), urls.length - 1)];
            return Proxy.newProxyInstance(
                    Connection.class.getClassLoader(),
                    new Class<?>[] {Connection.class},
                    (same, called, values) -> called.getName().equals("getMetaData")
                            ? metaData(connection.getMetaData(), url)
                            : called.invoke(connection, values));
        });
    }

    private static Object metaData(DatabaseMetaData database, @Nullable String url) {
        return Proxy.newProxyInstance(
                DatabaseMetaData.class.getClassLoader(),
                new Class<?>[] {DatabaseMetaData.class},
                (same, called, values) -> called.getName().equals("getURL") ? url : called.invoke(database, values));
    }

    private void isNoOtherDatabase(String... urls) {
        List<String> told = new ArrayList<>();
        JdbcIdempotencyStore store = JdbcIdempotencyStore.builder(saying(one, urls))
                .schemaInitialization(SchemaInitialization.ALWAYS)
                .errorHandler((message, failure) -> told.add(message))
                .build();
        Claim claim = claimed(store.claim(request(IdempotencyKey.of("pay", "4711"))));
        assertThat(store.renew(Set.of(claim), LEASE).renewed()).containsExactly(claim);
        assertThat(store.release(claim)).isTrue();
        assertThat(store.renew(Set.of(claim), LEASE)).isEqualTo(RenewalResult.of(Set.of()));
        assertThat(told).isEmpty();
    }

    @Test
    void aUrlThatDiffersByItsParametersAndItsUserIsNoOtherDatabase() {
        isNoOtherDatabase(
                "jdbc:postgresql://shop/records",
                "jdbc:postgresql://shop/records?user=a",
                "jdbc:postgresql://b:secret@shop/records?ssl=true",
                "jdbc:postgresql://shop/records;d=e");
    }

    @Test
    void aDriverThatDoesNotSayItsUrlLeadsToNoOtherDatabase() {
        isNoOtherDatabase((String) null);
    }

    @Test
    void aClaimThatIsLostInItsOwnDatabaseIsJustLost() {
        JdbcIdempotencyStore store = JdbcIdempotencyStore.builder(one).build();
        Claim claim = claimed(store.claim(request(IdempotencyKey.of("pay", "4711"))));
        assertThat(store.release(claim)).isTrue();
        assertThat(store.renew(Set.of(claim), LEASE).renewed()).isEmpty();
    }

    @Test
    void callersWhoseTransactionsAreNowHereAndNowThereAreNotJoined() {
        TenantRoutingDataSource callers = new TenantRoutingDataSource();
        assertThat(JdbcIdempotencyStore.builder(one)
                        .transactionsOf(callers)
                        .build()
                        .dataSource())
                .isSameAs(one);
    }
}
