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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
 *   <li>Of several forms of one name, the one of the first source counts, as for any property. The name of an operation
 *       may have another spelling in each source, but only one in each.
 *   <li>A list is one text with commas, or has its elements as {@code name[0]}, {@code name[1]}, in an environment
 *       variable as {@code NAME_0}, {@code NAME_1}.
 *   <li>A source that cannot list its names is asked for the names with hyphens, but for those of single operations.
 * </ol>
 */
final class SettingProperties {

    private static final String START = EnvironmentSettings.PREFIX + ".";

    private static final String OPERATIONS = "operations.";

    private static final String VARIABLE = EnvironmentSettings.PREFIX.toUpperCase(Locale.ROOT) + "_";

    private static final Pattern ELEMENT = Pattern.compile("(.*)\\[([0-9]{1,6})\\]");

    private static final Pattern ELEMENT_OF_VARIABLE =
            Pattern.compile("(" + VARIABLE + ".*)_([0-9]{1,6})", Pattern.CASE_INSENSITIVE);

    private static final Set<String> OF_ONE_OPERATION = SettingRecords.names(OperationSettings.class);

    private static final Set<String> OF_ALL = Stream.of(
                    names("", OperationSettings.class)
                            .filter(name -> !name.equals("atomic")
                                    && !name.equals("transaction-manager")
                                    && !name.startsWith("recover.")),
                    names("", GlobalSettings.class),
                    names("async.", AsyncSettings.class),
                    names("caffeine.", CaffeineSettings.class),
                    names("jdbc.", JdbcSettings.class),
                    names("near-cache.", NearCacheSettings.class),
                    names("messaging.", MessagingSettings.class),
                    names("observation.", ObservationSettings.class),
                    names("recovery.", RecoverySettings.class),
                    names("redis.", RedisSettings.class),
                    names("web.", WebSettings.class))
            .flatMap(names -> names)
            .collect(Collectors.toCollection(TreeSet::new));

    private final Map<String, Value> values = new HashMap<>();

    private final Map<String, String> operations = new TreeMap<>();

    SettingProperties(Environment environment) {
        if (environment instanceof ConfigurableEnvironment configurable) {
            configurable.getPropertySources().forEach(source -> read(source).forEach(values::putIfAbsent));
        }
        for (String name : OF_ALL) {
            Object value = values.containsKey(START + name) ? null : environment.getProperty(START + name);
            if (value != null) {
                values.put(START + name, new Value(START + name, value));
            }
        }
        values.replaceAll((name, value) -> resolved(value, environment));
    }

    /**
     * Refuses names that nobody knows, and two spellings of one operation in one source. A group of settings may be
     * empty, as a section of a YAML file may be.
     *
     * @throws IdempotencyConfigurationException if there is one
     */
    static void check(Environment environment) {
        if (environment instanceof ConfigurableEnvironment configurable) {
            configurable.getPropertySources().stream()
                    .filter(source -> !isOfVariables(source))
                    .forEach(SettingProperties::check);
        }
    }

    private static void check(PropertySource<?> source) {
        Map<String, String> spellings = new HashMap<>();
        for (String property : names(source)) {
            Name name = known(property.substring(START.length()));
            if (name == null && !isEmptyGroup(property, source)) {
                throw new IdempotencyConfigurationException(
                        "There is no property '" + property + "'",
                        "Known are " + START + OF_ALL + ", and " + START + OPERATIONS + "<name>. with "
                                + OF_ONE_OPERATION);
            }
            if (name != null && name.operation() != null) {
                String before = spellings.putIfAbsent(plain(name.operation()), name.operation());
                if (before != null && !before.equals(name.operation())) {
                    throw IdempotencySettings.twoNames(before, name.operation());
                }
            }
        }
    }

    private static boolean isEmptyGroup(String property, PropertySource<?> source) {
        Object value = source.getProperty(property);
        if (value != null && !value.toString().isBlank()) {
            return false;
        }
        List<String> elements = elements(property.substring(START.length()));
        boolean ofOne = areOfOperation(elements);
        String group = joined(elements, ofOne ? 2 : 0);
        return group.isEmpty()
                || (ofOne ? OF_ONE_OPERATION : OF_ALL)
                        .stream().anyMatch(name -> joined(elements(name), 0).startsWith(group + "."));
    }

    /** What is said by a name with hyphens, in which that of an operation is normalized; null if nothing is. */
    @Nullable
    Value find(String name) {
        return values.get(name);
    }

    /** The operations for which something is said: their names by the normalized ones. */
    Map<String, String> operations() {
        return operations;
    }

    private static Stream<String> names(String start, Class<?> type) {
        return SettingRecords.names(type).stream().map(start::concat);
    }

    private static List<String> names(PropertySource<?> source) {
        return source instanceof EnumerablePropertySource<?> enumerable
                ? Arrays.stream(enumerable.getPropertyNames())
                        .filter(name -> isOfVariables(source)
                                ? name.toUpperCase(Locale.ROOT).startsWith(VARIABLE)
                                : name.startsWith(START))
                        .toList()
                : List.of();
    }

    private static boolean isOfVariables(PropertySource<?> source) {
        return source instanceof SystemEnvironmentPropertySource;
    }

    /** What one source says, by names with hyphens. */
    private Map<String, Value> read(PropertySource<?> source) {
        Map<String, Value> said = new HashMap<>();
        Map<String, TreeMap<Integer, Value>> lists = new HashMap<>();
        for (String property : names(source)) {
            Matcher element = (isOfVariables(source) ? ELEMENT_OF_VARIABLE : ELEMENT).matcher(property);
            String whole = element.matches() ? element.group(1) : property;
            Name name = isOfVariables(source)
                    ? knownVariable(whole.substring(VARIABLE.length()))
                    : known(whole.substring(START.length()));
            Object value = source.getProperty(property);
            if (name == null || value == null) {
                continue;
            }
            if (name.operation() != null) {
                operations.putIfAbsent(plain(name.operation()), name.operation());
            }
            if (element.matches()) {
                lists.computeIfAbsent(name.key(), one -> new TreeMap<>())
                        .put(Integer.valueOf(element.group(2)), new Value(whole, value));
            } else {
                said.put(name.key(), new Value(whole, value));
            }
        }
        lists.forEach((key, elements) -> said.putIfAbsent(
                key,
                new Value(
                        elements.firstEntry().getValue().property(),
                        elements.values().stream()
                                .map(element -> String.valueOf(element.value()))
                                .collect(Collectors.joining(",")))));
        return said;
    }

    /** What a property's name without its start stands for; null if nothing. */
    private static @Nullable Name known(String property) {
        List<String> elements = elements(property);
        if (!areOfOperation(elements)) {
            return Name.of(null, match(joined(elements, 0), OF_ALL));
        }
        return elements.size() == 1 ? null : Name.of(elements.get(1), match(joined(elements, 2), OF_ONE_OPERATION));
    }

    private static boolean areOfOperation(List<String> elements) {
        return plain(elements.get(0)).equals("operations");
    }

    private static List<String> elements(String property) {
        return List.of(property.replaceAll("\\[[0-9]+\\]$", "")
                .replaceAll("\\[([^\\]]*)\\]", ".$1")
                .split("\\.", -1));
    }

    private static String joined(List<String> elements, int from) {
        return elements.stream().skip(from).map(SettingProperties::plain).collect(Collectors.joining("."));
    }

    private static @Nullable String match(String wanted, Set<String> names) {
        return names.stream()
                .filter(name -> joined(elements(name), 0).equals(wanted))
                .findFirst()
                .orElse(null);
    }

    private static @Nullable Name knownVariable(String variable) {
        List<String> elements = List.of(variable.split("_", -1));
        if (!areOfOperation(elements)) {
            return Name.of(null, matchVariable(elements, OF_ALL));
        }
        // The shortest name of an operation that leaves the name of a setting.
        for (int begin = 2; begin < elements.size(); begin++) {
            String operation = plain(String.join("", elements.subList(1, begin)));
            Name name = Name.of(operation, matchVariable(elements.subList(begin, elements.size()), OF_ONE_OPERATION));
            if (name != null) {
                return name;
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
        String text = SettingsConversion.text(value.value());
        if (text == null) {
            return value;
        }
        try {
            return new Value(
                    value.property(),
                    environment.resolveRequiredPlaceholders(text).trim());
        } catch (IllegalArgumentException failure) {
            throw new IdempotencyConfigurationException(
                    "The property '" + value.property() + "' has a placeholder that cannot be resolved: "
                            + failure.getMessage(),
                    "Set the property that it names, or give it a default: ${name:default}",
                    failure);
        }
    }

    /**
     * What a property is about.
     *
     * @param key the name with hyphens, in which that of an operation is normalized
     * @param operation the operation as it is written; null for all
     */
    private record Name(String key, @Nullable String operation) {

        static @Nullable Name of(@Nullable String operation, @Nullable String setting) {
            String group = operation == null ? START : START + OPERATIONS + plain(operation) + ".";
            return setting == null ? null : new Name(group + setting, operation);
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
