package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.Environment;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/**
 * The properties {@code idempotent.…} of an environment.
 *
 * <ol>
 *   <li>The names of the elements between dots are compared by letters and digits: {@code max-retries}, {@code
 *       maxRetries} and {@code max_retries} are one.
 *   <li>An environment variable is compared as a whole, by letters and digits: {@code IDEMPOTENT_RETRY_MAXRETRIES} and
 *       {@code IDEMPOTENT_RETRY_MAX_RETRIES} are one.
 *   <li>Of several forms of one name, the one of the first source counts, as for any property.
 *   <li>A list is one text with commas, or has its elements as {@code name[0]}, {@code name[1]}.
 *   <li>A source that cannot list its names is asked for the names with hyphens, but for those of single operations.
 * </ol>
 */
final class SettingProperties {

    private static final String START = EnvironmentSettings.PREFIX + ".";

    private static final String OPERATIONS = "operations.";

    private static final String VARIABLE = EnvironmentSettings.PREFIX.toUpperCase(Locale.ROOT) + "_";

    private static final Set<String> OF_ONE_OPERATION = SettingRecords.names(OperationSettings.class);

    private static final Set<String> OF_ALL = Stream.of(
                    names("", OperationSettings.class)
                            .filter(name -> !name.equals("atomic") && !name.equals("transaction-manager")),
                    names("", GlobalSettings.class),
                    names("caffeine.", CaffeineSettings.class),
                    names("jdbc.", JdbcSettings.class),
                    names("near-cache.", NearCacheSettings.class),
                    names("redis.", RedisSettings.class),
                    names("web.", WebSettings.class))
            .flatMap(names -> names)
            .collect(Collectors.toCollection(TreeSet::new));

    private final Map<String, Value> values = new HashMap<>();

    private final Set<String> operations = new TreeSet<>();

    SettingProperties(Environment environment) {
        if (environment instanceof ConfigurableEnvironment configurable) {
            configurable.getPropertySources().stream()
                    .map(SettingProperties::read)
                    .forEach(source -> source.forEach(values::putIfAbsent));
        }
        for (String name : OF_ALL) {
            Object value = values.containsKey(START + name) ? null : environment.getProperty(START + name);
            if (value != null) {
                values.put(START + name, new Value(START + name, value));
            }
        }
        values.replaceAll((name, value) -> resolved(value, environment));
        values.values().removeIf(value -> value.value().toString().isBlank());
        for (String name : values.keySet()) {
            if (name.startsWith(START + OPERATIONS)) {
                operations.add(name.substring(
                        (START + OPERATIONS).length(), name.indexOf('.', (START + OPERATIONS).length())));
            }
        }
    }

    /**
     * Refuses names that nobody knows.
     *
     * @throws IdempotencyConfigurationException if there is one
     */
    static void check(Environment environment) {
        if (environment instanceof ConfigurableEnvironment configurable) {
            for (PropertySource<?> source : configurable.getPropertySources()) {
                names(source).filter(name -> name.startsWith(START)).forEach(name -> {
                    if (known(name.substring(START.length())) == null) {
                        throw new IdempotencyConfigurationException(
                                "There is no property '" + name + "'",
                                "Known are " + START + OF_ALL + ", and " + START + OPERATIONS + "<name>. with "
                                        + OF_ONE_OPERATION);
                    }
                });
            }
        }
    }

    /** What is said by a name with hyphens; null if nothing is. */
    @Nullable
    Value find(String name) {
        return values.get(name);
    }

    /** The names of operations for which something is said. */
    Set<String> operations() {
        return operations;
    }

    private static Stream<String> names(String start, Class<?> type) {
        return SettingRecords.names(type).stream().map(start::concat);
    }

    private static Stream<String> names(PropertySource<?> source) {
        return source instanceof EnumerablePropertySource<?> enumerable && !isOfVariables(source)
                ? Arrays.stream(enumerable.getPropertyNames())
                : Stream.empty();
    }

    private static boolean isOfVariables(PropertySource<?> source) {
        return source instanceof SystemEnvironmentPropertySource;
    }

    /** What one source says, by names with hyphens. */
    private static Map<String, Value> read(PropertySource<?> source) {
        Map<String, Value> said = new HashMap<>();
        Map<String, TreeMap<Integer, Object>> elements = new TreeMap<>();
        if (source instanceof SystemEnvironmentPropertySource variables) {
            for (String variable : variables.getPropertyNames()) {
                String known = variable.toUpperCase(Locale.ROOT).startsWith(VARIABLE)
                        ? knownVariable(variable.substring(VARIABLE.length()))
                        : null;
                put(said, known, variable, source.getProperty(variable));
            }
        }
        names(source).filter(name -> name.startsWith(START)).forEach(name -> {
            int bracket = name.endsWith("]") ? name.lastIndexOf('[') : -1;
            String element = bracket < 0 ? "" : name.substring(bracket + 1, name.length() - 1);
            String known = known(name.substring(START.length()));
            Object value = source.getProperty(name);
            if (known != null && value != null && element.matches("[0-9]{1,6}")) {
                elements.computeIfAbsent(known, one -> new TreeMap<>()).put(Integer.valueOf(element), value);
            } else {
                put(said, known, name, value);
            }
        });
        elements.forEach((known, values) -> put(
                said,
                known,
                START + known,
                values.values().stream().map(String::valueOf).collect(Collectors.joining(","))));
        return said;
    }

    private static void put(Map<String, Value> said, @Nullable String known, String property, @Nullable Object value) {
        if (known != null && value != null) {
            said.put(START + known, new Value(property, value));
        }
    }

    /** The name with hyphens that a property's name without its start stands for; null if there is none. */
    private static @Nullable String known(String name) {
        List<String> elements = List.of(name.replaceAll("\\[[0-9]+\\]$", "")
                .replaceAll("\\[([^\\]]*)\\]", ".$1")
                .split("\\.", -1));
        if (!plain(elements.get(0)).equals("operations")) {
            return match(elements, OF_ALL);
        }
        String setting = elements.size() < 3 ? null : match(elements.subList(2, elements.size()), OF_ONE_OPERATION);
        return setting == null ? null : OPERATIONS + elements.get(1) + "." + setting;
    }

    private static @Nullable String match(List<String> elements, Set<String> names) {
        String wanted = elements.stream().map(SettingProperties::plain).collect(Collectors.joining("."));
        return names.stream()
                .filter(name -> Arrays.stream(name.split("\\.", -1))
                        .map(SettingProperties::plain)
                        .collect(Collectors.joining("."))
                        .equals(wanted))
                .findFirst()
                .orElse(null);
    }

    private static @Nullable String knownVariable(String variable) {
        List<String> elements = List.of(variable.split("_", -1));
        if (!plain(elements.get(0)).equals("operations")) {
            return matchVariable(elements, OF_ALL);
        }
        // The shortest name of an operation that leaves the name of a setting.
        for (int begin = 2; begin < elements.size(); begin++) {
            String setting = matchVariable(elements.subList(begin, elements.size()), OF_ONE_OPERATION);
            if (setting != null) {
                String operation = plain(String.join("", elements.subList(1, begin)));
                return OPERATIONS + operation + "." + setting;
            }
        }
        return null;
    }

    private static @Nullable String matchVariable(List<String> elements, Set<String> names) {
        String wanted = plain(String.join("", elements));
        return names.stream()
                .filter(name -> plain(name).equals(wanted))
                .findFirst()
                .orElse(null);
    }

    private static String plain(String text) {
        return IdempotencySettings.normalized(text);
    }

    private static Value resolved(Value value, Environment environment) {
        if (!(value.value() instanceof CharSequence text)) {
            return value;
        }
        try {
            return new Value(
                    value.property(),
                    environment.resolveRequiredPlaceholders(text.toString()).trim());
        } catch (IllegalArgumentException failure) {
            throw new IdempotencyConfigurationException(
                    "The property '" + value.property() + "' has a placeholder that cannot be resolved: "
                            + failure.getMessage(),
                    "Set the property that it names, or give it a default: ${name:default}",
                    failure);
        }
    }

    /**
     * What is said.
     *
     * @param property by which name
     * @param value what is said
     */
    record Value(String property, Object value) {}
}
