package io.idempotent.spring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.engine.Operation;
import io.idempotent.spring.interceptor.IdempotencyAdvisor;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.io.InputStream;
import java.net.URL;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the annotation processor wrote about the properties, which editors complete by. */
class ConfigurationMetadataTest {

    // Without a default of their own: what they mean is said in words.
    private static final Set<String> WITHOUT_DEFAULT = Set.of(
            "idempotent.store",
            "idempotent.caffeine.maximum-weight",
            "idempotent.jdbc.data-source",
            "idempotent.messaging.jms-dead-letter-queue",
            "idempotent.messaging.sqs-dead-letter-queue",
            "idempotent.max-waiters",
            "idempotent.max-waiters-per-key",
            "idempotent.scope",
            "idempotent.operations",
            "idempotent.retry.max-delay",
            "idempotent.retry.jitter",
            "idempotent.retry.includes",
            "idempotent.retry.excludes",
            "idempotent.retry.budget.name",
            "idempotent.web.fingerprint-headers",
            "idempotent.web.recorded-headers",
            "idempotent.web.released-statuses",
            "idempotent.web.unknown-statuses",
            "idempotent.web.trace-header",
            "idempotent.web.documentation",
            "management.endpoint.idempotency.roles");

    private static final List<String> PREFIXES =
            List.of("idempotent.", "management.endpoint.idempotency.", "management.health.idempotency.");

    private static final JdbcDataSource DATABASE = new JdbcDataSource();

    private final Map<String, JsonNode> properties = new TreeMap<>();

    ConfigurationMetadataTest() throws Exception {
        for (URL resource : Collections.list(
                getClass().getClassLoader().getResources("META-INF/spring-configuration-metadata.json"))) {
            try (InputStream in = resource.openStream()) {
                for (JsonNode property : JsonMapper.shared().readTree(in).get("properties")) {
                    String name = property.get("name").asString();
                    if (PREFIXES.stream().anyMatch(name::startsWith)) {
                        properties.put(name, property);
                    }
                }
            }
        }
    }

    @Test
    void hasEveryProperty() {
        assertThat(properties.keySet())
                .filteredOn(name -> name.startsWith("management."))
                .containsExactlyInAnyOrder(
                        "management.endpoint.idempotency.access",
                        "management.endpoint.idempotency.cache.time-to-live",
                        "management.endpoint.idempotency.roles",
                        "management.endpoint.idempotency.show-values",
                        "management.health.idempotency.enabled");
        assertThat(properties.keySet())
                .filteredOn(name -> name.startsWith("idempotent."))
                .containsExactlyInAnyOrderElementsOf(Arrays.stream("""
                                enabled store scope order retention lease max-run wait-at-most max-waiters
                                max-waiters-per-key
                                interrupt-on-lease-loss
                                when-store-fails when-abandoned when-cancelled async.threads
                                unknown-operations operations
                                caffeine.maximum-size caffeine.maximum-weight
                                caffeine.store-by-value near-cache.maximum-size near-cache.time-to-live
                                recovery.enabled recovery.interval recovery.batch recovery.threads
                                redis.key-prefix retry.max-retries retry.delay retry.multiplier
                                retry.max-delay retry.jitter retry.timeout retry.includes retry.excludes
                                retry.budget.tokens retry.budget.per-success retry.budget.name
                                jdbc.data-source jdbc.table-name jdbc.initialize-schema jdbc.statement-timeout
                                jdbc.purge-interval jdbc.purge-batch-size
                                web.header web.scope web.maximum-body-size web.maximum-response-size
                                web.fingerprint-headers web.recorded-headers web.released-statuses
                                web.unknown-statuses web.trace-header observation.include-key observation.mdc
                                observation.count-interval messaging.redelivery-delay
                                messaging.redelivery-multiplier messaging.redelivery-max-delay
                                messaging.hold-at-most messaging.replayed-failures
                                messaging.jms-dead-letter-queue messaging.sqs-dead-letter-queue
                                web.problem-base web.documentation
                                """.strip().split("\\s+"))
                        .map("idempotent."::concat)
                        .toList());
    }

    @Test
    void describesEveryPropertyInASentence() {
        assertThat(properties.values())
                .allSatisfy(property -> assertThat(property.path("description").asString(""))
                        .endsWith(".")
                        .hasSizeGreaterThan(15));
    }

    @Test
    void hasTheDefaultOfEveryPropertyThatHasOne() {
        assertThat(properties.values().stream()
                        .filter(property -> !property.has("defaultValue"))
                        .map(property -> property.get("name").asString())
                        .collect(Collectors.toSet()))
                .isEqualTo(WITHOUT_DEFAULT);
    }

    @ParameterizedTest
    @CsvSource({
        "enabled, true",
        "order, 2147482647",
        "retention, 24h",
        "lease, 30s",
        "max-run, 1h",
        "wait-at-most, 0s",
        "interrupt-on-lease-loss, false",
        "when-store-fails, refuse",
        "when-abandoned, run-again",
        "when-cancelled, abandon",
        "async.threads, 16",
        "unknown-operations, fail",
        "retry.max-retries, 0",
        "retry.delay, 1s",
        "retry.timeout, 0s",
        "retry.budget.tokens, 0",
        "retry.budget.per-success, 0.2",
        "caffeine.maximum-size, 100000",
        "caffeine.store-by-value, false",
        "near-cache.maximum-size, 0",
        "near-cache.time-to-live, 5m",
        "messaging.redelivery-delay, 200ms",
        "messaging.redelivery-multiplier, 2",
        "messaging.redelivery-max-delay, 10s",
        "messaging.hold-at-most, 2m",
        "messaging.replayed-failures, throw",
        "observation.include-key, false",
        "observation.mdc, false",
        "observation.count-interval, 30s",
        "recovery.enabled, true",
        "recovery.interval, 30s",
        "recovery.batch, 100",
        "recovery.threads, 2",
        "redis.key-prefix, idempotent:",
        "web.header, Idempotency-Key",
        "web.scope, caller",
        "web.maximum-body-size, 1MB",
        "web.maximum-response-size, 1MB",
        "web.problem-base, https://idempotent.io/problems/",
    })
    void hasTheDefaultThatTheIssueNames(String property, String value) {
        assertThat(properties.get("idempotent." + property).get("defaultValue").asString())
                .isEqualTo(value);
    }

    @Test
    void theEndpointReadsAndShowsNoValuesByDefault() {
        assertThat(properties
                        .get("management.endpoint.idempotency.access")
                        .get("defaultValue")
                        .asString())
                .isEqualTo("read_only");
        assertThat(properties
                        .get("management.endpoint.idempotency.show-values")
                        .get("defaultValue")
                        .asString())
                .isEqualTo("never");
    }

    @Test
    void everyDefaultIsTheOneThatHoldsWhereNothingIsSaid() {
        IdempotencySettings unsaid = IdempotencySettings.of(Map.of());
        properties.forEach((name, property) -> {
            if (property.has("defaultValue")
                    && name.startsWith("idempotent.")
                    && !name.startsWith("idempotent.retry.")) {
                IdempotencySettings said = IdempotencySettings.of(Map.of(
                        name.substring("idempotent.".length()),
                        property.get("defaultValue").asString()));
                assertThat(effective(said)).as(name).usingRecursiveComparison().isEqualTo(effective(unsaid));
            }
        });
    }

    /** What comes of settings, where their own records only say what was said. */
    private static List<Object> effective(IdempotencySettings settings) {
        Integer order = settings.global().order();
        return List.of(
                settings.enabled(),
                new OperationRegistry.Configured(settings.defaults(), settings.defaults())
                        .apply(Operation.builder("pay", String.class))
                        .build(),
                order == null ? IdempotencyAdvisor.DEFAULT_ORDER : order,
                settings.global().interruptOnLeaseLoss(),
                settings.global().unknownOperations(),
                settings.async(),
                settings.caffeine(),
                settings.jdbc().applyTo(JdbcIdempotencyStore.builder(DATABASE)),
                settings.messaging(),
                settings.nearCache(),
                settings.observation(),
                settings.recovery(),
                settings.redis(),
                settings.web());
    }
}
