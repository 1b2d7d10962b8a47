package io.idempotent.spring.interceptor;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.store.jdbc.SchemaInitialization;
import jakarta.servlet.http.HttpServletRequest;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.Arrays;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.RequestHeader;

/** What cannot be recovered stops the start, and says what is wrong and what to do. */
@SuppressWarnings({"UnusedMethod", "UnusedVariable"})
class RecoveryRefusalTest {

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableTransactionManagement
    static class Enabled {

        @Bean
        static JdbcDataSource dataSource() {
            JdbcDataSource dataSource = new JdbcDataSource();
            dataSource.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
            return dataSource;
        }

        @Bean
        static DataSourceTransactionManager transactionManager(DataSource dataSource) {
            return new DataSourceTransactionManager(dataSource);
        }

        @Bean
        static IdempotencyStore idempotencyStore(DataSource dataSource) {
            return JdbcIdempotencyStore.builder(dataSource)
                    .schemaInitialization(SchemaInitialization.ALWAYS)
                    .build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class InMemory {

        @Bean
        static IdempotencyStore idempotencyStore() {
            return CaffeineIdempotencyStore.builder().build();
        }
    }

    /** What is wrong with a bean, and what the refusal says. */
    @Retention(RetentionPolicy.RUNTIME)
    @interface Refused {

        String description();

        String action();
    }

    record Order(String id) {}

    static Stream<Arguments> refusals() {
        return Arrays.stream(RecoveryRefusalTest.class.getDeclaredClasses())
                .filter(bean -> bean.isAnnotationPresent(Refused.class))
                .map(bean -> Arguments.of(bean.getSimpleName(), bean));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    void stopsTheStart(String name, Class<?> bean) {
        Refused refused = bean.getAnnotation(Refused.class);
        assertRefused(Enabled.class, refused.description(), refused.action(), bean);
    }

    private static void assertRefused(Class<?> configuration, String description, String action, Class<?>... beans) {
        new ApplicationContextRunner()
                .withUserConfiguration(configuration)
                .withInitializer(context ->
                        Stream.of(beans).forEach(bean -> register((GenericApplicationContext) context, bean)))
                .run(context -> {
                    assertThat(context).hasFailed();
                    Throwable cause = context.getStartupFailure();
                    while (cause != null && !(cause instanceof IdempotencyConfigurationException)) {
                        cause = cause.getCause();
                    }
                    IdempotencyConfigurationException refusal = (IdempotencyConfigurationException) cause;
                    assertThat(refusal).isNotNull();
                    assertThat(refusal.description()).contains(description).doesNotEndWith(".");
                    assertThat(refusal.action()).contains(action).doesNotEndWith(".");
                });
    }

    private static <T> void register(GenericApplicationContext context, Class<T> bean) {
        context.registerBean(bean);
    }

    @Test
    void aStoreThatKeepsReferencesCannotRecover() {
        assertRefused(
                InMemory.class,
                "its store, io.idempotent.store.caffeine.CaffeineIdempotencyStore, does not keep what calls ask for",
                "Use a durable store",
                Good.class);
    }

    @Test
    void anOperationOfTwoBeansCannotBeRecovered() {
        assertRefused(
                Enabled.class,
                "are both the operation 'good', which is to be recovered: which of them to call is not clear",
                "Give each an operation of its own",
                Good.class,
                AlsoGood.class);
    }

    @Test
    void theSameBeanTwiceCannotBeRecovered() {
        new ApplicationContextRunner()
                .withUserConfiguration(Enabled.class)
                .withBean("one", Good.class)
                .withBean("two", Good.class)
                .run(context -> assertThat(context).getFailure().hasMessageContaining("which of them"));
    }

    @Test
    void recoveryMayBeOnByAPropertyAlone() {
        new ApplicationContextRunner()
                .withUserConfiguration(Enabled.class)
                .withBean(AlsoGood.class)
                .withPropertyValues("idempotent.operations.good.recover.after=-1s")
                .run(context ->
                        assertThat(context).getFailure().hasMessageContaining("PT-1S after the end of its lease"));
        new ApplicationContextRunner()
                .withUserConfiguration(Enabled.class)
                .withPropertyValues("idempotent.recover.after=1m")
                .run(context -> assertThat(context).hasFailed());
    }

    static class Good {
        @Idempotent(key = "#id", operation = "good", recover = @Idempotent.Recover(after = "1m"))
        public String run(String id) {
            return id;
        }
    }

    static class AlsoGood {
        @Idempotent(key = "#id", operation = "good")
        public String run(String id) {
            return id;
        }
    }

    @Refused(
            description = "and parameter 1 of type java.lang.Object cannot be recorded for that",
            action = "Record what the arguments can be made of")
    static class AnArgumentThatCannotBeEncoded {
        @Idempotent(key = "#id", fingerprint = "#id", recover = @Idempotent.Recover(after = "1m"))
        public String run(String id, Object anything) {
            return id;
        }
    }

    @Refused(
            description = "and parameter 1 of type java.util.function.Supplier<java.lang.String> cannot be recorded",
            action = "do without recover")
    static class AnArgumentThatIsCode {
        @Idempotent(key = "#id", fingerprint = "#id", recover = @Idempotent.Recover(after = "1m"))
        public String run(String id, Supplier<String> code) {
            return id;
        }
    }

    @Refused(description = "needs a transaction of its caller, who is not there then", action = "than MANDATORY")
    static class MandatoryTransaction {
        @Transactional(propagation = Propagation.MANDATORY)
        @Idempotent(key = "#id", recover = @Idempotent.Recover(after = "1m"))
        public String run(String id) {
            return id;
        }
    }

    @Refused(
            description = "is to be recovered, and refuses calls with a key that is abandoned",
            action = "Say whenAbandoned = RUN_AGAIN or RECONCILE")
    static class RefusesWhatIsAbandoned {
        @Idempotent(key = "#id", whenAbandoned = WhenAbandoned.REFUSE, recover = @Idempotent.Recover(after = "1m"))
        public String run(String id) {
            return id;
        }
    }

    @Refused(description = "is atomic, and is to be recovered: nothing is left", action = "Do without recover")
    static class Atomic {
        @Idempotent(key = "#id", atomic = true, recover = @Idempotent.Recover(after = "1m"))
        public String run(String id) {
            return id;
        }
    }

    @Refused(description = "until its record has 0 take-overs", action = "recover.maxTakeovers one or more")
    static class NoTakeovers {
        @Idempotent(key = "#id", recover = @Idempotent.Recover(after = "1m", maxTakeovers = 0))
        public String run(String id) {
            return id;
        }
    }

    @Refused(description = "(recover.arguments = \"#order.id\")", action = "Say loadWith too")
    static class ArgumentsAlone {
        @Idempotent(key = "#order.id", recover = @Idempotent.Recover(after = "1m", arguments = "#order.id"))
        public String run(Order order) {
            return order.id();
        }
    }

    @Refused(description = "(recover.loadWith = \"load\")", action = "Say arguments too")
    static class LoadWithAlone {
        @Idempotent(key = "#order.id", recover = @Idempotent.Recover(after = "1m", loadWith = "load"))
        public String run(Order order) {
            return order.id();
        }

        Order load(String id) {
            return new Order(id);
        }
    }

    @Refused(
            description = "loaded with the method 'load' when it is recovered, and its class has none of that name",
            action = "Declare one")
    static class NothingToLoadWith {
        @Idempotent(
                key = "#order.id",
                recover = @Idempotent.Recover(after = "1m", arguments = "#order.id", loadWith = "load"))
        public String run(Order order) {
            return order.id();
        }

        void load(String id) {}

        Order load(String id, int version) {
            return new Order(id);
        }
    }

    @Refused(description = "and its class has 2 of that name that takes one value", action = "Declare one")
    static class SeveralToLoadWith {
        @Idempotent(
                key = "#order.id",
                recover = @Idempotent.Recover(after = "1m", arguments = "#order.id", loadWith = "load"))
        public String run(Order order) {
            return order.id();
        }

        Order load(String id) {
            return new Order(id);
        }

        Order load(Integer id) {
            return new Order(id.toString());
        }
    }

    @Refused(description = "The expression recover.arguments = \"#ordr.id\"", action = "Known are")
    static class AnExpressionOfNothing {
        @Idempotent(
                key = "#order.id",
                recover = @Idempotent.Recover(after = "1m", arguments = "#ordr.id", loadWith = "load"))
        public String run(Order order) {
            return order.id();
        }

        Order load(String id) {
            return new Order(id);
        }
    }

    @Refused(
            description =
                    "and the value of recover.arguments, for which load takes java.lang.Object cannot be recorded",
            action = "do without recover")
    static class LoadsWithAnything {
        @Idempotent(
                key = "#order.id",
                recover = @Idempotent.Recover(after = "1m", arguments = "#order.id", loadWith = "load"))
        public String run(Order order) {
            return order.id();
        }

        Order load(Object id) {
            return new Order(id.toString());
        }
    }

    @Refused(
            description = "is filled in by a framework, which is not there when the method is recovered, and int cannot"
                    + " be null",
            action = "Declare it as Integer")
    static class APrimitiveHeader {
        @Idempotent(key = "#id", recover = @Idempotent.Recover(after = "1m"))
        public String run(String id, @RequestHeader("X-Version") int version, @Nullable HttpServletRequest request) {
            return id;
        }
    }

    @Refused(description = "(recover.after = \"soon\")", action = "Correct it")
    static class AnUnreadableTime {
        @Idempotent(key = "#id", recover = @Idempotent.Recover(after = "soon"))
        public String run(String id) {
            return id;
        }
    }
}
