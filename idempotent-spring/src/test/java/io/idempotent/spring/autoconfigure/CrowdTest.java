package io.idempotent.spring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.OnOneJdk;
import io.idempotent.server.Database;
import io.idempotent.server.MariaDbServer;
import io.idempotent.server.PostgresServer;
import io.idempotent.server.Server;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.test.util.AopTestUtils;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Many callers and ten connections, which the JDBC store shares with the callers' transactions unless it is told
 * otherwise.
 */
@OnOneJdk("the same waits and locks")
class CrowdTest {

    private static final int CONNECTIONS = 10;
    private static final int DUPLICATES = 1_000;
    private static final String CROWDED = "crowded";

    /** How the operation is protected. */
    enum Mode {
        LEASED {
            @Override
            String pay(Payments payments, String id) throws InterruptedException {
                return payments.leased(id);
            }
        };

        abstract String pay(Payments payments, String id) throws InterruptedException;

        IdempotencyKey key(String id) {
            return IdempotencyKey.of("payments-" + name().toLowerCase(Locale.ROOT), id);
        }
    }

    /** Pays at once, but for the key that there is a crowd for. */
    static class Payments {

        private final Set<String> paid = ConcurrentHashMap.newKeySet();
        private final AtomicInteger runs = new AtomicInteger();
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch mayEnd = new CountDownLatch(1);

        @Idempotent(key = "#id", waitAtMost = "10s")
        public String leased(String id) throws InterruptedException {
            return pay(id);
        }

        private String pay(String id) throws InterruptedException {
            String receipt = id + " by run " + runs.incrementAndGet();
            paid.add(id);
            if (id.equals(CROWDED)) {
                begun.countDown();
                if (!mayEnd.await(20, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("Nobody let it end");
                }
            }
            return receipt;
        }
    }

    /** A pool that counts those to whom it could not give a connection in time. */
    private static final class Pool extends HikariDataSource {

        private final AtomicInteger refusals;

        Pool(Database database, Duration connectionTimeout) {
            this(database, connectionTimeout, new AtomicInteger());
        }

        private Pool(Database database, Duration connectionTimeout, AtomicInteger refusals) {
            super(config(database, connectionTimeout, refusals));
            this.refusals = refusals;
        }

        private static HikariConfig config(Database database, Duration connectionTimeout, AtomicInteger refusals) {
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl(database.url());
            config.setMaximumPoolSize(CONNECTIONS);
            config.setConnectionTimeout(connectionTimeout.toMillis());
            config.setMetricsTrackerFactory((name, statistics) -> new IMetricsTracker() {
                @Override
                public void recordConnectionTimeout() {
                    refusals.incrementAndGet();
                }
            });
            return config;
        }
    }

    static Stream<Arguments> cases() {
        return Stream.of(Server.POSTGRES_18, Server.MARIADB)
                .filter(Server::isWanted)
                .flatMap(server -> Stream.of(Mode.values()).map(mode -> Arguments.of(server, mode)));
    }

    private static Database database(Server server) {
        return (server == Server.MARIADB ? MariaDbServer.shared() : PostgresServer.version18()).newDatabase("crowd");
    }

    private static ApplicationContextRunner application(Pool pool) {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(
                        IdempotencyAutoConfiguration.class,
                        JdbcStoreAutoConfiguration.class,
                        AopAutoConfiguration.class))
                .withPropertyValues("idempotent.jdbc.initialize-schema=always")
                .withBean("orders", Pool.class, () -> pool)
                .withBean(JdbcTransactionManager.class, () -> new JdbcTransactionManager(pool))
                .withBean(Payments.class);
    }

    private interface Call {
        @Nullable
        String make() throws Exception;
    }

    /** Calls on a thread of its own. */
    private static final class Caller extends FutureTask<@Nullable String> {

        private final Thread thread = new Thread(this);

        Caller(Call call) {
            super(call::make);
            thread.setDaemon(true);
            thread.start();
        }

        boolean isWaiting() {
            return thread.getState() == Thread.State.TIMED_WAITING;
        }

        @Nullable
        String answer() throws Exception {
            return get(20, TimeUnit.SECONDS);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aThousandDuplicatesWaitForOneExecutionWithoutAConnectionThatOthersNeed(Server server, Mode mode) {
        Pool pool = new Pool(database(server), Duration.ofSeconds(5));
        application(pool).run(context -> {
            Payments payments = context.getBean(Payments.class);
            Payments target = AopTestUtils.getTargetObject(payments);
            Caller first = new Caller(() -> mode.pay(payments, CROWDED));
            assertThat(target.begun.await(20, TimeUnit.SECONDS)).isTrue();
            List<Caller> duplicates = new ArrayList<>();
            for (int number = 0; number < DUPLICATES; number++) {
                duplicates.add(new Caller(() -> mode.pay(payments, CROWDED)));
            }
            await().untilAsserted(() -> {
                assertThat(pool.getHikariPoolMXBean().getThreadsAwaitingConnection())
                        .isZero();
                assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
                assertThat(duplicates).allMatch(Caller::isWaiting);
            });

            for (int number = 0; number < 2 * CONNECTIONS; number++) {
                String other = "other-" + number;
                assertThat(new Caller(() -> mode.pay(payments, other)).answer()).startsWith(other);
            }
            assertThat(first).isNotDone();
            assertThat(duplicates).noneMatch(Caller::isDone);

            target.mayEnd.countDown();
            assertThat(first.answer()).isEqualTo(CROWDED + " by run 1");
            for (Caller duplicate : duplicates) {
                assertThat(duplicate.answer()).isEqualTo(CROWDED + " by run 1");
            }
            assertThat(target.runs).hasValue(1 + 2 * CONNECTIONS);
            assertThat(pool.refusals).hasValue(0);
        });
    }

    /**
     * Calls of as many keys, in as many transactions, as there are connections, when the transactions have them all.
     */
    private static List<Caller> callInTransactions(ApplicationContext context, Mode mode) {
        Payments payments = context.getBean(Payments.class);
        TransactionTemplate transaction = new TransactionTemplate(context.getBean(JdbcTransactionManager.class));
        CyclicBarrier allTaken = new CyclicBarrier(CONNECTIONS);
        List<Caller> callers = new ArrayList<>();
        for (int number = 0; number < CONNECTIONS; number++) {
            String id = "order-" + number;
            callers.add(new Caller(() -> transaction.execute(status -> {
                try {
                    allTaken.await(60, TimeUnit.SECONDS);
                    return mode.pay(payments, id);
                } catch (InterruptedException | BrokenBarrierException | TimeoutException failure) {
                    throw new IllegalStateException("Not all transactions began", failure);
                }
            })));
        }
        return callers;
    }

    private static boolean isCompleted(ApplicationContext context, IdempotencyKey key) {
        IdempotencyRecord record = context.getBean(JdbcIdempotencyStore.class).find(key);
        return record != null && record.outcome() != null;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void callersWhoseTransactionsHoldAllConnectionsAreProtectedOrRefusedInTime(Server server, Mode mode) {
        Duration patience = Duration.ofSeconds(2);
        Pool pool = new Pool(database(server), patience);
        application(pool).run(context -> {
            long begin = System.nanoTime();
            List<Caller> callers = callInTransactions(context, mode);
            await().until(() -> callers.stream().allMatch(Caller::isDone));
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .as("nobody waits for a connection twice")
                    .isLessThan(patience.multipliedBy(2));
            Payments target = AopTestUtils.getTargetObject(context.getBean(Payments.class));
            for (int number = 0; number < CONNECTIONS; number++) {
                String id = "order-" + number;
                try {
                    assertThat(callers.get(number).answer()).startsWith(id);
                    assertThat(isCompleted(context, mode.key(id))).isTrue();
                } catch (ExecutionException failure) {
                    assertThat(failure).hasCauseInstanceOf(IdempotencyStoreException.class);
                    assertThat(target.paid).doesNotContain(id);
                }
            }
        });
    }

    @ParameterizedTest
    @MethodSource("cases")
    void callersWhoseTransactionsHoldAllConnectionsAreServedWhereTheStoreHasItsOwn(Server server, Mode mode) {
        Database database = database(server);
        Pool pool = new Pool(database, Duration.ofSeconds(1));
        Pool records = new Pool(database, Duration.ofSeconds(5));
        application(pool)
                .withBean("records", Pool.class, () -> records)
                .withPropertyValues("idempotent.jdbc.data-source=records")
                .run(context -> {
                    List<Caller> callers = callInTransactions(context, mode);
                    for (int number = 0; number < CONNECTIONS; number++) {
                        String id = "order-" + number;
                        assertThat(callers.get(number).answer()).startsWith(id);
                        assertThat(isCompleted(context, mode.key(id))).isTrue();
                    }
                    assertThat(pool.refusals).hasValue(0);
                    assertThat(records.refusals).hasValue(0);
                });
    }
}
