package io.idempotent.spring.interceptor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.codec.OutcomeType;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.FetchType;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import java.lang.reflect.Type;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.CacheControl;
import org.springframework.http.ETag;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseBuilder;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseType;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.orm.jpa.vendor.HibernateJpaVendorAdapter;
import org.springframework.util.LinkedCaseInsensitiveMap;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.util.MultiValueMap;
import org.springframework.util.unit.DataSize;

/**
 * What an application is told of results that a store of bytes cannot give again, or not as their author may expect.
 */
@ExtendWith(OutputCaptureExtension.class)
class RecordedOutcomesTest {

    private static final String SECRET = "top-secret-4711";

    static class Registration {

        private String id = "";

        @JsonProperty(access = JsonProperty.Access.WRITE_ONLY)
        private String number = "";

        @JsonIgnore
        private String password = "";

        public String getId() {
            return id;
        }

        public String getNumber() {
            return number;
        }
    }

    @Entity(name = "Clients")
    static class Client {

        @Id
        @GeneratedValue
        private @Nullable Long id;

        private String name = "";

        protected Client() {}

        Client(String name) {
            this.name = name;
        }

        public String getName() {
            return name;
        }

        public @Nullable Long getId() {
            return id;
        }
    }

    @Entity(name = "Accounts")
    static class Account {

        @Id
        @GeneratedValue
        private @Nullable Long id;

        @ManyToOne(fetch = FetchType.LAZY)
        private @Nullable Client client;

        public @Nullable Client getClient() {
            return client;
        }

        public @Nullable Long getId() {
            return id;
        }
    }

    record Names(Collection<String> all) {}

    static class Service {

        @Idempotent(key = "#id", operation = "register")
        public Registration register(String id) {
            Registration registration = new Registration();
            registration.id = id;
            registration.number = "4111";
            registration.password = SECRET;
            return registration;
        }

        @Idempotent(key = "#id", operation = "names")
        public Names names(String id) {
            return new Names(Set.of(SECRET + id));
        }
    }

    static class Entities {

        private final EntityManagerFactory factory;

        Entities(EntityManagerFactory factory) {
            this.factory = factory;
        }

        @Idempotent(key = "#id", operation = "find")
        public Optional<Account> find(String id, long number) {
            try (EntityManager entities = factory.createEntityManager()) {
                return Optional.ofNullable(entities.find(Account.class, number));
            }
        }
    }

    static class Refused {

        @Idempotent(key = "#id", operation = "types")
        public List<MediaType> types(String id) {
            return List.of();
        }
    }

    static class Reasons implements IdempotencyListener {

        private final List<String> told = new CopyOnWriteArrayList<>();

        @Override
        public void notReplayable(IdempotencyContext context, String reason) {
            told.add(reason);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Durable {

        @Bean
        DataSource dataSource() {
            return new EmbeddedDatabaseBuilder()
                    .generateUniqueName(true)
                    .setType(EmbeddedDatabaseType.H2)
                    .build();
        }

        @Bean
        IdempotencyStore jdbcIdempotencyStore(DataSource dataSource) {
            return JdbcIdempotencyStore.builder(dataSource).build();
        }

        @Bean
        Reasons reasons() {
            return new Reasons();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Persistence {

        @Bean
        LocalContainerEntityManagerFactoryBean entityManagerFactory(DataSource dataSource) {
            LocalContainerEntityManagerFactoryBean factory = new LocalContainerEntityManagerFactoryBean();
            factory.setDataSource(dataSource);
            factory.setManagedTypes(org.springframework.orm.jpa.persistenceunit.PersistenceManagedTypes.of(
                    Client.class.getName(), Account.class.getName()));
            factory.setJpaVendorAdapter(new HibernateJpaVendorAdapter());
            factory.setJpaPropertyMap(Map.of("hibernate.hbm2ddl.auto", "create"));
            return factory;
        }

        @Bean
        Entities entities(EntityManagerFactory factory) {
            return new Entities(factory);
        }
    }

    @Test
    void aHiddenPropertyIsReplayedAndBothItAndAnIgnoredOneAreSaidAtStartup(CapturedOutput output) {
        try (var context = new AnnotationConfigApplicationContext(Durable.class, Service.class)) {
            Service service = context.getBean(Service.class);
            assertThat(output)
                    .contains(Service.class.getName() + ".register(String) records 'number'")
                    .contains(Service.class.getName() + ".register(String) does not record 'password'");

            assertThat(service.register("1").getNumber()).isEqualTo("4111");
            Registration replayed = service.register("1");

            assertThat(replayed.getNumber()).isEqualTo("4111");
            assertThat(replayed.password).isEmpty();
            assertThat(output).doesNotContain(SECRET);
        }
    }

    @Test
    void aResultThatCannotBeGivenAgainIsTheFirstCallersAndTheLogAndTheListenerSayWhichProperty(CapturedOutput output) {
        try (var context = new AnnotationConfigApplicationContext(Durable.class, Service.class)) {
            Service service = context.getBean(Service.class);

            assertThat(service.names("1").all()).containsExactly(SECRET + "1");
            assertThatExceptionOfType(IdempotencyOutcomeException.class)
                    .isThrownBy(() -> service.names("1"))
                    .withMessageContaining("'all'")
                    .withMessageNotContaining(SECRET);

            assertThat(context.getBean(Reasons.class).told)
                    .singleElement()
                    .asString()
                    .contains("'all'");
            assertThat(output)
                    .contains("'names:1' is recorded as done, but its outcome cannot be replayed")
                    .contains("'all'")
                    .doesNotContain(SECRET);
        }
    }

    @Test
    void anEntityIsSaidAtStartupAndWhatToReturnInstead(CapturedOutput output) {
        try (var context = new AnnotationConfigApplicationContext(Durable.class, Persistence.class)) {
            assertThat(context.isRunning()).isTrue();
            assertThat(output)
                    .contains(Entities.class.getName() + ".find(String, long) records the entity "
                            + Account.class.getName())
                    .contains("Return a record");
        }
    }

    @Test
    void whatAnEntityHasNotLoadedIsNotReplayableAndTheReasonSaysWhere() {
        try (var context = new AnnotationConfigApplicationContext(Durable.class, Persistence.class)) {
            long number = persistedAccount(context.getBean(EntityManagerFactory.class));
            Entities entities = context.getBean(Entities.class);

            assertThat(entities.find("1", number)).isPresent();
            assertThatExceptionOfType(IdempotencyOutcomeException.class)
                    .isThrownBy(() -> entities.find("1", number))
                    .withMessageContaining("a proxy of Hibernate's for " + Client.class.getName())
                    .withMessageContaining("'client'");
        }
    }

    @Test
    void aTypeThatCannotBeMadeAgainStopsTheStart() {
        assertThatThrownBy(() -> new AnnotationConfigApplicationContext(Durable.class, Refused.class).close())
                .isInstanceOfSatisfying(IdempotencyConfigurationException.class, refused -> {
                    assertThat(refused.description()).contains(MediaType.class.getName());
                    assertThat(refused.action()).contains("Caffeine");
                });
    }

    static Stream<Map.Entry<Type, Object>> typesOfSpring() {
        LinkedMultiValueMap<String, String> values = new LinkedMultiValueMap<>();
        values.add("a", "b");
        HttpHeaders headers = new HttpHeaders();
        headers.add("A", "b");
        LinkedCaseInsensitiveMap<String> insensitive = new LinkedCaseInsensitiveMap<>();
        insensitive.put("A", "b");
        return Stream.of(
                Map.entry(MediaType.class, MediaType.APPLICATION_JSON),
                Map.entry(new ParameterizedTypeReference<MultiValueMap<String, String>>() {}.getType(), values),
                Map.entry(new ParameterizedTypeReference<LinkedMultiValueMap<String, String>>() {}.getType(), values),
                Map.entry(new ParameterizedTypeReference<LinkedCaseInsensitiveMap<String>>() {}.getType(), insensitive),
                Map.entry(HttpHeaders.class, headers),
                Map.entry(new ParameterizedTypeReference<ResponseEntity<String>>() {}.getType(), ResponseEntity.ok("")),
                Map.entry(ProblemDetail.class, ProblemDetail.forStatus(404)),
                Map.entry(DataSize.class, DataSize.ofBytes(5)),
                Map.entry(HttpStatus.class, HttpStatus.OK),
                Map.entry(HttpStatusCode.class, HttpStatus.OK),
                Map.entry(HttpMethod.class, HttpMethod.GET),
                Map.entry(ETag.class, new ETag("x", true)),
                Map.entry(CacheControl.class, CacheControl.noCache()));
    }

    @ParameterizedTest
    @MethodSource("typesOfSpring")
    void aTypeOfSpringComesBackAsItWasOrIsRefused(Map.Entry<Type, Object> example) {
        JacksonOutcomeCodec codec = JacksonOutcomeCodec.create();
        OutcomeType type = OutcomeType.of(example.getKey());
        try {
            codec.check(type);
        } catch (IdempotencyConfigurationException refused) {
            return;
        }
        RecordedOutcome recorded = codec.encode(new Outcome.Value(example.getValue()), type);
        if (recorded instanceof RecordedOutcome.Encoded) {
            Object replayed = ((Outcome.Value) codec.decode(recorded, type)).value();
            assertThat(replayed).usingRecursiveComparison().isEqualTo(example.getValue());
        }
    }

    private static long persistedAccount(EntityManagerFactory factory) {
        try (EntityManager entities = factory.createEntityManager()) {
            entities.getTransaction().begin();
            Client client = new Client("Ada");
            Account account = new Account();
            account.client = client;
            entities.persist(client);
            entities.persist(account);
            entities.getTransaction().commit();
            return Objects.requireNonNull(account.getId());
        }
    }
}
