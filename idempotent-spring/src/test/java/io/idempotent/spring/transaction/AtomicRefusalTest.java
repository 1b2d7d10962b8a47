package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.WhenStoreFails;
import io.idempotent.store.ReferenceStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.util.List;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** What cannot be atomic is refused at startup, be its bean eager or lazy; and what can be is not. */
class AtomicRefusalTest {

    private static DataSource database(String name) {
        JdbcDataSource database = new JdbcDataSource();
        database.setUrl("jdbc:h2:mem:" + name + System.nanoTime() + ";DB_CLOSE_DELAY=-1");
        return database;
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableTransactionManagement
    static class Inside {}

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableTransactionManagement(order = 0)
    static class Outside {}

    @Configuration(proxyBeanMethods = false)
    static class Records {

        @Bean
        DataSource dataSource() {
            return database("records");
        }

        @Bean
        JdbcIdempotencyStore jdbcIdempotencyStore(DataSource dataSource) {
            return JdbcIdempotencyStore.builder(dataSource)
                    .schemaInitialization(SchemaInitialization.ALWAYS)
                    .build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Transactions {

        @Bean
        JdbcTransactionManager transactions(DataSource dataSource) {
            return new JdbcTransactionManager(dataSource);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class PrimaryTransactions {

        @Bean
        @Primary
        JdbcTransactionManager transactions(DataSource dataSource) {
            return new JdbcTransactionManager(dataSource);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class TransactionsElsewhere {

        @Bean
        JdbcTransactionManager elsewhere() {
            return new JdbcTransactionManager(database("elsewhere"));
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class CaffeineRecords {

        @Bean
        DataSource dataSource() {
            return database("unused");
        }

        @Bean
        CaffeineIdempotencyStore caffeineIdempotencyStore() {
            return CaffeineIdempotencyStore.builder().build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class RecordsByValue {

        @Bean
        DataSource dataSource() {
            return database("unused");
        }

        @Bean
        ReferenceStore referenceIdempotencyStore() {
            return new ReferenceStore();
        }
    }

    private static final List<Class<?>> PLAIN = List.of(Inside.class, Records.class, Transactions.class);
    private static final List<Class<?>> SEVERAL =
            List.of(Inside.class, Records.class, Transactions.class, TransactionsElsewhere.class);
    private static final List<Class<?>> PRIMARY_OF_SEVERAL =
            List.of(Inside.class, Records.class, PrimaryTransactions.class, TransactionsElsewhere.class);

    static Stream<Arguments> refusals() {
        return Stream.of(
                refusal(
                        "a transaction of the method's own that is always new",
                        Apart.class,
                        PLAIN,
                        "AtomicRefusalTest$Apart.run(String) is atomic, and its own transaction is REQUIRES_NEW:"
                                + " it would"
                                + " not be the one that the key is claimed in",
                        "let it declare no transaction, or do without atomic"),
                refusal(
                        "a nested transaction",
                        Nested.class,
                        PLAIN,
                        "its own transaction is NESTED",
                        "Use the propagation REQUIRED"),
                refusal(
                        "no transaction of the method's own",
                        Without.class,
                        PLAIN,
                        "its own transaction is NOT_SUPPORTED",
                        "Use the propagation REQUIRED"),
                refusal(
                        "never a transaction",
                        Never.class,
                        PLAIN,
                        "its own transaction is NEVER",
                        "Use the propagation REQUIRED"),
                refusal(
                        "a transaction that only reads",
                        ReadOnly.class,
                        PLAIN,
                        "is atomic, and its own transaction is read-only: its key could not be claimed in it",
                        "Make the transaction one that writes, or do without @Idempotent where nothing is written"),
                refusal(
                        "the transaction manager of another data source",
                        Plain.class,
                        List.of(Inside.class, Records.class, TransactionsElsewhere.class),
                        "its transaction manager org.springframework.jdbc.support.JdbcTransactionManager does not begin"
                                + " transactions on the very DataSource that the store keeps its records in",
                        "Set transactionManager to the bean name of one that does, or idempotent.jdbc.data-source"),
                refusal(
                        "a transaction manager of another data source, by the method's own transaction",
                        OwnElsewhere.class,
                        SEVERAL,
                        "does not begin transactions on the very DataSource",
                        "Set transactionManager to the bean name of one that does"),
                refusal(
                        "no transaction manager",
                        Plain.class,
                        List.of(Inside.class, Records.class),
                        "it is not clear which transaction manager begins its transactions",
                        "Declare one for the store's DataSource, or set transactionManager to its bean name"),
                refusal(
                        "several transaction managers and none chosen",
                        Plain.class,
                        SEVERAL,
                        "it is not clear which transaction manager begins its transactions",
                        "set transactionManager to its bean name"),
                refusal(
                        "a transaction manager that there is not",
                        ByNobody.class,
                        PLAIN,
                        "it is not clear which transaction manager begins its transactions",
                        "set transactionManager to its bean name"),
                refusal(
                        "a transaction manager that is not that of the method's own transaction",
                        OwnElsewhereHere.class,
                        SEVERAL,
                        "is atomic with the transaction manager 'transactions', and its own transaction is begun by"
                                + " 'elsewhere'",
                        "Name the same transaction manager for both"),
                refusal(
                        "a transaction manager where the method's own transaction has the default one",
                        DefaultElsewhere.class,
                        PRIMARY_OF_SEVERAL,
                        "is atomic with the transaction manager 'elsewhere', and its own transaction is begun by the"
                                + " default one",
                        "@Transactional(transactionManager = \"elsewhere\")"),
                refusal(
                        "a store in memory",
                        Plain.class,
                        List.of(Inside.class, CaffeineRecords.class, Transactions.class),
                        "the store io.idempotent.store.caffeine.CaffeineIdempotencyStore keeps its records in no"
                                + " database"
                                + " whose transactions it could be part of",
                        "Use the JDBC store on the database that the method writes to"),
                refusal(
                        "a store without transactions behind a near cache",
                        Plain.class,
                        List.of(Inside.class, RecordsByValue.class, Transactions.class),
                        "keeps its records in no database whose transactions it could be part of",
                        "Use the JDBC store on the database that the method writes to",
                        "idempotent.near-cache.maximum-size=100"),
                refusal(
                        "a run without protection when the store fails",
                        Daring.class,
                        PLAIN,
                        "AtomicRefusalTest$Daring.run(String) is atomic, and is to run unprotected when the store"
                                + " fails",
                        "Do without one of atomic and whenStoreFails = RUN"),
                refusal(
                        "a run without protection when the store fails, by property",
                        Plain.class,
                        PLAIN,
                        "is to run unprotected when the store fails",
                        "Do without one of atomic and whenStoreFails = RUN",
                        "idempotent.operations.pay.when-store-fails=run"),
                refusal(
                        "a transaction manager of what is not atomic",
                        NotAtomic.class,
                        PLAIN,
                        "AtomicRefusalTest$NotAtomic.run(String) has the transaction manager 'transactions', and is not"
                                + " atomic",
                        "Set atomic too, or leave the transaction manager out"),
                refusal(
                        "a transaction manager of what a property says is not atomic",
                        Plain.class,
                        PLAIN,
                        "has the transaction manager 'transactions', and is not atomic",
                        "Set atomic too",
                        "idempotent.operations.pay.atomic=false",
                        "idempotent.operations.pay.transaction-manager=transactions"),
                refusal(
                        "the advice of transactions outside",
                        Own.class,
                        List.of(Outside.class, Records.class, Transactions.class),
                        "is atomic, and the advice that begins its transaction stands outside of the advice that claims"
                                + " its key",
                        "Give the transactions' advice an order after idempotent.order"),
                refusal(
                        "what a property makes atomic",
                        LeasedApart.class,
                        PLAIN,
                        "its own transaction is REQUIRES_NEW",
                        "do without atomic",
                        "idempotent.operations.pay.atomic=true"));
    }

    private static Arguments refusal(
            String what,
            Class<?> bean,
            List<Class<?>> configurations,
            String description,
            String action,
            String... properties) {
        return Arguments.of(what, bean, configurations, description, action, properties);
    }

    private static <T> ApplicationContextRunner application(
            List<Class<?>> configurations, Class<T> bean, boolean lazy, String... properties) {
        return new ApplicationContextRunner()
                .withUserConfiguration(configurations.toArray(Class<?>[]::new))
                .withPropertyValues(properties)
                .withInitializer(context -> ((GenericApplicationContext) context)
                        .registerBean(bean, definition -> definition.setLazyInit(lazy)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    void stopsTheStartAndSaysWhatIsWrongAndWhatToDo(
            String what,
            Class<?> bean,
            List<Class<?>> configurations,
            String description,
            String action,
            String... properties) {
        for (boolean lazy : new boolean[] {false, true}) {
            application(configurations, bean, lazy, properties).run(context -> {
                assertThat(context.getStartupFailure()).as("lazy: " + lazy).isNotNull();
                Throwable failure = context.getStartupFailure();
                while (failure != null && !(failure instanceof IdempotencyConfigurationException)) {
                    failure = failure.getCause();
                }
                assertThat(failure).isInstanceOf(IdempotencyConfigurationException.class);
                IdempotencyConfigurationException refusal = (IdempotencyConfigurationException) failure;
                assertThat(refusal.description()).contains(description).doesNotEndWith(".");
                assertThat(refusal.action()).contains(action).doesNotEndWith(".");
            });
        }
    }

    @Test
    void aTransactionManagerOfSeveralIsChosenByNameByPropertyOrByTheMethodsOwnTransaction() {
        for (Class<? extends Service> bean : List.of(Here.class, OwnHere.class, OwnHereHere.class)) {
            application(SEVERAL, bean, false).run(context -> {
                assertThat(context).hasNotFailed();
                assertThat(context.getBean(bean).run("a")).isEqualTo("in a transaction");
            });
        }
        application(SEVERAL, Plain.class, false, "idempotent.operations.pay.transaction-manager=transactions")
                .run(context ->
                        assertThat(context.getBean(Plain.class).run("a")).isEqualTo("in a transaction"));
        application(PRIMARY_OF_SEVERAL, Plain.class, false)
                .run(context ->
                        assertThat(context.getBean(Plain.class).run("a")).isEqualTo("in a transaction"));
    }

    @Test
    void aPropertySwitchesAtomicOnAndOff() {
        application(PLAIN, Leased.class, false, "idempotent.operations.pay.atomic=true")
                .run(context ->
                        assertThat(context.getBean(Leased.class).run("a")).isEqualTo("in a transaction"));
        application(PLAIN, Plain.class, false, "idempotent.operations.pay.atomic=false")
                .run(context ->
                        assertThat(context.getBean(Plain.class).run("a")).isEqualTo("in none"));
    }

    @Test
    void whatHoldsForAllWhenTheStoreFailsDoesNotMatterToWhatIsAtomic() {
        application(PLAIN, Plain.class, false, "idempotent.when-store-fails=run")
                .run(context -> {
                    Plain service = context.getBean(Plain.class);
                    assertThat(service.run("a")).isEqualTo("in a transaction");
                    JdbcClient.create(context.getBean(DataSource.class))
                            .sql("DROP TABLE idempotency_record CASCADE")
                            .update();
                    assertThatExceptionOfType(IdempotencyStoreException.class)
                            .isThrownBy(() -> service.run("b"))
                            .satisfies(refusal -> assertThat(NestedExceptionUtils.getMostSpecificCause(refusal))
                                    .hasMessageContaining("IDEMPOTENCY_RECORD"));
                });
    }

    abstract static class Service {

        public abstract String run(String id);

        static String ran() {
            return TransactionSynchronizationManager.isActualTransactionActive() ? "in a transaction" : "in none";
        }
    }

    static class Plain extends Service {

        @Override
        @Idempotent(key = "#id", operation = "pay", atomic = true)
        public String run(String id) {
            return ran();
        }
    }

    static class Leased extends Service {

        @Override
        @Idempotent(key = "#id", operation = "pay")
        public String run(String id) {
            return ran();
        }
    }

    static class LeasedApart extends Service {

        @Override
        @Idempotent(key = "#id", operation = "pay")
        @Transactional(propagation = Propagation.REQUIRES_NEW)
        public String run(String id) {
            return ran();
        }
    }

    static class Apart extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true)
        @Transactional(propagation = Propagation.REQUIRES_NEW)
        public String run(String id) {
            return ran();
        }
    }

    static class Nested extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true)
        @Transactional(propagation = Propagation.NESTED)
        public String run(String id) {
            return ran();
        }
    }

    static class Without extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true)
        @Transactional(propagation = Propagation.NOT_SUPPORTED)
        public String run(String id) {
            return ran();
        }
    }

    static class Never extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true)
        @Transactional(propagation = Propagation.NEVER)
        public String run(String id) {
            return ran();
        }
    }

    static class ReadOnly extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true)
        @Transactional(readOnly = true)
        public String run(String id) {
            return ran();
        }
    }

    static class Own extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true)
        @Transactional
        public String run(String id) {
            return ran();
        }
    }

    static class OwnElsewhere extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true)
        @Transactional(transactionManager = "elsewhere")
        public String run(String id) {
            return ran();
        }
    }

    static class OwnElsewhereHere extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true, transactionManager = "transactions")
        @Transactional(transactionManager = "elsewhere")
        public String run(String id) {
            return ran();
        }
    }

    static class DefaultElsewhere extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true, transactionManager = "elsewhere")
        @Transactional
        public String run(String id) {
            return ran();
        }
    }

    static class ByNobody extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true, transactionManager = "nobody")
        public String run(String id) {
            return ran();
        }
    }

    static class Here extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true, transactionManager = "transactions")
        public String run(String id) {
            return ran();
        }
    }

    static class OwnHere extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true)
        @Transactional(transactionManager = "transactions")
        public String run(String id) {
            return ran();
        }
    }

    static class OwnHereHere extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true, transactionManager = "transactions")
        @Transactional(transactionManager = "transactions")
        public String run(String id) {
            return ran();
        }
    }

    static class Daring extends Service {

        @Override
        @Idempotent(key = "#id", atomic = true, whenStoreFails = WhenStoreFails.RUN)
        public String run(String id) {
            return ran();
        }
    }

    static class NotAtomic extends Service {

        @Override
        @Idempotent(key = "#id", transactionManager = "transactions")
        public String run(String id) {
            return ran();
        }
    }
}
