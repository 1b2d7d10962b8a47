package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * All that can be configured: read from Spring Boot's properties, from the environment of an application without Spring
 * Boot, or declared by the application as a bean of this type.
 *
 * @param defaults what holds for every operation that says nothing else
 * @param global what holds for the application as a whole
 * @param async calls that wait for nothing
 * @param caffeine the store in this JVM's memory
 * @param jdbc the store in a relational database
 * @param messaging listeners of messages
 * @param nearCache what is kept of a durable store in this JVM's memory
 * @param observation what metrics, traces and logs tell
 * @param recovery what finishes abandoned executions without their callers
 * @param redis the store in Redis
 * @param web HTTP endpoints
 * @param operations what is set for single operations by their names, and beats what is declared; names are compared by
 *     letters and digits only
 */
public record IdempotencySettings(
        OperationSettings defaults,
        GlobalSettings global,
        AsyncSettings async,
        CaffeineSettings caffeine,
        JdbcSettings jdbc,
        MessagingSettings messaging,
        NearCacheSettings nearCache,
        ObservationSettings observation,
        RecoverySettings recovery,
        RedisSettings redis,
        WebSettings web,
        Map<String, OperationSettings> operations) {

    /**
     * Makes settings. An operation for which nothing is set is left out.
     *
     * @throws IdempotencyConfigurationException if one operation has different settings by two names, or what can only
     *     be set for one operation is set for all
     */
    public IdempotencySettings {
        String ofOne = ofOneOperation(defaults);
        if (ofOne != null) {
            throw new IdempotencyConfigurationException(
                    "idempotent." + ofOne + " is set, which can only be set for one operation",
                    "Set it at idempotent.operations.<name>, or on the operation's annotation");
        }
        Map<String, String> names = new HashMap<>();
        Map<String, OperationSettings> said = new HashMap<>();
        operations.forEach((name, settings) -> {
            String before = names.putIfAbsent(normalized(name), name);
            if (before == null) {
                said.put(name, settings);
            } else if (!settings.equals(said.get(before))) {
                throw twoNames(before, name);
            }
        });
        said.values().removeIf(OperationSettings.UNSAID::equals);
        operations = Map.copyOf(said);
    }

    /** What is set that only one operation can have; null if nothing is. */
    private static @Nullable String ofOneOperation(OperationSettings settings) {
        if (settings.atomic() != null) {
            return "atomic";
        }
        if (settings.transactionManager() != null) {
            return "transaction-manager";
        }
        return settings.recover().isUnsaid() ? null : "recover";
    }

    static IdempotencyConfigurationException twoNames(String one, String other) {
        return new IdempotencyConfigurationException(
                "Settings are given for the operations '" + one + "' and '" + other
                        + "', which are one operation: names are compared by letters and digits only",
                "Keep one of them");
    }

    /**
     * Makes settings of texts, by the names of properties without {@code idempotent.}: {@code retention},
     * {@code near-cache.maximum-size}, {@code operations.payment-service-pay.lease}.
     *
     * @throws IdempotencyConfigurationException if there is no such setting, or it cannot have the value
     */
    public static IdempotencySettings of(Map<String, String> settings) {
        return EnvironmentSettings.of(settings);
    }

    /** Whether calls are protected, of operations that say nothing else. */
    public boolean enabled() {
        return !Boolean.FALSE.equals(defaults.enabled());
    }

    /** Whether calls of any operation are protected. */
    public boolean isAnyEnabled() {
        return enabled()
                || operations.values().stream().anyMatch(operation -> Boolean.TRUE.equals(operation.enabled()));
    }

    /** Returns what is set for one operation, and so beats what is declared. */
    public OperationSettings operation(String name) {
        if (operations.isEmpty() || operations.containsKey(name)) {
            return operations.getOrDefault(name, OperationSettings.UNSAID);
        }
        String wanted = normalized(name);
        return operations.entrySet().stream()
                .filter(operation -> normalized(operation.getKey()).equals(wanted))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(OperationSettings.UNSAID);
    }

    /** Returns the names for which something is set, but which are none of these. */
    public Set<String> unknownOperations(Set<String> known) {
        Set<String> unknown = new TreeSet<>(operations.keySet());
        if (!unknown.isEmpty()) {
            Set<String> declared =
                    known.stream().map(IdempotencySettings::normalized).collect(Collectors.toSet());
            unknown.removeIf(name -> declared.contains(normalized(name)));
        }
        return unknown;
    }

    /** The form in which names of operations are compared: lower-case letters and digits only. */
    public static String normalized(String name) {
        StringBuilder normalized = new StringBuilder(name.length());
        for (int index = 0; index < name.length(); index++) {
            char character = name.charAt(index);
            if (character >= 'A' && character <= 'Z') {
                normalized.append((char) (character - 'A' + 'a'));
            } else if ((character >= 'a' && character <= 'z') || (character >= '0' && character <= '9')) {
                normalized.append(character);
            }
        }
        return normalized.toString();
    }
}
