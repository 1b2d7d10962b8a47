package io.idempotent.spring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.WhenAbandoned;
import io.idempotent.engine.WhenStoreFails;
import io.idempotent.spring.settings.EnvironmentSettings;
import io.idempotent.spring.settings.GlobalSettings.UnknownOperations;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.settings.OperationSettings;
import io.idempotent.spring.settings.WebSettings;
import io.idempotent.store.jdbc.SchemaInitialization;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.util.ReflectionUtils;
import org.springframework.util.unit.DataSize;

/** Properties come to the same settings with Spring Boot and without it. */
class BothBindersTest {

    enum Reader {
        WITH_BOOT {
            @Override
            IdempotencySettings read(ConfigurableEnvironment environment) {
                return EnvironmentSettings.bind(environment, new SettingsBinding(environment, LOADER));
            }
        },
        WITHOUT_BOOT {
            @Override
            IdempotencySettings read(ConfigurableEnvironment environment) {
                return EnvironmentSettings.read(environment, LOADER);
            }
        };

        private static final ClassLoader LOADER = BothBindersTest.class.getClassLoader();

        abstract IdempotencySettings read(ConfigurableEnvironment environment);

        IdempotencySettings read(PropertySource<?>... sources) {
            ConfigurableEnvironment environment = new StandardEnvironment();
            for (PropertySource<?> source : sources) {
                environment.getPropertySources().addLast(source);
            }
            return read(environment);
        }

        IdempotencySettings read(String... properties) {
            return read(source("test", properties));
        }
    }

    /** What is refused, by parts of the message. */
    private record Refusal(List<String> parts) {}

    private static Refusal refused(String... parts) {
        return new Refusal(List.of(parts));
    }

    private static PropertySource<?> source(String name, String... properties) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (String property : properties) {
            int equals = property.indexOf('=');
            values.put(property.substring(0, equals), property.substring(equals + 1));
        }
        return new MapPropertySource(name, values);
    }

    private static PropertySource<?> variables(String... variables) {
        return new SystemEnvironmentPropertySource(
                "test-systemEnvironment", ((MapPropertySource) source("of", variables)).getSource());
    }

    /** Settings of one operation and of all: how a name is written, what it is given, the setting and its value. */
    private static final Object[][] OF_OPERATIONS = {
        {"enabled", "no", "enabled", false},
        {"enabled", false, "enabled", false},
        {"enabled", "", "enabled", null},
        {"enabled", "perhaps", "enabled", refused("it is neither true nor false")},
        {"store", "ledger", "store", "ledger"},
        {"store", " ledger ", "store", "ledger"},
        {"store", "", "store", null},
        {"store", 7, "store", "7"},
        {"scope", "@tenants.current()", "scope", "@tenants.current()"},
        {"scope", " ", "scope", null},
        {"retention", "48h", "retention", Duration.ofHours(48)},
        {"retention", "7d", "retention", Duration.ofDays(7)},
        {"retention", "PT10S", "retention", Duration.ofSeconds(10)},
        {"retention", "500ms", "retention", Duration.ofMillis(500)},
        {"retention", Duration.ofHours(3), "retention", Duration.ofHours(3)},
        {"retention", "", "retention", null},
        {"retention", " ", "retention", null},
        {"retention", "tomorrow", "retention", refused("it is no duration; write it like 30s, 500ms, 24h or PT30S")},
        {"retention", "24", "retention", refused("it has no unit; write 24ms, 24s, 24m, 24h or 24d")},
        {"retention", 24, "retention", refused("it has no unit; write 24ms, 24s, 24m, 24h or 24d")},
        {"retention", 24L, "retention", refused("it has no unit")},
        {"retention", true, "retention", refused("it is no duration")},
        {"retention", LocalDate.EPOCH, "retention", refused("it cannot be read")},
        {"lease", "+30", "lease", refused("it has no unit")},
        {"lease", "10 parsecs", "lease", refused("it is no duration")},
        {"lease", "10s", "lease", Duration.ofSeconds(10)},
        {"max-run", "2h", "max-run", Duration.ofHours(2)},
        {"maxRun", "2h", "max-run", Duration.ofHours(2)},
        {"max_run", "2h", "max-run", Duration.ofHours(2)},
        {"MaxRun", "2h", "max-run", Duration.ofHours(2)},
        {"wait-at-most", "0", "wait-at-most", Duration.ZERO},
        {"wait-at-most", 0, "wait-at-most", Duration.ZERO},
        {"when-store-fails", "run", "when-store-fails", WhenStoreFails.RUN},
        {"when-store-fails", "", "when-store-fails", null},
        {"when-store-fails", "panic", "when-store-fails", refused("it is none of [refuse, run]")},
        {"when-abandoned", "RunAgain", "when-abandoned", WhenAbandoned.RUN_AGAIN},
        {"retry.max-retries", "3", "retry.max-retries", 3L},
        {"retry.max-retries", 3, "retry.max-retries", 3L},
        {"retry.max-retries", "", "retry.max-retries", null},
        {"retry.max-retries", " ", "retry.max-retries", null},
        {"retry.max-retries", "1.5", "retry.max-retries", refused("it is no number; write it in digits")},
        {"retry.delay", "200ms", "retry.delay", Duration.ofMillis(200)},
        {"retry.delay", "-1", "retry.delay", refused("it has no unit")},
        {"retry.multiplier", "1.5", "retry.multiplier", 1.5},
        {"retry.multiplier", 2, "retry.multiplier", 2.0},
        {"retry.multiplier", "x", "retry.multiplier", refused("it is no number")},
        {"retry.max-delay", "5s", "retry.max-delay", Duration.ofSeconds(5)},
        {"retry.jitter", "100ms", "retry.jitter", Duration.ofMillis(100)},
        {"retry.timeout", "1m", "retry.timeout", Duration.ofMinutes(1)},
        {"retry.budget.tokens", "100", "retry.budget.tokens", 100},
        {"retry.budget.tokens", 100, "retry.budget.tokens", 100},
        {"retry.budget.tokens", "", "retry.budget.tokens", null},
        {"retry.budget.tokens", "some", "retry.budget.tokens", refused("it is no number; write it in digits")},
        {"retry.budget.tokens", "99999999999", "retry.budget.tokens", refused("it is no number")},
        {"retry.budget.per-success", "0.5", "retry.budget.per-success", 0.5},
        {"retry.budget.perSuccess", "1", "retry.budget.per-success", 1.0},
        {"retry.budget.per-success", "x", "retry.budget.per-success", refused("it is no number")},
        {"retry.budget.name", " bank ", "retry.budget.name", "bank"},
        {"retry.budget.name", "", "retry.budget.name", null},
        {"retry.budget", "", "retry.budget.tokens", null},
        {
            "retry.includes",
            "java.io.IOException, java.lang.IllegalStateException",
            "retry.includes",
            List.of(IOException.class, IllegalStateException.class)
        },
        {"retry.includes[0]", "java.io.IOException", "retry.includes", List.of(IOException.class)},
        {"retry.includes", List.of("java.io.IOException"), "retry.includes", List.of(IOException.class)},
        {"retry.includes", "", "retry.includes", List.of()},
        {"retry.includes", " ", "retry.includes", List.of()},
        {"retry.includes", "no.such.Failure", "retry.includes", refused("it names 'no.such.Failure', which is no class")
        },
        {
            "retry.includes",
            "java.lang.String",
            "retry.includes",
            refused("it names 'java.lang.String', which is no java.lang.Throwable")
        },
        {"retry.includes", "java.io.IOException,", "retry.includes", refused("it names '', which is no class")},
        {"retry.includes", "java.io.IOException, ,x", "retry.includes", refused("which is no class")},
        {"retry.excludes", "java.io.FileNotFoundException", "retry.excludes", List.of(FileNotFoundException.class)},
        {"retry.excludes", "java.lang.String", "retry.excludes", refused("which is no java.lang.Throwable")},
    };

    private static final Object[][] OTHERS = {
        {"order", "5", "order", 5},
        {"max-waiters", "7", "max-waiters", 7},
        {"max-waiters", 7, "max-waiters", 7},
        {"max-waiters", "", "max-waiters", null},
        {"max-waiters", "many", "max-waiters", refused("it is no number")},
        {"max-waiters", "-1", "max-waiters", refused("idempotent.max-waiters is -1", "zero or more")},
        {"max-waiters-per-key", "3", "max-waiters-per-key", 3},
        {"interrupt-on-lease-loss", "true", "interrupt-on-lease-loss", true},
        {"unknown-operations", "warn", "unknown-operations", UnknownOperations.WARN},
        {"unknown-operations", "ignore", "unknown-operations", refused("it is none of [fail, warn]")},
        {"caffeine.maximum-size", "9", "caffeine.maximum-size", 9L},
        {"caffeine.maximum-size", "", "caffeine.maximum-size", 100_000L},
        {"caffeine.maximum-size", "huge", "caffeine.maximum-size", refused("it is no number")},
        {"caffeine.maximum-weight", "64MB", "caffeine.maximum-weight", DataSize.ofMegabytes(64)},
        {"caffeine.maximum-weight", 64, "caffeine.maximum-weight", DataSize.ofBytes(64)},
        {"caffeine.maximum-weight", "", "caffeine.maximum-weight", null},
        {"caffeine.maximum-weight", "huge", "caffeine.maximum-weight", refused("it is no size; write it like 64MB")},
        {"caffeine.store-by-value", "true", "caffeine.store-by-value", true},
        {"caffeine.store-by-value", "perhaps", "caffeine.store-by-value", refused("it is neither true nor false")},
        {"near-cache.maximum-size", "10", "near-cache.maximum-size", 10L},
        {"near-cache.time-to-live", "11s", "near-cache.time-to-live", Duration.ofSeconds(11)},
        {"near-cache.time-to-live", 11, "near-cache.time-to-live", refused("it has no unit")},
        {"recovery.enabled", "false", "recovery.enabled", false},
        {"recovery.interval", "5s", "recovery.interval", Duration.ofSeconds(5)},
        {"recovery.interval", "0s", "recovery.interval", refused("It has to be 10 milliseconds to 30 days")},
        {"recovery.interval", "31d", "recovery.interval", refused("It has to be 10 milliseconds to 30 days")},
        {"recovery.batch", "7", "recovery.batch", 7},
        {"recovery.batch", "0", "recovery.batch", refused("idempotent.recovery.batch is 0")},
        {"recovery.threads", "8", "recovery.threads", 8},
        {"recovery.threads", "0", "recovery.threads", refused("idempotent.recovery.threads is 0")},
        {"jdbc.data-source", "own", "jdbc.data-source", "own"},
        {"jdbc.data-source", "", "jdbc.data-source", null},
        {"jdbc.table-name", "ledger.records", "jdbc.table-name", "ledger.records"},
        {"jdbc.table-name", "", "jdbc.table-name", refused("idempotent.jdbc.table-name is blank")},
        {"jdbc.table-name", " ", "jdbc.table-name", refused("idempotent.jdbc.table-name is blank")},
        {"jdbc.initialize-schema", "never", "jdbc.initialize-schema", SchemaInitialization.NEVER},
        {"jdbc.statement-timeout", "3s", "jdbc.statement-timeout", Duration.ofSeconds(3)},
        {"jdbc.statement-timeout", 3, "jdbc.statement-timeout", refused("it has no unit")},
        {"jdbc.purge-interval", "1m", "jdbc.purge-interval", Duration.ofMinutes(1)},
        {"jdbc.purge-batch-size", "500", "jdbc.purge-batch-size", 500},
        {"observation.count-interval", "1m", "observation.count-interval", Duration.ofMinutes(1)},
        {"observation.count-interval", "0s", "observation.count-interval", refused("observation.count-interval")},
        {"observation.include-key", "true", "observation.include-key", true},
        {"observation.mdc", "true", "observation.mdc", true},
        {"observation.mdc", "", "observation.mdc", false},
        {"redis.key-prefix", "shop:", "redis.key-prefix", "shop:"},
        {"redis.key-prefix", "", "redis.key-prefix", ""},
        {"redis.key-prefix", " ", "redis.key-prefix", ""},
        {"web.header", "X-Request-Key", "web.header", "X-Request-Key"},
        {"web.header", "", "web.header", refused("idempotent.web.header is ''", "be the name of a header")},
        {"web.header", " ", "web.header", refused("idempotent.web.header is ''")},
        {"web.header", "a key", "web.header", refused("idempotent.web.header")},
        {"web.scope", "shared", "web.scope", WebSettings.Scope.SHARED},
        {"web.scope", "", "web.scope", WebSettings.Scope.CALLER},
        {"web.scope", "everybody", "web.scope", refused("idempotent.web.scope")},
        {"web.maximum-body-size", "2KB", "web.maximum-body-size", DataSize.ofKilobytes(2)},
        {"web.maximum-body-size", "big", "web.maximum-body-size", refused("idempotent.web.maximum-body-size")},
        {"web.maximum-body-size", "-1B", "web.maximum-body-size", refused("idempotent.web.maximum-body-size")},
        {"web.maximum-response-size", "3KB", "web.maximum-response-size", DataSize.ofKilobytes(3)},
        {"web.maximum-response-size", "2GB", "web.maximum-response-size", refused("web.maximum-response-size")},
        {"web.fingerprint-headers", "X-Tenant, Accept", "web.fingerprint-headers", List.of("X-Tenant", "Accept")},
        {"web.fingerprint-headers[0]", "X-Tenant", "web.fingerprint-headers", List.of("X-Tenant")},
        {"web.fingerprint-headers", "", "web.fingerprint-headers", List.of()},
        {"web.fingerprint-headers", "Accept, ,X", "web.fingerprint-headers", refused("idempotent.web.fingerprint")},
        {"web.recorded-headers", "Location", "web.recorded-headers", List.of("Location")},
        {"web.recorded-headers", "", "web.recorded-headers", List.of()},
        {"web.recorded-headers", "Location:", "web.recorded-headers", refused("idempotent.web.recorded-headers")},
        {"web.released-statuses", "503,4XX", "web.released-statuses", List.of("503", "4xx")},
        {"web.released-statuses", 503, "web.released-statuses", List.of("503")},
        {"web.released-statuses", List.of(503, "4xx"), "web.released-statuses", List.of("503", "4xx")},
        {"web.released-statuses", "", "web.released-statuses", List.of()},
        {"web.released-statuses", " ", "web.released-statuses", List.of()},
        {"web.released-statuses", "5yy", "web.released-statuses", refused("idempotent.web.released-statuses")},
        {"web.released-statuses", "600", "web.released-statuses", refused("idempotent.web.released-statuses")},
        {"web.unknown-statuses", "5xx", "web.unknown-statuses", List.of("5xx")},
        {"web.unknown-statuses", "503", "web.unknown-statuses", refused("idempotent.web.unknown-statuses")},
        {"web.unknown-statuses", "5", "web.unknown-statuses", refused("idempotent.web.unknown-statuses")},
        {"web.trace-header", "X-First-Trace", "web.trace-header", "X-First-Trace"},
        {"web.trace-header", "a header", "web.trace-header", refused("idempotent.web.trace-header")},
        {"web.problem-base", "https://a.org/p/", "web.problem-base", URI.create("https://a.org/p/")},
        {"web.problem-base", "", "web.problem-base", WebSettings.DEFAULTS.problemBase()},
        {"web.problem-base", "not an address", "web.problem-base", refused("idempotent.web.problem-base")},
        {"web.documentation", "https://a.org/keys", "web.documentation", URI.create("https://a.org/keys")},
        {"web.documentation", " ", "web.documentation", null},
        {"operations.pay.atomic", "false", "operations.pay.atomic", false},
        {"operations.pay.atomic", "perhaps", "operations.pay.atomic", refused("it is neither true nor false")},
        {"operations.pay.transaction-manager", "orders", "operations.pay.transaction-manager", "orders"},
        {"operations.pay.recover.after", "1m", "operations.pay.recover.after", Duration.ofMinutes(1)},
        {"operations.pay.recover.after", "soon", "operations.pay.recover.after", refused("it is no duration")},
        {"operations.pay.recover.max-takeovers", "3", "operations.pay.recover.max-takeovers", 3},
        {"operations.pay.transaction-manager", "", "operations.pay.transaction-manager", null},
        {"operations..lease", "1s", "lease", null},
        {"operations[pay].lease", "1s", "operations.pay.lease", Duration.ofSeconds(1)},
        {"operations.PaymentService_pay.lease", "1s", "operations.payment-service-pay.lease", Duration.ofSeconds(1)},
    };

    private static final Object[][] VARIABLES = {
        {"IDEMPOTENT_MAXRUN", "2h", "max-run", Duration.ofHours(2)},
        {"IDEMPOTENT_MAX_RUN", "2h", "max-run", Duration.ofHours(2)},
        {"IDEMPOTENT_MAXRUN", "2", "max-run", refused("it has no unit")},
        {"IDEMPOTENT_RETRY_MAXRETRIES", "3", "retry.max-retries", 3L},
        {"IDEMPOTENT_RETRY_MAX_RETRIES", "3", "retry.max-retries", 3L},
        {"IDEMPOTENT_RETRY_BUDGET_PERSUCCESS", "0.5", "retry.budget.per-success", 0.5},
        {"IDEMPOTENT_RETRY_BUDGET_PER_SUCCESS", "0.5", "retry.budget.per-success", 0.5},
        {"IDEMPOTENT_OPERATIONS_PAY_RETRY_BUDGET_TOKENS", "4", "operations.pay.retry.budget.tokens", 4},
        {"IDEMPOTENT_WEB_RELEASEDSTATUSES", "503, 429", "web.released-statuses", List.of("503", "429")},
        {"IDEMPOTENT_WEB_RELEASEDSTATUSES_0", "503", "web.released-statuses", List.of("503")},
        {"IDEMPOTENT_WEB_RELEASED_STATUSES_0", "503", "web.released-statuses", List.of("503")},
        {"IDEMPOTENT_RETRY_INCLUDES_0", "java.io.IOException", "retry.includes", List.of(IOException.class)},
        {"IDEMPOTENT_OPERATIONS_PAY_RETRY_MAXRETRIES", "4", "operations.pay.retry.max-retries", 4L},
        {"IDEMPOTENT_OPERATIONS_PAY_RETRY_MAX_RETRIES", "4", "operations.pay.retry.max-retries", 4L},
        {
            "IDEMPOTENT_OPERATIONS_PAY_RETRY_INCLUDES_0",
            "java.io.IOException",
            "operations.pay.retry.includes",
            List.of(IOException.class)
        },
        {
            "IDEMPOTENT_OPERATIONS_PAYMENTSERVICEPAY_RETENTION",
            "3h",
            "operations.payment-service-pay.retention",
            Duration.ofHours(3)
        },
        {"IDEMPOTENT_OF_ANOTHER_PROGRAM", "x", "max-run", null},
        {"IDEMPOTENT_WEB", "", "web.header", "Idempotency-Key"},
        {"IDEMPOTENT_0", "x", "max-run", null},
        {"IDEMPOTENT_OPERATIONS__LEASE", "9s", "lease", null},
    };

    static Stream<Arguments> table() {
        Stream<Object[]> properties = Stream.concat(
                Stream.of("", "operations.payment-service-pay.")
                        .flatMap(start -> Arrays.stream(OF_OPERATIONS)
                                .map(row -> new Object[] {start + row[0], row[1], start + row[2], row[3]})),
                Arrays.stream(OTHERS));
        return Stream.concat(
                        properties.map(row -> new Object[] {"idempotent." + row[0], row[1], row[2], row[3]}),
                        Arrays.stream(VARIABLES))
                .flatMap(row -> Arrays.stream(Reader.values())
                        .map(reader -> Arguments.of(reader, row[0], row[1], row[2], row[3])));
    }

    @ParameterizedTest(name = "{0}: {1}={2}")
    @MethodSource("table")
    void aPropertyComesToTheSame(
            Reader reader, String property, Object value, String setting, @Nullable Object expected) {
        PropertySource<?> source = property.startsWith("IDEMPOTENT_")
                ? variables(property + "=" + value)
                : new MapPropertySource("test", Map.of(property, value));
        if (expected instanceof Refusal refusal) {
            assertThatExceptionOfType(IdempotencyConfigurationException.class)
                    .isThrownBy(() -> reader.read(source))
                    .satisfies(refused -> {
                        assertThat(refused.getMessage()).contains(refusal.parts());
                        if (refused.description().startsWith("The property")) {
                            assertThat(refused.description())
                                    .containsIgnoringCase(setting.substring(setting.lastIndexOf('.') + 1)
                                            .replace(property.startsWith("IDEMPOTENT_") ? "-" : " ", ""))
                                    .contains("' cannot be '" + value + "'");
                            assertThat(refused.action()).isEqualTo("Correct it");
                        }
                    });
        } else {
            assertThat(setting(reader.read(source), setting)).isEqualTo(expected);
        }
    }

    /** The value of a setting by the name that properties have for it. */
    private static @Nullable Object setting(IdempotencySettings settings, String name) {
        if (name.startsWith("operations.")) {
            String[] parts = name.split("\\.", 3);
            return component(settings.operation(parts[1]), parts[2]);
        }
        int dot = name.indexOf('.');
        return Stream.of(dot < 0 ? settings.global() : settings, settings.defaults())
                .filter(record -> has(record, dot < 0 ? name : name.substring(0, dot)))
                .findFirst()
                .map(record -> new Object[] {component(record, name)})
                .orElseThrow()[0];
    }

    private static boolean has(Object record, String component) {
        return Arrays.stream(record.getClass().getRecordComponents())
                .anyMatch(one -> one.getName().equals(camel(component)));
    }

    private static @Nullable Object component(@Nullable Object record, String path) {
        Object found = record;
        for (String name : path.split("\\.", -1)) {
            found = ReflectionUtils.invokeMethod(ReflectionUtils.findMethod(found.getClass(), camel(name)), found);
        }
        return found;
    }

    private static String camel(String name) {
        StringBuilder camel = new StringBuilder();
        for (String word : name.split("-", -1)) {
            camel.append(camel.isEmpty() ? word : word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1));
        }
        return camel.toString();
    }

    @ParameterizedTest
    @EnumSource
    void nothingSaidIsEveryDefault(Reader reader) {
        IdempotencySettings settings = reader.read(source("test"));
        assertThat(settings).isEqualTo(IdempotencySettings.of(Map.of()));
        assertThat(settings.enabled()).isTrue();
        assertThat(settings.defaults()).isEqualTo(OperationSettings.UNSAID);
        assertThat(settings.global().maxWaiters()).isNull();
        assertThat(settings.global().maxWaitersPerKey()).isNull();
        assertThat(settings.global().interruptOnLeaseLoss()).isFalse();
        assertThat(settings.global().unknownOperations()).isEqualTo(UnknownOperations.FAIL);
        assertThat(settings.caffeine().maximumSize()).isEqualTo(100_000);
        assertThat(settings.caffeine().maximumWeight()).isNull();
        assertThat(settings.caffeine().storeByValue()).isFalse();
        assertThat(settings.recovery().enabled()).isTrue();
        assertThat(settings.recovery().interval()).isEqualTo(Duration.ofSeconds(30));
        assertThat(settings.recovery().batch()).isEqualTo(100);
        assertThat(settings.recovery().threads()).isEqualTo(2);
        assertThat(settings.nearCache().maximumSize()).isZero();
        assertThat(settings.nearCache().timeToLive()).isEqualTo(Duration.ofMinutes(5));
        assertThat(settings.redis().keyPrefix()).isEqualTo("idempotent:");
        assertThat(settings.web()).isEqualTo(WebSettings.DEFAULTS);
        assertThat(settings.operation("pay")).isEqualTo(OperationSettings.UNSAID);
    }

    @ParameterizedTest
    @EnumSource
    void whatIsSetForOneOperationIsNotSetForAll(Reader reader) {
        IdempotencySettings settings = reader.read("idempotent.operations.payment-service-pay.lease=1s");
        assertThat(settings.defaults()).isEqualTo(OperationSettings.UNSAID);
        assertThat(settings.operation("PaymentService_pay"))
                .isEqualTo(EnvironmentSettings.ofOperation(Map.of("lease", "1s")));
        assertThat(settings.operation("other")).isEqualTo(OperationSettings.UNSAID);
        assertThat(settings.unknownOperations(Set.of("payment-service-pay"))).isEmpty();
        assertThat(settings.unknownOperations(Set.of("other"))).containsExactly("payment-service-pay");
    }

    @ParameterizedTest
    @EnumSource
    void anOperationMayBeSwitchedOnWhereAllAreSwitchedOff(Reader reader) {
        assertThat(reader.read("idempotent.enabled=false", "idempotent.operations.pay.enabled=false")
                        .isAnyEnabled())
                .isFalse();
        assertThat(reader.read("idempotent.enabled=false", "idempotent.operations.pay.enabled=true")
                        .isAnyEnabled())
                .isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void anOperationOfWhichNothingIsSaidNeedNotBeKnown(Reader reader) {
        IdempotencySettings settings =
                reader.read("idempotent.operations.pay.lease=", "idempotent.operations.refund.store= ");
        assertThat(settings.unknownOperations(Set.of())).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void placeholdersInPropertiesAreResolved(Reader reader) {
        assertThat(reader.read("idempotent.retention=${hours}h", "hours=3")
                        .defaults()
                        .retention())
                .isEqualTo(Duration.ofHours(3));
    }

    @Test
    void withoutBootAPlaceholderThatNothingResolvesIsRefusedByItsProperty() {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> Reader.WITHOUT_BOOT.read("idempotent.store=${no.such.property}"))
                .withMessageContaining("The property 'idempotent.store' has a placeholder that cannot be resolved")
                .withMessageContaining("no.such.property");
    }

    static Stream<Arguments> unknown() {
        return Stream.of(
                        "idempotent.retentoin",
                        "idempotent.atomic",
                        "idempotent.transaction-manager",
                        "idempotent.recover.after",
                        "idempotent.recover.max-takeovers",
                        "idempotent.retry",
                        "idempotent.retry.retries",
                        "idempotent.caffeine.size",
                        "idempotent.near-cache.enabled",
                        "idempotent.web",
                        "idempotent.web.headers",
                        "idempotent.web.scopes",
                        "idempotent.operations",
                        "idempotent.operations.pay",
                        "idempotent.operations.pay.retry",
                        "idempotent.operations.pay.order",
                        "idempotent.operations.pay.max-waiters",
                        "idempotent.operations.pay.retry.retries",
                        "idempotent.operations.payments.pay.retention")
                .flatMap(property -> Arrays.stream(Reader.values()).map(reader -> Arguments.of(reader, property)));
    }

    @ParameterizedTest
    @MethodSource("unknown")
    void aPropertyThatNobodyKnowsIsRefused(Reader reader, String property) {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> reader.read(property + "=1"))
                .satisfies(refusal -> {
                    assertThat(refusal.description()).isEqualTo("There is no property '" + property + "'");
                    assertThat(refusal.action())
                            .contains("Known are idempotent.[")
                            .contains("max-waiters")
                            .contains("idempotent.operations.<name>.")
                            .contains("retry.max-retries");
                });
    }

    @ParameterizedTest
    @EnumSource
    void aMisspeltPropertyIsRefusedEvenIfItIsBlank(Reader reader) {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> reader.read("idempotent.retentoin="))
                .withMessageContaining("There is no property 'idempotent.retentoin'");
    }

    @ParameterizedTest
    @EnumSource
    void aSectionMayBeEmpty(Reader reader) {
        assertThat(reader.read(
                        "idempotent=",
                        "idempotent.caffeine=",
                        "idempotent.jdbc=",
                        "idempotent.near-cache=",
                        "idempotent.nearCache= ",
                        "idempotent.redis=",
                        "idempotent.retry=",
                        "idempotent.web=",
                        "idempotent.operations=",
                        "idempotent.operations.pay=",
                        "idempotent.operations.refund.retry="))
                .isEqualTo(IdempotencySettings.of(Map.of()));
        assertThat(reader.read(source("first", "idempotent.web="), source("second", "idempotent.web.header=X"))
                        .web()
                        .header())
                .isEqualTo("X");
    }

    @ParameterizedTest
    @EnumSource
    void otherLibrariesPropertiesAreTheirs(Reader reader) {
        assertThat(reader.read("idempotent-receiver.retentoin=1", "idempotency.retention=1"))
                .isEqualTo(IdempotencySettings.of(Map.of()));
    }

    @ParameterizedTest
    @EnumSource
    void twoNamesOfOneOperationInOneSourceAreRefused(Reader reader) {
        for (String second : List.of("lease=2s", "lease=1s", "retention=1h")) {
            assertThatExceptionOfType(IdempotencyConfigurationException.class)
                    .isThrownBy(() -> reader.read(
                            "idempotent.operations.pay-now.lease=1s", "idempotent.operations.payNow." + second))
                    .satisfies(refusal -> {
                        assertThat(refusal.description()).contains("'pay-now'").contains("'payNow'");
                        assertThat(refusal.action()).isEqualTo("Keep one of them");
                    });
        }
    }

    @ParameterizedTest
    @EnumSource
    void anOperationMayHaveAnotherSpellingInEachSource(Reader reader) {
        IdempotencySettings settings = reader.read(
                variables(
                        "IDEMPOTENT_OPERATIONS_PAYMENTSERVICEPAY_LEASE=1s",
                        "IDEMPOTENT_OPERATIONS_PAYMENTSERVICEPAY_MAXRUN=3h"),
                source(
                        "file",
                        "idempotent.operations.payment-service-pay.lease=2s",
                        "idempotent.operations.payment-service-pay.retention=2h"),
                source("other", "idempotent.operations.PaymentServicePay.retention=5h"),
                source("last", "idempotent.operations.payment_service_pay.wait-at-most=4s"));
        assertThat(settings.operation("payment-service-pay"))
                .isEqualTo(EnvironmentSettings.ofOperation(
                        Map.of("lease", "1s", "max-run", "3h", "retention", "2h", "wait-at-most", "4s")));
        assertThat(settings.unknownOperations(Set.of())).containsExactly("paymentservicepay");
    }

    @ParameterizedTest
    @EnumSource
    void theFirstSourceCountsWhicheverFormItHas(Reader reader) {
        assertThat(reader.read(source("first", "idempotent.maxRun=2h"), source("last", "idempotent.max-run=1h"))
                        .defaults()
                        .maxRun())
                .isEqualTo(Duration.ofHours(2));
    }

    @ParameterizedTest
    @EnumSource
    void aBlankInTheFirstSourceSaysAsMuchAsInTheOnlyOne(Reader reader) {
        assertThat(reader.read(
                        source("first", "idempotent.web.released-statuses=", "idempotent.lease="),
                        source("last", "idempotent.web.released-statuses=503", "idempotent.lease=3s")))
                .satisfies(settings -> {
                    assertThat(settings.web().releasedStatuses()).isEmpty();
                    assertThat(settings.defaults().lease()).isNull();
                });
    }

    @ParameterizedTest
    @EnumSource
    void aListMayHaveItsElementsOneByOne(Reader reader) {
        assertThat(reader.read("idempotent.web.fingerprint-headers[1]=B", "idempotent.web.fingerprint-headers[0]=A")
                        .web()
                        .fingerprintHeaders())
                .containsExactly("A", "B");
        assertThat(reader.read(
                                variables(
                                        "IDEMPOTENT_WEB_FINGERPRINTHEADERS_0=A",
                                        "IDEMPOTENT_WEB_FINGERPRINTHEADERS_1=B"),
                                source("file", "idempotent.web.fingerprint-headers=C"))
                        .web()
                        .fingerprintHeaders())
                .containsExactly("A", "B");
    }

    @ParameterizedTest
    @EnumSource
    void aSourceThatCannotListItsNamesIsAskedForTheNamesWithHyphens(Reader reader) {
        PropertySource<?> directory = new PropertySource<>("directory", new Object()) {
            @Override
            public @Nullable Object getProperty(String name) {
                return name.equals("idempotent.retry.max-retries") ? "6" : null;
            }
        };
        assertThat(reader.read(directory).defaults().retry().maxRetries()).isEqualTo(6);
    }
}
