package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.WhenAbandoned;
import io.idempotent.engine.WhenStoreFails;
import io.idempotent.spring.settings.IdempotencySettings.UnknownOperations;
import io.idempotent.store.caffeine.CompletedRecordCache;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.Environment;
import org.springframework.format.datetime.standard.DurationFormatterUtils;
import org.springframework.util.ClassUtils;
import org.springframework.util.StringUtils;
import org.springframework.util.unit.DataSize;

/**
 * Reads settings from the environment of an application without Spring Boot, by the exact names of its properties:
 * {@code idempotent.retention}, not {@code IDEMPOTENT_RETENTION}. A name that begins with {@code idempotent.} and that
 * nobody knows is refused, since it is most likely misspelt.
 */
public final class EnvironmentSettings {

    /** What every property's name begins with: {@value}. */
    public static final String PREFIX = "idempotent.";

    /** Where the advice stands among others: {@value}. Read before any settings are. */
    public static final String ORDER = PREFIX + "order";

    private static final String OPERATIONS = PREFIX + "operations.";

    private static final Pattern NUMBER = Pattern.compile("[+-]?[0-9]+");

    private static final Pattern ZERO = Pattern.compile("[+-]?0+");

    private static final Set<String> GLOBAL = Set.of(
            "enabled",
            "order",
            "max-waiters",
            "max-waiters-per-key",
            "interrupt-on-lease-loss",
            "unknown-operations",
            "caffeine.maximum-size",
            "caffeine.maximum-weight",
            "caffeine.store-by-value",
            "near-cache.maximum-size",
            "near-cache.time-to-live",
            "web.header",
            "web.scope",
            "web.maximum-body-size",
            "web.maximum-response-size",
            "web.fingerprint-headers",
            "web.recorded-headers",
            "web.released-statuses",
            "web.unknown-statuses",
            "web.problem-base",
            "web.documentation");

    private static final Set<String> OF_OPERATION = Set.of(
            "enabled",
            "store",
            "scope",
            "retention",
            "lease",
            "max-run",
            "wait-at-most",
            "when-store-fails",
            "when-abandoned",
            "retry.max-retries",
            "retry.delay",
            "retry.multiplier",
            "retry.max-delay",
            "retry.jitter",
            "retry.timeout",
            "retry.includes",
            "retry.excludes");

    private static final Set<String> OF_ONE_OPERATION = Set.of("atomic", "transaction-manager");

    private final Environment environment;

    private final @Nullable ClassLoader classLoader;

    private EnvironmentSettings(Environment environment, @Nullable ClassLoader classLoader) {
        this.environment = environment;
        this.classLoader = classLoader;
    }

    /**
     * Reads all settings.
     *
     * @param environment where from
     * @param classLoader finds the types of failures that are named
     * @throws IdempotencyConfigurationException if a property cannot be understood, or is not known
     */
    public static IdempotencySettings read(Environment environment, @Nullable ClassLoader classLoader) {
        return new EnvironmentSettings(environment, classLoader).read();
    }

    /**
     * Reads a duration as annotations and properties write it: {@code 30s}, {@code 500ms} or ISO-8601. Only zero needs
     * no unit.
     *
     * @throws IllegalArgumentException if it is none, or has no unit; the message says what is wrong
     */
    public static Duration duration(String text) {
        checkUnit(text);
        try {
            return DurationFormatterUtils.detectAndParse(text);
        } catch (IllegalArgumentException | ArithmeticException failure) {
            throw new IllegalArgumentException("is no duration; write it like 30s, 500ms, 24h or PT30S", failure);
        }
    }

    /**
     * Refuses a number without a unit, which Spring takes for milliseconds.
     *
     * @throws IllegalArgumentException if it has none; the message says so
     */
    public static void checkUnit(String text) {
        String number = text.strip();
        if (NUMBER.matcher(number).matches() && !ZERO.matcher(number).matches()) {
            throw new IllegalArgumentException("has no unit; write " + number + "ms, " + number + "s, " + number + "m, "
                    + number + "h or " + number + "d");
        }
    }

    private IdempotencySettings read() {
        WaiterBounds bounds = WaiterBounds.of(
                environment,
                value(PREFIX + "max-waiters", Integer::valueOf),
                value(PREFIX + "max-waiters-per-key", Integer::valueOf));
        IdempotencySettings.Builder settings = IdempotencySettings.builder()
                .enabled(value(PREFIX + "enabled", true, EnvironmentSettings::bool))
                .defaults(operation(PREFIX).build())
                .maxWaiters(bounds.maxWaiters())
                .maxWaitersPerKey(bounds.maxWaitersPerKey())
                .interruptOnLeaseLoss(value(PREFIX + "interrupt-on-lease-loss", false, EnvironmentSettings::bool))
                .unknownOperations(value(
                        PREFIX + "unknown-operations",
                        UnknownOperations.FAIL,
                        text -> constant(UnknownOperations.class, text)))
                .caffeineMaximumSize(value(
                        PREFIX + "caffeine.maximum-size",
                        IdempotencySettings.DEFAULT_CAFFEINE_MAXIMUM_SIZE,
                        Long::valueOf))
                .caffeineMaximumWeight(value(PREFIX + "caffeine.maximum-weight", DataSize::parse))
                .caffeineStoreByValue(value(PREFIX + "caffeine.store-by-value", false, EnvironmentSettings::bool))
                .nearCacheMaximumSize(value(PREFIX + "near-cache.maximum-size", 0L, Long::valueOf))
                .nearCacheTimeToLive(value(
                        PREFIX + "near-cache.time-to-live",
                        CompletedRecordCache.DEFAULT_TIME_TO_LIVE,
                        EnvironmentSettings::duration))
                .web(web());
        for (String name : operationNames()) {
            String prefix = OPERATIONS + name + ".";
            settings.operation(
                    name,
                    operation(prefix)
                            .enabled(value(prefix + "enabled", EnvironmentSettings::bool))
                            .atomic(value(prefix + "atomic", EnvironmentSettings::bool))
                            .transactionManager(value(prefix + "transaction-manager", Function.identity()))
                            .build());
        }
        return settings.build();
    }

    private WebSettings web() {
        WebSettings defaults = WebSettings.DEFAULTS;
        String prefix = PREFIX + "web.";
        return new WebSettings(
                value(prefix + "header", defaults.header(), Function.identity()),
                value(prefix + "scope", defaults.scope(), text -> constant(WebSettings.Scope.class, text)),
                value(prefix + "maximum-body-size", defaults.maximumBodySize(), DataSize::parse),
                value(prefix + "maximum-response-size", defaults.maximumResponseSize(), DataSize::parse),
                value(prefix + "fingerprint-headers", defaults.fingerprintHeaders(), EnvironmentSettings::list),
                value(prefix + "recorded-headers", defaults.recordedHeaders(), EnvironmentSettings::list),
                value(prefix + "released-statuses", defaults.releasedStatuses(), EnvironmentSettings::list),
                value(prefix + "unknown-statuses", defaults.unknownStatuses(), EnvironmentSettings::list),
                value(prefix + "problem-base", defaults.problemBase(), URI::create),
                value(prefix + "documentation", URI::create));
    }

    /** What can be set for one operation, and for all. */
    private OperationSettings.Builder operation(String prefix) {
        return OperationSettings.builder()
                .store(value(prefix + "store", Function.identity()))
                .scope(value(prefix + "scope", Function.identity()))
                .retention(value(prefix + "retention", EnvironmentSettings::duration))
                .lease(value(prefix + "lease", EnvironmentSettings::duration))
                .maxRun(value(prefix + "max-run", EnvironmentSettings::duration))
                .waitAtMost(value(prefix + "wait-at-most", EnvironmentSettings::duration))
                .whenStoreFails(value(prefix + "when-store-fails", text -> constant(WhenStoreFails.class, text)))
                .whenAbandoned(value(prefix + "when-abandoned", text -> constant(WhenAbandoned.class, text)))
                .retry(new RetrySettings(
                        value(prefix + "retry.max-retries", Long::valueOf),
                        value(prefix + "retry.delay", EnvironmentSettings::duration),
                        value(prefix + "retry.multiplier", Double::valueOf),
                        value(prefix + "retry.max-delay", EnvironmentSettings::duration),
                        value(prefix + "retry.jitter", EnvironmentSettings::duration),
                        value(prefix + "retry.timeout", EnvironmentSettings::duration),
                        value(prefix + "retry.includes", this::failures),
                        value(prefix + "retry.excludes", this::failures)));
    }

    /** The names of operations for which something is set; checks all names of properties on the way. */
    private Set<String> operationNames() {
        Set<String> names = new TreeSet<>();
        if (!(environment instanceof ConfigurableEnvironment configurable)) {
            return names;
        }
        configurable.getPropertySources().forEach(source -> {
            if (source instanceof EnumerablePropertySource<?> enumerable) {
                for (String property : enumerable.getPropertyNames()) {
                    if (property.startsWith(OPERATIONS)) {
                        names.add(operationName(property));
                    } else if (property.startsWith(PREFIX)) {
                        String rest = property.substring(PREFIX.length());
                        checkKnown(property, GLOBAL.contains(rest) || OF_OPERATION.contains(rest));
                    }
                }
            }
        });
        return names;
    }

    private static String operationName(String property) {
        String rest = property.substring(OPERATIONS.length());
        int dot = rest.indexOf('.');
        String setting = rest.substring(dot + 1);
        checkKnown(property, dot > 0 && (OF_OPERATION.contains(setting) || OF_ONE_OPERATION.contains(setting)));
        return rest.substring(0, dot);
    }

    private static void checkKnown(String property, boolean known) {
        if (!known) {
            throw new IdempotencyConfigurationException(
                    "There is no property '" + property + "'",
                    "Known are " + PREFIX + new TreeSet<>(GLOBAL) + ", " + PREFIX + " or " + OPERATIONS
                            + "<name>. with " + new TreeSet<>(OF_OPERATION) + ", and " + OPERATIONS + "<name>. with "
                            + new TreeSet<>(OF_ONE_OPERATION));
        }
    }

    private <T> T value(String property, T otherwise, Function<String, T> reader) {
        T value = value(property, reader);
        return value == null ? otherwise : value;
    }

    private <T> @Nullable T value(String property, Function<String, T> reader) {
        String text = text(property);
        if (text == null || !StringUtils.hasText(text)) {
            return null;
        }
        try {
            return reader.apply(text.trim());
        } catch (IllegalArgumentException failure) {
            throw new IdempotencyConfigurationException(
                    "The property '" + property + "' cannot be '" + text + "': " + failure.getMessage(),
                    "Correct it",
                    failure);
        }
    }

    private @Nullable String text(String property) {
        try {
            return environment.getProperty(property);
        } catch (IllegalArgumentException failure) {
            throw new IdempotencyConfigurationException(
                    "The property '" + property + "' has a placeholder that cannot be resolved: "
                            + failure.getMessage(),
                    "Set the property that it names, or give it a default: ${name:default}",
                    failure);
        }
    }

    private static boolean bool(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("neither true nor false");
        };
    }

    private static <E extends Enum<E>> E constant(Class<E> type, String text) {
        return Enum.valueOf(type, text.replace('-', '_').toUpperCase(Locale.ROOT));
    }

    private static List<String> list(String text) {
        return Arrays.stream(text.split(",", -1)).map(String::trim).toList();
    }

    private List<Class<? extends Throwable>> failures(String text) {
        List<Class<? extends Throwable>> types = new ArrayList<>();
        for (String name : list(text)) {
            types.add(failure(name));
        }
        return types;
    }

    private Class<? extends Throwable> failure(String name) {
        try {
            return ClassUtils.forName(name, classLoader).asSubclass(Throwable.class);
        } catch (ClassNotFoundException | LinkageError | ClassCastException failure) {
            throw new IllegalArgumentException("no type of failure: " + name, failure);
        }
    }
}
