package io.idempotent.spring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.transaction.autoconfigure.TransactionAutoConfiguration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.AbstractPlatformTransactionManager;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.transaction.support.TransactionTemplate;

@ExtendWith(OutputCaptureExtension.class)
class JdbcStoreAutoConfigurationTest {

    private int databases;

    static class Service {
        private int runs;

        @Idempotent(key = "#id", operation = "pay")
        public String pay(String id) {
            return id + ++runs;
        }
    }

    private final ApplicationContextRunner boot = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    IdempotencyAutoConfiguration.class, JdbcStoreAutoConfiguration.class, AopAutoConfiguration.class))
            .withBean(Service.class);

    private DataSource database() {
        JdbcDataSource database = new JdbcDataSource();
        database.setUrl(
                "jdbc:h2:mem:" + getClass().getSimpleName() + System.nanoTime() + ++databases + ";DB_CLOSE_DELAY=-1");
        return database;
    }

    private static long records(DataSource database, String table) {
        return JdbcClient.create(database)
                .sql("SELECT COUNT(*) FROM " + table)
                .query(Long.class)
                .single();
    }

    @Test
    void recordsAreKeptInTheOnlyDatabaseThereIs() {
        DataSource database = database();
        boot.withBean(DataSource.class, () -> database).run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(service.pay("a")).isEqualTo("a1");
            assertThat(service.pay("a")).isEqualTo("a1");
            assertThat(records(database, "idempotency_record")).isEqualTo(1);
        });
        boot.withBean(DataSource.class, () -> database)
                .run(context -> assertThat(context.getBean(Service.class).pay("a"))
                        .as("after a restart")
                        .isEqualTo("a1"));
    }

    @Test
    void anotherStoreCanBeChosenAndNoTableIsLookedFor() {
        DataSource database = database();
        boot.withBean(DataSource.class, () -> database)
                .withPropertyValues("idempotent.store=caffeine", "idempotent.jdbc.initialize-schema=never")
                .run(context -> {
                    assertThat(context.getBean(Service.class).pay("a")).isEqualTo("a1");
                    assertThat(context.getBean(CaffeineIdempotencyStore.class).size())
                            .isEqualTo(1);
                });
    }

    @Test
    void aMissingTableStopsTheStartWithTheSqlThatMakesIt() {
        boot.withBean(DataSource.class, this::database)
                .withPropertyValues("idempotent.jdbc.initialize-schema=never")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOfSatisfying(
                                IdempotencyConfigurationException.class,
                                refusal -> assertThat(refusal.action()).contains("CREATE TABLE")));
    }

    @Test
    void ofSeveralDatabasesOneIsNamed() {
        DataSource records = database();
        ApplicationContextRunner two = boot.withBean("orders", DataSource.class, this::database)
                .withBean("records", DataSource.class, () -> records);
        two.run(context -> assertThat(context)
                .getFailure()
                .rootCause()
                .satisfies(failure -> assertThat(failure).hasMessageContaining("orders,records")));
        two.withPropertyValues("idempotent.jdbc.data-source=records", "idempotent.jdbc.table-name=once")
                .run(context -> {
                    assertThat(context.getBean(Service.class).pay("a")).isEqualTo("a1");
                    assertThat(records(records, "once")).isEqualTo(1);
                });
    }

    static class AtomicService {
        private final JdbcClient jdbc;

        AtomicService(DataSource dataSource) {
            this.jdbc = JdbcClient.create(dataSource);
        }

        @Idempotent(key = "#id", operation = "pay-atomically", atomic = true)
        public String pay(String id) {
            jdbc.sql("INSERT INTO payment VALUES (?)").param(id).update();
            return id;
        }
    }

    @Test
    void aStoreWithConnectionsOfItsOwnTakesPartInTransactionsOnTheSameDatabase() {
        JdbcDataSource callers = (JdbcDataSource) database();
        JdbcClient.create(callers).sql("CREATE TABLE payment (id VARCHAR(100))").update();
        JdbcDataSource records = new JdbcDataSource();
        records.setUrl(callers.getUrl());
        boot.withBean("callers", DataSource.class, () -> callers, definition -> definition.setPrimary(true))
                .withBean("records", DataSource.class, () -> records)
                .withBean(PlatformTransactionManager.class, () -> new JdbcTransactionManager(callers))
                .withBean(AtomicService.class)
                .withConfiguration(AutoConfigurations.of(TransactionAutoConfiguration.class))
                .withPropertyValues("idempotent.jdbc.data-source=records")
                .run(context -> {
                    TransactionTemplate transaction =
                            new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
                    transaction.executeWithoutResult(status -> {
                        context.getBean(AtomicService.class).pay("a");
                        assertThat(records(records, "idempotency_record"))
                                .as("seen by others")
                                .isZero();
                    });
                    assertThat(records(callers, "idempotency_record")).isEqualTo(1);
                    assertThat(records(callers, "payment")).isEqualTo(1);
                });
    }

    @Test
    void aStoreOnAnotherDatabaseTakesPartInNoTransaction() {
        DataSource callers = database();
        DataSource records = database();
        boot.withBean("callers", DataSource.class, () -> callers, definition -> definition.setPrimary(true))
                .withBean("records", DataSource.class, () -> records)
                .withBean(PlatformTransactionManager.class, () -> new JdbcTransactionManager(callers))
                .withBean(AtomicService.class)
                .withConfiguration(AutoConfigurations.of(TransactionAutoConfiguration.class))
                .withPropertyValues("idempotent.jdbc.data-source=records")
                .run(context -> assertThat(context.getStartupFailure())
                        .isInstanceOf(IdempotencyConfigurationException.class)
                        .hasMessageContaining("does not begin transactions on the very DataSource"));
    }

    @Test
    void aDataSourceThatJoinsTransactionsIsNotJoined() {
        DataSource database = database();
        boot.withBean(DataSource.class, () -> new TransactionAwareDataSourceProxy(database))
                .run(context -> assertThat(
                                context.getBean(JdbcIdempotencyStore.class).dataSource())
                        .isSameAs(database));
    }

    private ApplicationContextRunner withPool(int connections) {
        HikariConfig pool = new HikariConfig();
        pool.setDataSource(database());
        pool.setMaximumPoolSize(connections);
        return boot.withBean("orders", HikariDataSource.class, () -> new HikariDataSource(pool))
                .withInitializer(context -> ((GenericApplicationContext) context)
                        .registerBean(
                                "transactions",
                                JdbcTransactionManager.class,
                                () -> new JdbcTransactionManager(context.getBean(DataSource.class))));
    }

    @Test
    void callersInTransactionsThatCannotGetAConnectionForTheStoreAreTold(CapturedOutput output) {
        withPool(1).run(context -> {
            assertThat(output)
                    .containsOnlyOnce("The JDBC idempotency store takes its connections from the DataSource of the"
                            + " transactions of [transactions], which has 1 at most: when callers in transactions"
                            + " hold all"
                            + " that there are, each of them waits for one more to claim its key with, and is"
                            + " refused by an"
                            + " IdempotencyStoreException when the pool's patience is over. Set"
                            + " idempotent.jdbc.data-source to the bean name of another DataSource on the same"
                            + " database,"
                            + " a small pool");
            try (GenericApplicationContext child = new GenericApplicationContext(context)) {
                child.refresh();
            }
            assertThat(output).as("once").containsOnlyOnce("takes its connections from");
        });
    }

    @Test
    void theUsualApplicationStartsWithoutAWarning(CapturedOutput output) {
        withPool(10).run(context -> assertThat(context).hasNotFailed());
        assertThat(output).doesNotContain("takes its connections from").doesNotContain("WARN io.idempotent");
    }

    @Test
    void nobodyIsWarnedOfSharedConnectionsWhereNoneAreSharedOrItIsMeant(CapturedOutput output) {
        DataSource database = database();
        ApplicationContextRunner sharing = boot.withBean("orders", DataSource.class, () -> database)
                .withBean("transactions", JdbcTransactionManager.class, () -> new JdbcTransactionManager(database));
        sharing.withPropertyValues("idempotent.jdbc.data-source=orders")
                .run(context -> assertThat(context).hasNotFailed());
        sharing.withPropertyValues("idempotent.store=caffeine")
                .run(context -> assertThat(context).hasNotFailed());
        boot.withBean("orders", DataSource.class, () -> database)
                .withBean("elsewhere", JdbcTransactionManager.class, () -> new JdbcTransactionManager(database()))
                .withBean("nowhere", PlatformTransactionManager.class, PseudoTransactionManager::new)
                .run(context -> assertThat(context).hasNotFailed());
        assertThat(output).doesNotContain("takes its connections from");
    }

    /** Of no database: JTA's says as little. */
    private static final class PseudoTransactionManager extends AbstractPlatformTransactionManager {

        private static final long serialVersionUID = 1L;

        @Override
        protected Object doGetTransaction() {
            return this;
        }

        @Override
        protected void doBegin(Object transaction, TransactionDefinition definition) {}

        @Override
        protected void doCommit(DefaultTransactionStatus status) {}

        @Override
        protected void doRollback(DefaultTransactionStatus status) {}
    }
}
