package io.idempotent.spring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.util.Map;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.config.BeanDefinitionHolder;
import org.springframework.beans.factory.config.CustomScopeConfigurer;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.context.support.SimpleThreadScope;
import org.springframework.core.type.AnnotationMetadata;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;

/** What keeps the JDBC store from working is explained when the application starts, without a stack trace. */
@ExtendWith(OutputCaptureExtension.class)
class JdbcFailureAnalysisTest {

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        IdempotencyAutoConfiguration.class,
        JdbcStoreAutoConfiguration.class,
        AopAutoConfiguration.class
    })
    static class Application {

        @Bean
        Service service() {
            return new Service();
        }
    }

    static class Service {
        @Idempotent(key = "#id", operation = "pay")
        public String pay(String id) {
            return id;
        }
    }

    private static JdbcDataSource database(String url) {
        JdbcDataSource database = new JdbcDataSource();
        database.setUrl(url);
        return database;
    }

    private static DataSource database() {
        return database("jdbc:h2:mem:" + System.nanoTime() + ";DB_CLOSE_DELAY=-1");
    }

    /** A tenant's database for each thread, and one for those that say nothing. */
    static AbstractRoutingDataSource routing() {
        AbstractRoutingDataSource routing = new Tenants();
        routing.setTargetDataSources(Map.of("a", database()));
        routing.setDefaultTargetDataSource(database());
        routing.afterPropertiesSet();
        return routing;
    }

    static class Tenants extends AbstractRoutingDataSource {

        @Override
        protected Object determineCurrentLookupKey() {
            return "a";
        }
    }

    private static DataSource proxy(Object target, boolean byClass) {
        ProxyFactory factory = new ProxyFactory(target);
        factory.setProxyTargetClass(byClass);
        return (DataSource) factory.getProxy();
    }

    static Stream<DataSource> routingDataSources() {
        return Stream.of(
                routing(),
                new DelegatingDataSource(routing()),
                new LazyConnectionDataSourceProxy(routing()),
                new TransactionAwareDataSourceProxy(routing()),
                new TransactionAwareDataSourceProxy(new LazyConnectionDataSourceProxy(routing())),
                proxy(routing(), false),
                proxy(routing(), true),
                new DelegatingDataSource(proxy(routing(), false)),
                proxy(new DelegatingDataSource(routing()), false),
                proxy(new DelegatingDataSource(routing()), true));
    }

    private static void start(Class<?> configuration, DataSource dataSource, String... properties) {
        new SpringApplicationBuilder(configuration)
                .web(WebApplicationType.NONE)
                .registerShutdownHook(false)
                .initializers(context -> ((BeanDefinitionRegistry) context.getBeanFactory())
                        .registerBeanDefinition(
                                "dataSource", new RootBeanDefinition(DataSource.class, () -> dataSource)))
                .properties(properties)
                .run()
                .close();
    }

    private static void explains(CapturedOutput output, String description, String action) {
        assertThat(output)
                .contains("APPLICATION FAILED TO START")
                .containsSubsequence("Description:", description, "Action:", action)
                .doesNotContain("\tat io.idempotent.");
    }

    @ParameterizedTest
    @MethodSource("routingDataSources")
    void aDataSourceThatRoutesByThreadIsRefusedBehindWhatever(DataSource dataSource, CapturedOutput output) {
        assertThat(catchThrowable(() -> start(Application.class, dataSource))).isNotNull();
        explains(
                output,
                "is on a DataSource that leads each thread to a database of its own",
                "set idempotent.jdbc.data-source to the bean name of a DataSource that always leads to the same one; or"
                        + " declare a JdbcIdempotencyStore bean for each tenant's database");
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({IdempotencyAutoConfiguration.class, AopAutoConfiguration.class})
    static class OwnStore extends Application {

        @Bean
        JdbcIdempotencyStore store(DataSource dataSource) {
            return JdbcIdempotencyStore.builder(dataSource).build();
        }
    }

    @Test
    void aStoreOfTheApplicationsOwnIsRefusedToo(CapturedOutput output) {
        assertThat(catchThrowable(() -> start(OwnStore.class, routing()))).isNotNull();
        explains(output, "is on a DataSource that leads each thread to a database of its own", "for each tenant's");
    }

    @Configuration(proxyBeanMethods = false)
    @Import(ScopedRegistrar.class)
    static class Scoped extends OwnStore {

        @Bean
        static CustomScopeConfigurer scopes() {
            CustomScopeConfigurer scopes = new CustomScopeConfigurer();
            scopes.addScope("thread", new SimpleThreadScope());
            return scopes;
        }
    }

    static class ScopedRegistrar implements ImportBeanDefinitionRegistrar {
        @Override
        public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
            RootBeanDefinition scoped =
                    new RootBeanDefinition(DataSource.class, () -> new DelegatingDataSource(routing()));
            scoped.setScope("thread");
            scoped.setPrimary(true);
            BeanDefinitionHolder proxy =
                    ScopedProxyUtils.createScopedProxy(new BeanDefinitionHolder(scoped, "scoped"), registry, false);
            registry.registerBeanDefinition(proxy.getBeanName(), proxy.getBeanDefinition());
        }
    }

    @Test
    void behindAScopedProxyToo(CapturedOutput output) {
        assertThat(catchThrowable(() -> start(Scoped.class, database()))).isNotNull();
        explains(output, "is on a DataSource that leads each thread to a database of its own", "for each tenant's");
    }

    @Configuration(proxyBeanMethods = false)
    static class WithRecords extends Application {

        @Bean
        DataSource records() {
            return database();
        }
    }

    @Test
    void aFixedDataSourceBesideItIsWhatToDo() {
        start(WithRecords.class, routing(), "idempotent.jdbc.data-source=records");
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(
                        "jdbc:h2:tcp://localhost:1/mem:down",
                        "idempotent.store=jdbc",
                        "The JDBC idempotency store gets no connection to its database:",
                        "Start the database, or correct the URL"),
                Arguments.of(
                        "jdbc:h2:mem:names",
                        "idempotent.jdbc.table-name=bad name",
                        "The properties at idempotent.jdbc cannot be used: 'bad name' cannot be the table's name",
                        "Correct the one that is named: table-name"),
                Arguments.of(
                        "jdbc:h2:mem:names",
                        "idempotent.jdbc.table-name=" + "x".repeat(51),
                        "it has 51 characters, and may have 50",
                        "Correct the one that is named: table-name"),
                Arguments.of(
                        "jdbc:h2:mem:names",
                        "idempotent.jdbc.table-name=nowhere.once",
                        "cannot be used: Schema \"NOWHERE\" not found",
                        "Check idempotent.jdbc.table-name"),
                Arguments.of(
                        "jdbc:h2:mem:names",
                        "idempotent.jdbc.statement-timeout=1ms",
                        "The statement timeout has to be 1 s to 30 s",
                        "statement-timeout"),
                Arguments.of(
                        "jdbc:h2:mem:names",
                        "idempotent.jdbc.purge-batch-size=0",
                        "The purge batch size has to be positive",
                        "purge-batch-size"),
                Arguments.of(
                        "jdbc:h2:mem:names",
                        "idempotent.jdbc.initialize-schema=never",
                        "There is no table idempotency_record",
                        "CREATE TABLE"),
                Arguments.of(
                        "jdbc:h2:mem:names",
                        "idempotent.jdbc.data-source=service",
                        "It is not clear in which database idempotency records are to be kept",
                        "Set idempotent.jdbc.data-source"),
                Arguments.of(
                        "jdbc:h2:mem:ddl;INIT=CREATE VIEW IF NOT EXISTS idempotency_record AS SELECT 1 AS one",
                        "idempotent.store=jdbc",
                        "idempotency_record",
                        "SQL"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("failures")
    void whatIsWrongWithTheDatabaseIsExplained(
            String url, String property, String description, String action, CapturedOutput output) {
        assertThat(catchThrowable(() -> start(Application.class, database(url), property)))
                .isNotNull();
        explains(output, description, action);
    }
}
