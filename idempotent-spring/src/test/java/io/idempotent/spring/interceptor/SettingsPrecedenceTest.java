package io.idempotent.spring.interceptor;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyContext;
import io.idempotent.engine.Operation;
import io.idempotent.engine.WhenStoreFails;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.settings.EnvironmentSettings;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.settings.OperationSettings;
import io.idempotent.spring.settings.RetryBudgetSettings;
import io.idempotent.spring.settings.RetrySettings;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;

/** A property of the operation beats the annotation, which beats the property for all, which beats the default. */
class SettingsPrecedenceTest {

    static class Service {
        @Idempotent(
                key = "T(io.idempotent.spring.Keys).only()",
                operation = "said",
                scope = "'annotated'",
                retention = "10s",
                lease = "10s",
                waitAtMost = "10s",
                whenStoreFails = io.idempotent.spring.operation.WhenStoreFails.RUN,
                store = "annotated",
                retry = @Idempotent.Retry(maxRetries = 1, delay = "0s"))
        public String said() {
            return IdempotencyContext.current().key().scope();
        }

        @Idempotent(
                key = "T(io.idempotent.spring.Keys).only()",
                operation = "unsaid",
                store = "annotated",
                retry = @Idempotent.Retry(delay = "0s"))
        public String unsaid() {
            return IdempotencyContext.current().key().scope();
        }

        @Idempotent(key = "T(io.idempotent.spring.Keys).only()", operation = "storeless")
        public String storeless() {
            return IdempotencyContext.current().key().scope();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    private final ApplicationContextRunner plain = new ApplicationContextRunner()
            .withUserConfiguration(Enabled.class)
            .withBean("annotated", IdempotencyStore.class, CaffeineIdempotencyStore::create)
            .withBean("global", IdempotencyStore.class, CaffeineIdempotencyStore::create)
            .withBean("own", IdempotencyStore.class, CaffeineIdempotencyStore::create)
            .withBean(Service.class)
            .withPropertyValues("idempotent.store=global");

    private static IdempotentMethod method(AssertableApplicationContext context, String name) throws Exception {
        Method method = Service.class.getMethod(name);
        return (IdempotentMethod) context.getBean(IdempotencySupport.class).resolve(method, Service.class);
    }

    private static Operation<?> operation(AssertableApplicationContext context, String name) throws Exception {
        return method(context, name).operation();
    }

    private static Function<Operation<?>, Object> reader(String property) {
        return switch (property) {
            case "retention" -> Operation::retention;
            case "lease" -> Operation::lease;
            case "max-run" -> Operation::maxRun;
            case "wait-at-most" -> Operation::waitAtMost;
            case "when-store-fails" -> Operation::whenStoreFails;
            default -> throw new IllegalArgumentException(property);
        };
    }

    @ParameterizedTest
    @CsvSource({"retention, PT10S, PT24H", "lease, PT10S, PT30S", "max-run, , PT1H", "wait-at-most, PT10S, PT0S"})
    void holdsForEveryDuration(String property, Duration annotated, Duration standard) {
        Function<Operation<?>, Object> value = reader(property);
        Duration global = Duration.ofSeconds(20);
        Duration own = Duration.ofSeconds(40);
        plain.run(context -> {
            assertThat(value.apply(operation(context, "said"))).isEqualTo(annotated == null ? standard : annotated);
            assertThat(value.apply(operation(context, "unsaid"))).isEqualTo(standard);
        });
        ApplicationContextRunner withGlobal = plain.withPropertyValues("idempotent." + property + "=20s");
        withGlobal.run(context -> {
            assertThat(value.apply(operation(context, "said"))).isEqualTo(annotated == null ? global : annotated);
            assertThat(value.apply(operation(context, "unsaid"))).isEqualTo(global);
        });
        withGlobal
                .withPropertyValues("idempotent.operations.said." + property + "=40s")
                .run(context -> {
                    assertThat(value.apply(operation(context, "said"))).isEqualTo(own);
                    assertThat(value.apply(operation(context, "unsaid"))).isEqualTo(global);
                });
    }

    @Test
    void holdsForStoresThatFail() {
        plain.run(context -> {
            assertThat(operation(context, "said").whenStoreFails()).isEqualTo(WhenStoreFails.RUN);
            assertThat(operation(context, "unsaid").whenStoreFails()).isEqualTo(WhenStoreFails.REFUSE);
        });
        plain.withPropertyValues(
                        "idempotent.when-store-fails=run", "idempotent.operations.said.when-store-fails=refuse")
                .run(context -> {
                    assertThat(operation(context, "said").whenStoreFails()).isEqualTo(WhenStoreFails.REFUSE);
                    assertThat(operation(context, "unsaid").whenStoreFails()).isEqualTo(WhenStoreFails.RUN);
                });
    }

    @Test
    void holdsForTheStore() {
        plain.run(context -> {
            assertThat(method(context, "said").engine().store()).isSameAs(context.getBean("annotated"));
            assertThat(method(context, "storeless").engine().store()).isSameAs(context.getBean("global"));
        });
        plain.withPropertyValues("idempotent.operations.said.store=own").run(context -> {
            assertThat(method(context, "said").engine().store()).isSameAs(context.getBean("own"));
            assertThat(method(context, "unsaid").engine().store()).isSameAs(context.getBean("annotated"));
        });
    }

    @Test
    void holdsForTheScope() {
        plain.withPropertyValues("idempotent.scope='global'").run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(service.said()).isEqualTo("annotated");
            assertThat(service.unsaid()).isEqualTo("global");
        });
        plain.withPropertyValues("idempotent.scope='global'", "idempotent.operations.said.scope='own'")
                .run(context ->
                        assertThat(context.getBean(Service.class).said()).isEqualTo("own"));
        plain.run(context -> assertThat(context.getBean(Service.class).unsaid()).isEmpty());
    }

    @Test
    void holdsForRetries() {
        plain.run(context -> {
            assertThat(method(context, "said").retries()).isNotNull();
            assertThat(method(context, "unsaid").retries()).isNull();
        });
        plain.withPropertyValues("idempotent.retry.max-retries=2", "idempotent.operations.said.retry.max-retries=0")
                .run(context -> {
                    assertThat(method(context, "said").retries()).isNull();
                    assertThat(method(context, "unsaid").retries()).isNotNull();
                });
    }

    @Test
    void holdsForEachSettingOfARetryAlone() {
        OperationSettings own =
                EnvironmentSettings.ofOperation(Map.of("retry.delay", "1ms", "retry.budget.name", "own"));
        OperationSettings annotated = EnvironmentSettings.ofOperation(Map.of(
                "retry.max-retries", "5",
                "retry.delay", "2ms",
                "retry.multiplier", "2",
                "retry.jitter", "0s",
                "retry.budget.tokens", "20"));
        OperationSettings global = EnvironmentSettings.ofOperation(Map.ofEntries(
                Map.entry("retry.max-retries", "9"),
                Map.entry("retry.delay", "3ms"),
                Map.entry("retry.multiplier", "3"),
                Map.entry("retry.max-delay", "3s"),
                Map.entry("retry.jitter", "3ms"),
                Map.entry("retry.timeout", "3m"),
                Map.entry("retry.includes", "java.lang.RuntimeException"),
                Map.entry("retry.excludes", "java.lang.IllegalStateException"),
                Map.entry("retry.budget.tokens", "30"),
                Map.entry("retry.budget.per-success", "0.3"),
                Map.entry("retry.budget.name", "all")));
        assertThat(own.orElse(annotated).orElse(global).retry())
                .isEqualTo(new RetrySettings(
                        5L,
                        Duration.ofMillis(1),
                        2.0,
                        Duration.ofSeconds(3),
                        Duration.ZERO,
                        Duration.ofMinutes(3),
                        List.of(RuntimeException.class),
                        List.of(IllegalStateException.class),
                        new RetryBudgetSettings(20, 0.3, "own")));
        assertThat(OperationSettings.UNSAID.orElse(global)).isEqualTo(global);
        assertThat(global.orElse(annotated)).isEqualTo(global);
    }

    @Test
    void aBeanOfSettingsBeatsTheEnvironment() {
        plain.withPropertyValues("idempotent.retention=20s", "idempotent.misspelt=1")
                .withBean(
                        IdempotencySettings.class,
                        () -> IdempotencySettings.of(
                                Map.of("store", "own", "lease", "3s", "operations.said.wait-at-most", "7s")))
                .run(context -> {
                    assertThat(operation(context, "unsaid").retention()).isEqualTo(Operation.DEFAULT_RETENTION);
                    assertThat(operation(context, "unsaid").lease()).isEqualTo(Duration.ofSeconds(3));
                    assertThat(operation(context, "said").lease()).isEqualTo(Duration.ofSeconds(10));
                    assertThat(operation(context, "said").waitAtMost()).isEqualTo(Duration.ofSeconds(7));
                    assertThat(method(context, "storeless").engine().store()).isSameAs(context.getBean("own"));
                });
    }
}
