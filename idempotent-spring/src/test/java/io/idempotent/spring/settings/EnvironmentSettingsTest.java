package io.idempotent.spring.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.WhenStoreFails;
import io.idempotent.spring.settings.GlobalSettings.UnknownOperations;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class EnvironmentSettingsTest {

    private static final String[] OF_OPERATION = {
        "store=ledger",
        "scope=@tenants.current()",
        "retention=48h",
        "lease=PT10S",
        "max-run=2h",
        "wait-at-most=500ms",
        "when-store-fails=run",
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
            "ledger",
            "@tenants.current()",
            Duration.ofHours(48),
            Duration.ofSeconds(10),
            Duration.ofHours(2),
            Duration.ofMillis(500),
            WhenStoreFails.RUN,
            null,
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
                    List.of(java.io.FileNotFoundException.class)));

    private static IdempotencySettings read(String... properties) {
        Map<String, Object> values = new HashMap<>();
        for (String property : properties) {
            int equals = property.indexOf('=');
            values.put(property.substring(0, equals), property.substring(equals + 1));
        }
        StandardEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new MapPropertySource("test", values));
        return EnvironmentSettings.read(environment, EnvironmentSettingsTest.class.getClassLoader());
    }

    private static String[] prefixed(String prefix, String... properties) {
        return Arrays.stream(properties).map(prefix::concat).toArray(String[]::new);
    }

    @Test
    void nothingSaidIsEveryDefault() {
        IdempotencySettings settings = read();
        assertThat(settings.enabled()).isTrue();
        assertThat(settings.defaults()).isEqualTo(OperationSettings.UNSAID);
        assertThat(settings.global().maxWaiters()).isEqualTo(1_000);
        assertThat(settings.global().maxWaitersPerKey()).isEqualTo(1_000);
        assertThat(settings.global().interruptOnLeaseLoss()).isFalse();
        assertThat(settings.global().unknownOperations()).isEqualTo(UnknownOperations.FAIL);
        assertThat(settings.caffeine().maximumSize()).isEqualTo(100_000);
        assertThat(settings.caffeine().maximumWeight()).isNull();
        assertThat(settings.caffeine().storeByValue()).isFalse();
        assertThat(settings.nearCache().maximumSize()).isZero();
        assertThat(settings.nearCache().timeToLive()).isEqualTo(Duration.ofMinutes(5));
        assertThat(settings.operation("pay")).isEqualTo(OperationSettings.UNSAID);
    }

    @Test
    void readsWhatHoldsForAll() {
        assertThat(read(prefixed("idempotent.", OF_OPERATION)).defaults()).isEqualTo(EVERYTHING);
    }

    @Test
    void readsWhatHoldsForOneOperation() {
        IdempotencySettings settings = read(prefixed("idempotent.operations.payment-service-pay.", OF_OPERATION));
        assertThat(settings.defaults()).isEqualTo(OperationSettings.UNSAID);
        assertThat(settings.operation("payment-service-pay")).isEqualTo(EVERYTHING);
        assertThat(settings.operation("PaymentService_pay")).isEqualTo(EVERYTHING);
        assertThat(settings.operation("other")).isEqualTo(OperationSettings.UNSAID);
        assertThat(settings.unknownOperations(Set.of("payment-service-pay"))).isEmpty();
        assertThat(settings.unknownOperations(Set.of("other"))).containsExactly("payment-service-pay");
    }

    @Test
    void readsWhatCanBeSaidOfOneOperationOnly() {
        IdempotencySettings settings =
                read("idempotent.operations.pay.atomic=true", "idempotent.operations.pay.transaction-manager=orders");
        assertThat(settings.operation("pay"))
                .isEqualTo(EnvironmentSettings.ofOperation(Map.of("atomic", "true", "transaction-manager", "orders")));
        assertThat(read("idempotent.operations.pay.atomic=false")
                        .operation("pay")
                        .atomic())
                .as("which beats what is declared")
                .isFalse();
        assertThat(settings.defaults()).isEqualTo(OperationSettings.UNSAID);
    }

    @Test
    void readsWhatIsNoOperations() {
        IdempotencySettings settings = read(
                "idempotent.enabled=false",
                "idempotent.order=5",
                "idempotent.max-waiters=7",
                "idempotent.max-waiters-per-key=3",
                "idempotent.interrupt-on-lease-loss=true",
                "idempotent.unknown-operations=warn",
                "idempotent.caffeine.maximum-size=9",
                "idempotent.caffeine.maximum-weight=64MB",
                "idempotent.caffeine.store-by-value=true",
                "idempotent.near-cache.maximum-size=10",
                "idempotent.near-cache.time-to-live=11s",
                "idempotent.operations.pay.enabled=false");
        assertThat(settings.enabled()).isFalse();
        assertThat(settings.global().maxWaiters()).isEqualTo(7);
        assertThat(settings.global().maxWaitersPerKey()).isEqualTo(3);
        assertThat(settings.global().interruptOnLeaseLoss()).isTrue();
        assertThat(settings.global().unknownOperations()).isEqualTo(UnknownOperations.WARN);
        assertThat(settings.caffeine().maximumSize()).isEqualTo(9);
        assertThat(settings.caffeine().maximumWeight()).hasToString("67108864B");
        assertThat(settings.caffeine().storeByValue()).isTrue();
        assertThat(settings.nearCache().maximumSize()).isEqualTo(10);
        assertThat(settings.nearCache().timeToLive()).isEqualTo(Duration.ofSeconds(11));
        assertThat(settings.operation("pay").enabled()).isFalse();
        assertThat(settings.isAnyEnabled()).isFalse();
    }

    @Test
    void anEmptyValueSaysNothing() {
        assertThat(read("idempotent.retention= ", "idempotent.retry.includes=").defaults())
                .isEqualTo(OperationSettings.UNSAID);
    }

    @Test
    void placeholdersInPropertiesAreResolved() {
        assertThat(read("idempotent.retention=${hours}h", "hours=3").defaults().retention())
                .isEqualTo(Duration.ofHours(3));
    }

    @ParameterizedTest
    @CsvSource({
        "idempotent.enabled, perhaps",
        "idempotent.max-waiters, many",
        "idempotent.unknown-operations, ignore",
        "idempotent.caffeine.maximum-size, huge",
        "idempotent.caffeine.maximum-weight, huge",
        "idempotent.caffeine.store-by-value, perhaps",
        "idempotent.near-cache.maximum-size, huge",
        "idempotent.near-cache.time-to-live, x",
        "idempotent.retention, tomorrow",
        "idempotent.lease, 10 parsecs",
        "idempotent.max-run, x",
        "idempotent.wait-at-most, x",
        "idempotent.when-store-fails, panic",
        "idempotent.retry.max-retries, 1.5",
        "idempotent.retry.delay, x",
        "idempotent.retry.multiplier, x",
        "idempotent.retry.max-delay, x",
        "idempotent.retry.jitter, x",
        "idempotent.retry.timeout, x",
        "idempotent.retry.includes, no.such.Failure",
        "idempotent.retry.excludes, java.lang.String",
        "idempotent.operations.pay.enabled, perhaps",
        "idempotent.operations.pay.atomic, perhaps",
        "idempotent.operations.pay.retention, tomorrow",
        "idempotent.operations.pay.retention, 24",
        "idempotent.retention, 24",
        "idempotent.lease, +30",
        "idempotent.retry.delay, -1",
        "idempotent.operations.pay.when-store-fails, panic",
        "idempotent.operations.pay.retry.max-retries, x",
        "idempotent.operations.pay.retry.includes, no.such.Failure",
    })
    void aValueThatCannotBeReadIsRefusedByItsProperty(String property, String value) {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> read(property + "=" + value))
                .satisfies(refusal -> {
                    assertThat(refusal.description())
                            .startsWith("The property '" + property + "' cannot be '" + value + "': ");
                    assertThat(refusal.action()).isEqualTo("Correct it");
                })
                .withCauseInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aPlaceholderThatNothingResolvesIsRefusedByItsProperty() {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> read("idempotent.store=${no.such.property}"))
                .withMessageContaining("The property 'idempotent.store' has a placeholder that cannot be resolved")
                .withMessageContaining("no.such.property");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "idempotent.retentoin",
                "idempotent.atomic",
                "idempotent.transaction-manager",
                "idempotent.retry.retries",
                "idempotent.caffeine.size",
                "idempotent.near-cache.enabled",
                "idempotent.operations",
                "idempotent.operations.pay",
                "idempotent.operations.pay.order",
                "idempotent.operations.pay.max-waiters",
                "idempotent.operations.pay.retry.retries",
                "idempotent.operations.payments.pay.retention",
            })
    void aPropertyThatNobodyKnowsIsRefused(String property) {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> read(property + "=1"))
                .satisfies(refusal -> {
                    assertThat(refusal.description()).isEqualTo("There is no property '" + property + "'");
                    assertThat(refusal.action())
                            .contains("Known are idempotent.[")
                            .contains("max-waiters")
                            .contains("idempotent.operations.<name>.")
                            .contains("retry.max-retries");
                });
    }

    @Test
    void otherLibrariesPropertiesAreTheirs() {
        assertThat(read("idempotent-receiver.retentoin=1", "idempotency.retention=1")
                        .defaults())
                .isEqualTo(OperationSettings.UNSAID);
    }

    @Test
    void twoNamesOfOneOperationAreRefused() {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(
                        () -> read("idempotent.operations.pay-now.lease=1s", "idempotent.operations.payNow.lease=2s"))
                .satisfies(refusal -> {
                    assertThat(refusal.description()).contains("'pay-now'").contains("'payNow'");
                    assertThat(refusal.action()).isEqualTo("Keep one of them");
                });
    }

    @ParameterizedTest
    @CsvSource({"30s, PT30S", "500ms, PT0.5S", "PT24H, PT24H", "7d, PT168H", "1h, PT1H"})
    void durationsAreWrittenSimplyOrAsInIso8601(String text, Duration expected) {
        assertThat(EnvironmentSettings.ofOperation(Map.of("retention", text)).retention())
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"max-run", "maxRun", "max_run", "MaxRun"})
    void aNameIsKnownInRelaxedFormsToo(String name) {
        assertThat(read("idempotent." + name + "=2h").defaults().maxRun()).isEqualTo(Duration.ofHours(2));
        assertThat(read("idempotent.operations.pay." + name + "=2h")
                        .operation("pay")
                        .maxRun())
                .isEqualTo(Duration.ofHours(2));
    }

    @ParameterizedTest
    @CsvSource({
        "IDEMPOTENT_MAXRUN, IDEMPOTENT_RETRY_MAXRETRIES, IDEMPOTENT_OPERATIONS_PAY_RETRY_MAXRETRIES",
        "IDEMPOTENT_MAX_RUN, IDEMPOTENT_RETRY_MAX_RETRIES, IDEMPOTENT_OPERATIONS_PAY_RETRY_MAX_RETRIES"
    })
    void anEnvironmentVariableIsAProperty(String maxRun, String maxRetries, String ofOperation) {
        StandardEnvironment environment = new StandardEnvironment();
        environment
                .getPropertySources()
                .addFirst(new SystemEnvironmentPropertySource(
                        "variables",
                        Map.of(maxRun, "2h", maxRetries, "3", ofOperation, "4", "IDEMPOTENT_OF_ANOTHER_PROGRAM", "x")));
        IdempotencySettings settings = EnvironmentSettings.read(environment, null);
        assertThat(settings.defaults().maxRun()).isEqualTo(Duration.ofHours(2));
        assertThat(settings.defaults().retry().maxRetries()).isEqualTo(3);
        assertThat(settings.operation("pay").retry().maxRetries()).isEqualTo(4);
    }

    @Test
    void theFirstSourceCountsWhicheverFormItHas() {
        StandardEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new MapPropertySource("last", Map.of("idempotent.max-run", "1h")));
        environment.getPropertySources().addFirst(new MapPropertySource("first", Map.of("idempotent.maxRun", "2h")));
        assertThat(EnvironmentSettings.read(environment, null).defaults().maxRun())
                .isEqualTo(Duration.ofHours(2));
    }

    @Test
    void aListMayHaveItsElementsOneByOne() {
        assertThat(read("idempotent.web.fingerprint-headers[1]=B", "idempotent.web.fingerprint-headers[0]=A")
                        .web()
                        .fingerprintHeaders())
                .containsExactly("A", "B");
    }

    @Test
    void aSourceThatCannotListItsNamesIsAskedForTheNamesWithHyphens() {
        StandardEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new PropertySource<>("directory", new Object()) {
            @Override
            public @Nullable Object getProperty(String name) {
                return name.equals("idempotent.retry.max-retries") ? "6" : null;
            }
        });
        assertThat(EnvironmentSettings.read(environment, null)
                        .defaults()
                        .retry()
                        .maxRetries())
                .isEqualTo(6);
    }

    @Test
    void storesAreSetAsWithSpringBoot() {
        IdempotencySettings settings = read(
                "idempotent.jdbc.data-source=own",
                "idempotent.jdbc.table-name=ledger.records",
                "idempotent.jdbc.initialize-schema=never",
                "idempotent.jdbc.statement-timeout=3s",
                "idempotent.jdbc.purge-interval=1m",
                "idempotent.jdbc.purge-batch-size=500",
                "idempotent.redis.key-prefix=shop:");
        assertThat(settings.jdbc())
                .isEqualTo(new JdbcSettings(
                        "own",
                        "ledger.records",
                        SchemaInitialization.NEVER,
                        Duration.ofSeconds(3),
                        Duration.ofMinutes(1),
                        500));
        assertThat(settings.redis().keyPrefix()).isEqualTo("shop:");
    }
}
