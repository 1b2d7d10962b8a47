package io.idempotent.spring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.interceptor.IdempotencyAdvisor;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;

class IdempotencyAutoConfigurationTest {

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

    @Test
    void protectsWithoutAnyConfiguration() {
        boot.run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(service.pay("a")).isEqualTo("a1");
            assertThat(service.pay("a")).isEqualTo("a1");
            assertThat(context.getBean(IdempotencySettings.class)).isEqualTo(IdempotencySettings.of(Map.of()));
        });
    }

    @Test
    void whatCanBeSaidOfOneOperationOnlyIsHeeded() {
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
