package io.idempotent.spring.aot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.aot.hint.predicate.RuntimeHintsPredicates.proxies;
import static org.springframework.aot.hint.predicate.RuntimeHintsPredicates.reflection;
import static org.springframework.aot.hint.predicate.RuntimeHintsPredicates.resource;

import io.idempotent.OnOneJdk;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.settings.JdbcSettings;
import io.idempotent.spring.settings.RetrySettings;
import io.idempotent.spring.web.IdempotentEndpoint;
import io.idempotent.spring.web.RecordedResponse;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import io.idempotent.store.caffeine.CompletedRecordCache;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.micrometer.context.ContextSnapshotFactory;
import jakarta.servlet.http.HttpSession;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import kotlin.coroutines.Continuation;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.aot.generate.ClassNameGenerator;
import org.springframework.aot.generate.DefaultGenerationContext;
import org.springframework.aot.generate.InMemoryGeneratedFiles;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.TypeReference;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.data.domain.Page;
import org.springframework.http.HttpEntity;
import org.springframework.http.HttpHeaders;
import org.springframework.javapoet.ClassName;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.samples.shop.Purchase;
import org.springframework.test.util.ReflectionTestUtils;
import org.springframework.transaction.reactive.TransactionSynchronizationManager;
import reactor.core.publisher.Mono;

/** What a native image is told to keep. */
@OnOneJdk("hints are the same whatever the JDK")
class RuntimeHintsTest {

    @Configuration(proxyBeanMethods = false)
    static class Application {

        @Bean
        static Hinted hinted() {
            return new Hinted();
        }

        @Bean
        static HintedLater hintedLater() {
            return new HintedLater();
        }

        @Bean
        static Keys keys() {
            return new Keys();
        }

        @Bean
        static Recordings recorded() {
            return new Recordings();
        }

        @Bean("other.keys")
        static OtherKeys otherKeys() {
            return new OtherKeys();
        }
    }

    static class HintedLater {

        record OfFuture(String id) {}

        record OfMono(String id) {}

        record OfFunction(String id) {}

        @Idempotent(key = "#id")
        public CompletableFuture<OfFuture> future(String id) {
            return CompletableFuture.completedFuture(new OfFuture(id));
        }

        @Idempotent(key = "#id")
        public Mono<List<OfMono>> mono(String id) {
            return Mono.just(List.of(new OfMono(id)));
        }

        @Idempotent(key = "#id")
        public Object function(String id, Continuation<? super List<OfFunction>> continuation) {
            return new OfFunction(id);
        }
    }

    static class Recordings {

        public Hinted.Recorded of(Hinted.Order order) {
            return new Hinted.Recorded(order.getId());
        }
    }

    static class OtherKeys {

        public String getScope() {
            return "scope";
        }
    }

    private static RuntimeHints hints;

    @BeforeAll
    static void process() {
        DefaultGenerationContext generation = new DefaultGenerationContext(
                new ClassNameGenerator(ClassName.get(Application.class)), new InMemoryGeneratedFiles());
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.register(IdempotencyAutoConfiguration.class, Application.class);
            new ApplicationContextAotGenerator().processAheadOfTime(context, generation);
        }
        hints = generation.getRuntimeHints();
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2", "postgresql", "mariadb"})
    void everyDatabasesSchemaIsKept(String database) {
        assertThat(resource().forResource("io/idempotent/store/jdbc/schema-" + database + ".sql"))
                .accepts(hints);
    }

    @Test
    void theMethodAndTheOneThatItIsReconciledWithCanBeCalled() {
        assertThat(reflection().onMethodInvocation(Hinted.class, "run")).accepts(hints);
        assertThat(reflection().onMethodInvocation(Hinted.class, "ask")).accepts(hints);
        assertThat(reflection().onMethodInvocation(Hinted.class, "ofInterface")).accepts(hints);
        assertThat(reflection().onMethodInvocation(Hinted.class, "load")).accepts(hints);
        assertThat(reflection().onMethodInvocation(Hinted.Recorded.class, "id")).accepts(hints);
        assertThat(reflection().onMethodInvocation(Recordings.class, "of")).accepts(hints);
    }

    @Test
    void resultsCanBeWrittenAndReadAsJsonWithAllThatTheyConsistOf() {
        for (Class<?> type :
                List.of(Hinted.Accepted.class, Hinted.Refused.class, Hinted.Detail.class, Hinted.OfInterface.class)) {
            assertThat(reflection().onType(type).withMemberCategory(MemberCategory.INVOKE_DECLARED_CONSTRUCTORS))
                    .accepts(hints);
        }
        assertThat(reflection().onMethodInvocation(Hinted.Detail.class, "number"))
                .accepts(hints);
    }

    @ParameterizedTest
    @ValueSource(classes = {HintedLater.OfFuture.class, HintedLater.OfMono.class, HintedLater.OfFunction.class})
    void resultsThatAreProducedLaterCanBeWrittenAndRead(Class<?> type) {
        assertThat(reflection().onType(type).withMemberCategory(MemberCategory.INVOKE_DECLARED_CONSTRUCTORS))
                .accepts(hints);
    }

    @ParameterizedTest
    @ValueSource(classes = {CompletableFuture.class, Mono.class, Continuation.class})
    void whatTheyAreProducedByIsNotBound(Class<?> type) {
        // Somebody else may ask whether they are there.
        assertThat(reflection().onType(type).withMemberCategory(MemberCategory.INVOKE_DECLARED_CONSTRUCTORS))
                .rejects(hints);
    }

    @ParameterizedTest
    @ValueSource(classes = {ContextSnapshotFactory.class, TransactionSynchronizationManager.class})
    void whatNeedNotBeThereIsFoundIfItIs(Class<?> type) {
        assertThat(reflection().onType(type)).accepts(hints);
    }

    @Test
    void parametersCanBeReadByExpressionsAndForFingerprints() {
        assertThat(reflection().onMethodInvocation(Hinted.Order.class, "getId")).accepts(hints);
        assertThat(reflection()
                        .onType(Hinted.Order.class)
                        .withMemberCategories(
                                MemberCategory.ACCESS_DECLARED_FIELDS, MemberCategory.INVOKE_PUBLIC_METHODS))
                .accepts(hints);
        assertThat(reflection().onMethodInvocation(Hinted.Item.class, "name")).accepts(hints);
        assertThat(reflection().onType(Hinted.Item.class).withMemberCategory(MemberCategory.ACCESS_DECLARED_FIELDS))
                .accepts(hints);
        assertThat(reflection().onMethodInvocation(Hinted.Payload.class, "text"))
                .accepts(hints);
    }

    @Test
    void thePayloadOfAnEnvelopeCanBeRead() {
        assertThat(reflection().onMethodInvocation(HttpEntity.class, "getBody")).accepts(hints);
        assertThat(reflection().onType(HttpHeaders.class)).rejects(hints);
    }

    @Test
    void whatIsNamedLikeTheFrameworksIsNotTakenForTheirs() {
        assertThat(reflection().onMethodInvocation(Purchase.class, "id")).accepts(hints);
        assertThat(reflection().onType(Purchase.Item.class).withMemberCategory(MemberCategory.ACCESS_DECLARED_FIELDS))
                .accepts(hints);
        assertThat(reflection().onMethodInvocation(Page.class, "getTotalElements"))
                .accepts(hints);
        assertThat(reflection().onType(HttpSession.class)).rejects(hints);
    }

    @Test
    void failuresCanBeMade() {
        assertThat(reflection().onType(Declined.class).withMemberCategory(MemberCategory.INVOKE_DECLARED_CONSTRUCTORS))
                .accepts(hints);
        assertThat(reflection().onType(Hinted.Interrupted.class).withMemberCategory(MemberCategory.UNSAFE_ALLOCATED))
                .accepts(hints);
    }

    @Test
    void beansThatExpressionsNameCanBeAsked() {
        assertThat(reflection().onMethodInvocation(Keys.class, "of")).accepts(hints);
        assertThat(reflection().onMethodInvocation(OtherKeys.class, "getScope")).accepts(hints);
    }

    @ParameterizedTest
    @ValueSource(
            classes = {Idempotent.class, Idempotent.Retry.class, Idempotent.Recover.class, IdempotentEndpoint.class})
    void annotationsCanBeRead(Class<?> annotation) {
        assertThat(reflection().onType(annotation).withMemberCategory(MemberCategory.INVOKE_DECLARED_METHODS))
                .accepts(hints);
        assertThat(proxies().forInterfaces(annotation)).accepts(hints);
    }

    @Test
    void responsesOfEndpointsCanBeRecorded() {
        assertThat(reflection()
                        .onType(RecordedResponse.Header.class)
                        .withMemberCategory(MemberCategory.INVOKE_DECLARED_CONSTRUCTORS))
                .accepts(hints);
        assertThat(reflection().onMethodInvocation(RecordedResponse.class, "body"))
                .accepts(hints);
    }

    @Test
    void propertiesCanBeBound() {
        for (Class<?> settings : List.of(IdempotencySettings.class, JdbcSettings.class, RetrySettings.class)) {
            assertThat(reflection().onType(settings).withMemberCategory(MemberCategory.INVOKE_DECLARED_CONSTRUCTORS))
                    .accepts(hints);
            assertThat(reflection().onType(settings).withMemberCategory(MemberCategory.INVOKE_PUBLIC_METHODS))
                    .accepts(hints);
        }
    }

    static Stream<Object> caches() {
        CaffeineIdempotencyStore store = CaffeineIdempotencyStore.builder().build();
        JdbcIdempotencyStore durable = JdbcIdempotencyStore.builder(
                        new DriverManagerDataSource("jdbc:h2:mem:hints;DB_CLOSE_DELAY=-1"))
                .build();
        return Stream.of(store, CompletedRecordCache.builder(durable).build());
    }

    @ParameterizedTest
    @MethodSource("caches")
    void whatCaffeineMakesByNameIsKept(Object store) {
        Object owner =
                store instanceof CaffeineIdempotencyStore ? ReflectionTestUtils.getField(store, "entries") : store;
        Object cache = ReflectionTestUtils.getField(owner, "cache");
        Object map = ReflectionTestUtils.invokeMethod(cache, "asMap");
        for (Object made : List.of(map, ReflectionTestUtils.getField(map, "nodeFactory"))) {
            assertThat(reflection()
                            .onType(TypeReference.of(made.getClass()))
                            .withMemberCategories(
                                    MemberCategory.INVOKE_DECLARED_CONSTRUCTORS, MemberCategory.ACCESS_DECLARED_FIELDS))
                    .as(made.getClass().getName())
                    .accepts(hints);
        }
    }
}
