package io.idempotent.spring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.engine.WhenAbandoned;
import io.idempotent.engine.WhenStoreFails;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.interceptor.IdempotencyAdvisor;
import io.idempotent.spring.settings.EnvironmentSettings;
import io.idempotent.spring.settings.GlobalSettings.UnknownOperations;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.settings.OperationSettings;
import io.idempotent.spring.settings.RetrySettings;
import io.idempotent.spring.settings.WebSettings;
import io.idempotent.spring.settings.WebSettingsTest;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class IdempotencyAutoConfigurationTest {

    private static final String[] OF_OPERATION = {
        "store=caffeine",
        "scope='tenant'",
        "retention=48h",
        "lease=PT10S",
        "max-run=2h",
        "wait-at-most=500ms",
        "when-store-fails=run",
        "when-abandoned=refuse",
        "retry.max-retries=3",
        "retry.delay=200ms",
        "retry.multiplier=1.5",
        "retry.max-delay=5s",
        "retry.jitter=100ms",
        "retry.timeout=1m",
        "retry.includes=java.io.IOException, java.lang.IllegalStateException",
        "retry.excludes=java.io.FileNotFoundException"
    };

    private static final OperationSettings EVERYTHING = new OperationSettings(
            null,
            "caffeine",
            "'tenant'",
            Duration.ofHours(48),
            Duration.ofSeconds(10),
            Duration.ofHours(2),
            Duration.ofMillis(500),
            WhenStoreFails.RUN,
            WhenAbandoned.REFUSE,
            null,
            null,
            new RetrySettings(
                    3L,
                    Duration.ofMillis(200),
                    1.5,
                    Duration.ofSeconds(5),
                    Duration.ofMillis(100),
                    Duration.ofMinutes(1),
                    List.of(IOException.class, IllegalStateException.class),
                    List.of(FileNotFoundException.class)));

    static class Service {
        private int runs;

        @Idempotent(key = "#id", operation = "payment-service-pay")
        public String pay(String id) {
            return id + ++runs;
        }
    }

    private final ApplicationContextRunner boot = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(IdempotencyAutoConfiguration.class, AopAutoConfiguration.class))
            .withBean(Service.class);

    private static String[] prefixed(String prefix, String... properties) {
        return Arrays.stream(properties).map(prefix::concat).toArray(String[]::new);
    }

    @Test
    void protectsWithoutAnyConfiguration() {
        boot.run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(service.pay("a")).isEqualTo("a1");
            assertThat(service.pay("a")).isEqualTo("a1");
            IdempotencySettings settings = context.getBean(IdempotencySettings.class);
            assertThat(settings.enabled()).isTrue();
            assertThat(settings.global().maxWaiters()).isEqualTo(1_000);
            assertThat(settings.global().maxWaitersPerKey()).isEqualTo(1_000);
            assertThat(settings.global().interruptOnLeaseLoss()).isFalse();
            assertThat(settings.global().unknownOperations()).isEqualTo(UnknownOperations.FAIL);
            assertThat(settings.caffeine().maximumSize()).isEqualTo(100_000);
            assertThat(settings.caffeine().maximumWeight()).isNull();
            assertThat(settings.caffeine().storeByValue()).isFalse();
            assertThat(settings.nearCache().maximumSize()).isZero();
            assertThat(settings.nearCache().timeToLive()).isEqualTo(Duration.ofMinutes(5));
            assertThat(settings.web()).isEqualTo(WebSettings.DEFAULTS);
            assertThat(settings.defaults()).isEqualTo(OperationSettings.UNSAID);
        });
    }

    @Test
    void bindsWhatHoldsForAll() {
        boot.withPropertyValues(prefixed("idempotent.", OF_OPERATION))
                .withPropertyValues(WebSettingsTest.properties())
                .withPropertyValues(
                        "idempotent.max-waiters=7",
                        "idempotent.max-waiters-per-key=3",
                        "idempotent.interrupt-on-lease-loss=true",
                        "idempotent.unknown-operations=warn",
                        "idempotent.caffeine.maximum-size=9",
                        "idempotent.caffeine.maximum-weight=64MB",
                        "idempotent.near-cache.maximum-size=10",
                        "idempotent.near-cache.time-to-live=11s")
                .run(context -> {
                    IdempotencySettings settings = context.getBean(IdempotencySettings.class);
                    assertThat(settings.defaults()).isEqualTo(EVERYTHING);
                    assertThat(settings.global().maxWaiters()).isEqualTo(7);
                    assertThat(settings.global().maxWaitersPerKey()).isEqualTo(3);
                    assertThat(settings.global().interruptOnLeaseLoss()).isTrue();
                    assertThat(settings.global().unknownOperations()).isEqualTo(UnknownOperations.WARN);
                    assertThat(settings.caffeine().maximumSize()).isEqualTo(9);
                    assertThat(settings.caffeine().maximumWeight()).hasToString("67108864B");
                    assertThat(settings.nearCache().maximumSize()).isEqualTo(10);
                    assertThat(settings.nearCache().timeToLive()).isEqualTo(Duration.ofSeconds(11));
                    assertThat(settings.web()).isEqualTo(WebSettingsTest.EXPECTED);
                });
    }

    @Test
    void bindsWhatHoldsForOneOperation() {
        boot.withPropertyValues(prefixed("idempotent.operations.payment-service-pay.", OF_OPERATION))
                .run(context -> assertThat(
                                context.getBean(IdempotencySettings.class).operation("payment-service-pay"))
                        .isEqualTo(EVERYTHING));
    }

    @Test
    void bindsWhatCanBeSaidOfOneOperationOnly() {
        boot.withPropertyValues(
                        "idempotent.operations.payment-service-pay.atomic=false",
                        "idempotent.operations.payment-service-pay.transaction-manager= ")
                .run(context -> assertThat(
                                context.getBean(IdempotencySettings.class).operation("payment-service-pay"))
                        .isEqualTo(EnvironmentSettings.ofOperation(Map.of("atomic", "false"))));
        boot.withPropertyValues("idempotent.operations.payment-service-pay.transaction-manager=orders")
                .run(context -> assertThat(context.getStartupFailure())
                        .hasMessageContaining("has the transaction manager 'orders', and is not atomic"));
        boot.withPropertyValues("idempotent.operations.payment-service-pay.atomic=true")
                .run(context -> assertThat(context.getStartupFailure())
                        .hasMessageContaining("is atomic, and the store " + CaffeineIdempotencyStore.class.getName()));
    }

    @ParameterizedTest
    @CsvSource({"false, true, a1", "true, false, a2", "false, false, a2"})
    void switchesEverythingOrOneOperationOffAndTheOperationsOwnSwitchCounts(boolean all, boolean one, String second) {
        boot.withPropertyValues("idempotent.enabled=" + all, "idempotent.operations.PaymentServicePay.enabled=" + one)
                .run(context -> {
                    Service service = context.getBean(Service.class);
                    assertThat(service.pay("a")).isEqualTo("a1");
                    assertThat(service.pay("a")).isEqualTo(second);
                });
    }

    @Test
    void blankMeansThatNothingIsSaid() {
        boot.withPropertyValues("idempotent.scope=", "idempotent.store=").run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(service.pay("a")).isEqualTo(service.pay("a"));
        });
    }

    @Test
    void environmentVariablesSetOperationsToo() {
        boot.withInitializer(context -> context.getEnvironment()
                        .getPropertySources()
                        .addFirst(new SystemEnvironmentPropertySource(
                                "test-systemEnvironment",
                                Map.of(
                                        "IDEMPOTENT_OPERATIONS_PAYMENTSERVICEPAY_RETENTION",
                                        "3h",
                                        "IDEMPOTENT_LEASE",
                                        "5s"))))
                .run(context -> {
                    IdempotencySettings settings = context.getBean(IdempotencySettings.class);
                    assertThat(settings.defaults().lease()).isEqualTo(Duration.ofSeconds(5));
                    assertThat(settings.operation("payment-service-pay").retention())
                            .isEqualTo(Duration.ofHours(3));
                });
    }

    @ParameterizedTest
    @CsvSource({
        "idempotent.retention, tomorrow",
        "idempotent.max-waiters, many",
        "idempotent.when-store-fails, panic",
        "idempotent.retry.includes, no.such.Failure",
        "idempotent.operations.payment-service-pay.lease, x"
    })
    void aValueThatCannotBeReadIsRefusedByItsProperty(String property, String value) {
        boot.withPropertyValues(property + "=" + value)
                .run(context -> assertThat(context.getStartupFailure())
                        .isNotNull()
                        .rootCause()
                        .satisfies(
                                root -> assertThat(context.getStartupFailure()).hasStackTraceContaining(property)));
    }

    @Test
    void theApplicationsSettingsReplaceTheProperties() {
        IdempotencySettings own = IdempotencySettings.of(Map.of("enabled", "false"));
        boot.withBean(IdempotencySettings.class, () -> own).run(context -> {
            assertThat(context.getBean(IdempotencySettings.class)).isSameAs(own);
            assertThat(context.getBean(Service.class).pay("a")).isEqualTo("a1");
            assertThat(context.getBean(Service.class).pay("a")).isEqualTo("a2");
        });
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency(order = 42)
    static class EnabledByTheApplication {}

    @Test
    void backsOffWhereTheApplicationEnablesIdempotencyItself() {
        boot.withUserConfiguration(EnabledByTheApplication.class).run(context -> {
            assertThat(context).hasSingleBean(IdempotencyAdvisor.class);
            assertThat(context.getBean(IdempotencyAdvisor.class).getOrder()).isEqualTo(42);
            assertThat(context.getBean(Service.class).pay("a")).isEqualTo("a1");
            assertThat(context.getBean(Service.class).pay("a")).isEqualTo("a1");
        });
    }

    @Test
    void thePropertySetsTheOrder() {
        boot.run(context -> assertThat(context.getBean(IdempotencyAdvisor.class).getOrder())
                .isEqualTo(IdempotencyAdvisor.DEFAULT_ORDER));
        boot.withPropertyValues("idempotent.order=7")
                .run(context -> assertThat(
                                context.getBean(IdempotencyAdvisor.class).getOrder())
                        .isEqualTo(7));
    }
}
