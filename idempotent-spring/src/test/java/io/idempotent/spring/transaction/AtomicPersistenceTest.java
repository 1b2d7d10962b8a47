package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyKey;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.transaction.AtomicApplication.Kind;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.PersistenceContext;
import jakarta.persistence.Version;
import java.sql.SQLException;
import java.util.Map;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.orm.jpa.persistenceunit.PersistenceManagedTypes;
import org.springframework.orm.jpa.vendor.HibernateJpaVendorAdapter;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.interceptor.TransactionAspectSupport;
import org.springframework.transaction.support.TransactionTemplate;

/** Atomic operations that write by JPA, {@link JdbcTemplate} and {@link JdbcClient} in one transaction. */
@OnOneJdk("AtomicTest runs on both")
class AtomicPersistenceTest {

    static Stream<Kind> kinds() {
        return Kind.wanted();
    }

    /** A row with a number that the database gives to it. */
    @Entity(name = "Invoice")
    public static class Invoice {

        @Id
        @GeneratedValue(strategy = GenerationType.SEQUENCE)
        private @Nullable Long number;

        @Column(unique = true)
        private String customer = "";

        @Version
        private int version;

        public Invoice() {}

        Invoice(String customer) {
            this.customer = customer;
        }

        public @Nullable Long getNumber() {
            return number;
        }

        public void setNumber(@Nullable Long number) {
            this.number = number;
        }

        public String getCustomer() {
            return customer;
        }

        public void setCustomer(String customer) {
            this.customer = customer;
        }

        public int getVersion() {
            return version;
        }

        public void setVersion(int version) {
            this.version = version;
        }
    }

    static class Invoices {

        @PersistenceContext
        private EntityManager entities;

        private final JdbcTemplate template;
        private final JdbcClient client;

        Invoices(DataSource dataSource) {
            this.template = new JdbcTemplate(dataSource);
            this.client = JdbcClient.create(dataSource);
        }

        private Invoice write(String id, String customer) {
            template.update("INSERT INTO journal VALUES (?)", id);
            client.sql("INSERT INTO journal VALUES (?)").param(id).update();
            Invoice invoice = new Invoice(customer);
            entities.persist(invoice);
            return invoice;
        }

        @Idempotent(key = "#id", operation = "invoice", atomic = true)
        @Transactional
        public Invoice invoice(String id, String customer) {
            return write(id, customer);
        }

        @Idempotent(key = "#id", operation = "readdress", atomic = true)
        public Invoice readdress(String id, long number, String customer) {
            Invoice invoice = entities.find(Invoice.class, number);
            invoice.setCustomer(customer);
            return invoice;
        }

        @Idempotent(key = "#id", operation = "invoice-and-fail", atomic = true)
        @Transactional
        public Invoice invoiceAndFail(String id, String customer) {
            write(id, customer);
            entities.flush();
            throw new IllegalStateException("declined");
        }

        @Idempotent(key = "#id", operation = "invoice-and-undo", atomic = true)
        @Transactional
        public @Nullable Invoice invoiceAndUndo(String id, String customer) {
            write(id, customer);
            TransactionAspectSupport.currentTransactionStatus().setRollbackOnly();
            return null;
        }

        @Idempotent(key = "#id", operation = "lease-and-undo")
        @Transactional
        public @Nullable Invoice leaseAndUndo(String id, String customer) {
            return invoiceAndUndo(id, customer);
        }

        @Idempotent(
                key = "#id",
                operation = "invoice-once",
                atomic = true,
                recordFailures = IllegalStateException.class)
        public Invoice invoiceOnce(String id, String customer) {
            return write(id, customer);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableTransactionManagement
    static class Persistence {

        @Bean
        LocalContainerEntityManagerFactoryBean entityManagerFactory(DataSource dataSource) {
            LocalContainerEntityManagerFactoryBean factory = new LocalContainerEntityManagerFactoryBean();
            factory.setDataSource(dataSource);
            factory.setManagedTypes(PersistenceManagedTypes.of(Invoice.class.getName()));
            factory.setJpaVendorAdapter(new HibernateJpaVendorAdapter());
            factory.setJpaPropertyMap(Map.of("hibernate.hbm2ddl.auto", "create"));
            return factory;
        }

        @Bean
        JpaTransactionManager transactionManager(EntityManagerFactory entityManagerFactory) {
            return new JpaTransactionManager(entityManagerFactory);
        }

        @Bean
        JdbcIdempotencyStore jdbcIdempotencyStore(DataSource dataSource) {
            return JdbcIdempotencyStore.builder(dataSource)
                    .schemaInitialization(SchemaInitialization.ALWAYS)
                    .build();
        }

        @Bean
        Invoices invoices(DataSource dataSource) {
            return new Invoices(dataSource);
        }
    }

    private static final class Application implements AutoCloseable {

        private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        private final JdbcClient jdbc;
        private final Invoices invoices;
        private final TransactionTemplate transaction;

        Application(Kind kind) {
            DataSource database = kind.database();
            jdbc = JdbcClient.create(database);
            jdbc.sql("CREATE TABLE journal (id VARCHAR(100))").update();
            context.registerBean(DataSource.class, () -> database);
            context.register(Persistence.class);
            context.refresh();
            invoices = context.getBean(Invoices.class);
            transaction = new TransactionTemplate(context.getBean(JpaTransactionManager.class));
        }

        long journal(String id) {
            return jdbc.sql("SELECT COUNT(*) FROM journal WHERE id = ?")
                    .param(id)
                    .query(Long.class)
                    .single();
        }

        long invoices(String customer) {
            return jdbc.sql("SELECT COUNT(*) FROM Invoice WHERE customer = ?")
                    .param(customer)
                    .query(Long.class)
                    .single();
        }

        @Nullable
        IdempotencyRecord record(String operation, String id) {
            return context.getBean(JdbcIdempotencyStore.class).find(IdempotencyKey.of(operation, id));
        }

        @Override
        public void close() {
            context.close();
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void entityRowsAndRecordAreCommittedTogetherAndTheGeneratedNumberIsReplayed(Kind kind) {
        try (Application application = new Application(kind)) {
            Invoice first = application.invoices.invoice("a", "Ada");
            assertThat(first.getNumber()).isNotNull();
            Invoice replayed = application.invoices.invoice("a", "Ada");
            assertThat(replayed).isNotSameAs(first);
            assertThat(replayed.getNumber()).isEqualTo(first.getNumber());
            assertThat(application.invoices("Ada")).isEqualTo(1);
            assertThat(application.journal("a")).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void whatIsUndoneWithoutAnExceptionIsNotRecorded(Kind kind) {
        try (Application application = new Application(kind)) {
            assertThat(application.invoices.invoiceAndUndo("a", "Ada")).isNull();
            assertThat(application.invoices.leaseAndUndo("a", "Ada")).isNull();
            assertThat(application.invoices("Ada")).isZero();
            assertThat(application.record("invoice-and-undo", "a")).isNull();
            assertThat(application.record("lease-and-undo", "a")).isNull();
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void theOutcomeIsAsItWasWritten(Kind kind) {
        try (Application application = new Application(kind)) {
            Long number = application.invoices.invoice("a", "Ada").getNumber();
            assertThat(number).isNotNull();
            assertThat(application.invoices.readdress("b", number, "Bob").getVersion())
                    .isEqualTo(1);
            Invoice replayed = application.invoices.readdress("b", number, "Bob");
            assertThat(replayed.getCustomer()).isEqualTo("Bob");
            assertThat(replayed.getVersion()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void nothingOfAFailedCallIsLeftHoweverItWasWritten(Kind kind) {
        try (Application application = new Application(kind)) {
            assertThatExceptionOfType(IllegalStateException.class)
                    .isThrownBy(() -> application.invoices.invoiceAndFail("a", "Ada"));
            assertThat(application.invoices("Ada")).isZero();
            assertThat(application.journal("a")).isZero();
            assertThat(application.record("invoice-and-fail", "a")).isNull();
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aViolationAtTheFlushIsTheOperationsFailureAndItsKeyIsFree(Kind kind) {
        try (Application application = new Application(kind)) {
            application.invoices.invoice("a", "Ada");
            for (String id : new String[] {"b", "c"}) {
                assertThatExceptionOfType(RuntimeException.class)
                        .isThrownBy(() -> {
                            if (id.equals("b")) {
                                application.invoices.invoice(id, "Ada");
                            } else {
                                application.invoices.invoiceOnce(id, "Ada");
                            }
                        })
                        .satisfies(failure -> assertThat(NestedExceptionUtils.getMostSpecificCause(failure))
                                .isInstanceOfSatisfying(
                                        SQLException.class,
                                        violation -> assertThat(violation.getSQLState())
                                                .startsWith("23")));
                assertThat(application.journal(id)).isZero();
            }
            assertThat(application.record("invoice", "b")).isNull();
            assertThat(application.record("invoice-once", "c")).isNull();
            assertThat(application.invoices("Ada")).isEqualTo(1);
            assertThat(application.invoices.invoice("b", "Bob").getNumber()).isNotNull();
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aCallersPersistenceContextIsJoinedAndFlushedBeforeTheOutcomeIsEncoded(Kind kind) {
        try (Application application = new Application(kind)) {
            Invoice first = application.transaction.execute(status -> application.invoices.invoiceOnce("a", "Ada"));
            Invoice replayed = application.transaction.execute(status -> application.invoices.invoiceOnce("a", "Ada"));
            assertThat(replayed.getNumber()).isNotNull().isEqualTo(first.getNumber());
            application.transaction.executeWithoutResult(status -> {
                application.invoices.invoiceOnce("b", "Bob");
                status.setRollbackOnly();
            });
            assertThat(application.invoices("Bob")).isZero();
            assertThat(application.journal("b")).isZero();
            assertThat(application.record("invoice-once", "b")).isNull();
        }
    }
}
