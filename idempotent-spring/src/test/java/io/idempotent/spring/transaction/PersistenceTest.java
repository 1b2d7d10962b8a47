package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyKey;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.Id;
import jakarta.persistence.PersistenceContext;
import jakarta.persistence.PersistenceException;
import jakarta.persistence.Version;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseBuilder;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseType;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.orm.jpa.vendor.HibernateJpaVendorAdapter;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionTemplate;

/** Calls in transactions of JPA, on the store's data source. */
class PersistenceTest {

    /** A row, whose version is known when it has been written. */
    @Entity
    public static class Parcel {

        @Id
        private String id = "";

        @Column(unique = true)
        private String receiver = "";

        @Version
        private int version;

        public Parcel() {}

        Parcel(String id, String receiver) {
            this.id = id;
            this.receiver = receiver;
        }

        public String getId() {
            return id;
        }

        public void setId(String id) {
            this.id = id;
        }

        public String getReceiver() {
            return receiver;
        }

        public void setReceiver(String receiver) {
            this.receiver = receiver;
        }

        public int getVersion() {
            return version;
        }

        public void setVersion(int version) {
            this.version = version;
        }
    }

    static class Parcels {

        @PersistenceContext
        private EntityManager entities;

        @Transactional
        public void add(String id, String receiver) {
            entities.persist(new Parcel(id, receiver));
        }

        @Idempotent(key = "#id")
        public Parcel readdress(String id, String receiver) {
            Parcel parcel = entities.find(Parcel.class, id);
            parcel.setReceiver(receiver);
            return parcel;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableTransactionManagement
    static class Persistence {

        @Bean
        DataSource dataSource() {
            return new EmbeddedDatabaseBuilder()
                    .generateUniqueName(true)
                    .setType(EmbeddedDatabaseType.H2)
                    .build();
        }

        @Bean
        LocalContainerEntityManagerFactoryBean entityManagerFactory(DataSource dataSource) {
            LocalContainerEntityManagerFactoryBean factory = new LocalContainerEntityManagerFactoryBean();
            factory.setDataSource(dataSource);
            factory.setPackagesToScan(PersistenceTest.class.getPackageName());
            factory.setJpaVendorAdapter(new HibernateJpaVendorAdapter());
            factory.setJpaPropertyMap(Map.of("hibernate.hbm2ddl.auto", "create"));
            return factory;
        }

        @Bean
        JpaTransactionManager transactionManager(EntityManagerFactory entityManagerFactory) {
            return new JpaTransactionManager(entityManagerFactory);
        }

        @Bean
        StoreOnDataSource testedIdempotencyStore(DataSource dataSource) {
            return new StoreOnDataSource(CaffeineIdempotencyStore.builder().build(), dataSource);
        }

        @Bean
        Parcels parcels() {
            return new Parcels();
        }
    }

    private final AnnotationConfigApplicationContext context =
            new AnnotationConfigApplicationContext(Persistence.class);
    private final Parcels parcels = context.getBean(Parcels.class);
    private final TransactionTemplate transaction =
            new TransactionTemplate(context.getBean(JpaTransactionManager.class));

    @AfterEach
    void close() {
        context.close();
    }

    @Test
    void anOutcomeIsFlushedBeforeItIsEncodedAndRecordedInTheTransaction() {
        parcels.add("a", "Ada");
        Parcel first = transaction.execute(status -> parcels.readdress("a", "Bob"));
        assertThat(first.getVersion()).isOne();
        assertThat(context.getBean(StoreOnDataSource.class).completedOn()).isOne();
        Parcel replayed = transaction.execute(status -> parcels.readdress("a", "Bob"));
        assertThat(replayed.getReceiver()).isEqualTo("Bob");
        assertThat(replayed.getVersion()).isOne();
    }

    @Test
    void workThatCannotBeWrittenIsTheMethodsFailureAndItsKeyIsFree() {
        parcels.add("a", "Ada");
        parcels.add("b", "Bob");
        transaction.executeWithoutResult(status -> {
            assertThatExceptionOfType(RuntimeException.class)
                    .isThrownBy(() -> parcels.readdress("a", "Bob"))
                    .withCauseInstanceOf(PersistenceException.class);
            status.setRollbackOnly();
        });
        IdempotencyStore store = context.getBean(IdempotencyStore.class);
        assertThat(store.find(IdempotencyKey.of("parcels-readdress", "a"))).isNull();
    }
}
