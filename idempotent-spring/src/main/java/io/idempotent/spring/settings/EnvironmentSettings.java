package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.settings.SettingProperties.Value;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.core.convert.ConversionException;
import org.springframework.core.convert.ConversionService;
import org.springframework.core.convert.TypeDescriptor;
import org.springframework.core.env.AbstractEnvironment;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.util.function.SingletonSupplier;

/**
 * Reads settings from an environment, by the names that Spring Boot knows, relaxed forms included. A name that begins
 * with {@code idempotent.} and that nobody knows is refused, since it is most likely misspelt; environment variables
 * are not, since their names may be anybody's.
 */
public final class EnvironmentSettings {

    /** What every property's name begins with, before a dot: {@value}. */
    public static final String PREFIX = "idempotent";

    private final SettingProperties properties;

    // Made when a value is there to be converted: most of what is read is not set.
    private final Supplier<ConversionService> conversion;

    private EnvironmentSettings(Environment environment, @Nullable ClassLoader classLoader) {
        this.properties = new SettingProperties(environment);
        this.conversion = SingletonSupplier.of(() -> SettingsConversion.create(classLoader));
    }

    /** Binds properties to records of settings. */
    public interface Binding {

        /** Makes a record of the properties below a prefix. */
        <R> R bind(String prefix, Class<R> type);

        /** Makes a record for each name below a prefix. */
        <R> Map<String, R> bindAll(String prefix, Class<R> type);
    }

    /**
     * Reads all settings.
     *
     * @param environment where from
     * @param classLoader finds the types of failures that are named
     * @throws IdempotencyConfigurationException if a property cannot be understood, or is not known
     */
    public static IdempotencySettings read(Environment environment, @Nullable ClassLoader classLoader) {
        EnvironmentSettings settings = new EnvironmentSettings(environment, classLoader);
        return bind(environment, new Binding() {
            @Override
            public <R> R bind(String prefix, Class<R> type) {
                return settings.bind(prefix, type);
            }

            @Override
            public <R> Map<String, R> bindAll(String prefix, Class<R> type) {
                Map<String, R> all = new TreeMap<>();
                settings.properties
                        .operations()
                        .forEach((key, name) -> all.put(name, settings.bind(prefix + "." + key, type)));
                return all;
            }
        });
    }

    /**
     * Reads all settings as a binding does that knows more of the environment.
     *
     * @throws IdempotencyConfigurationException if a property is not known, or cannot have its value
     */
    public static IdempotencySettings bind(Environment environment, Binding binding) {
        SettingProperties.check(environment);
        return new IdempotencySettings(
                binding.bind(PREFIX, OperationSettings.class),
                binding.bind(PREFIX, GlobalSettings.class),
                binding.bind(PREFIX + ".async", AsyncSettings.class),
                binding.bind(PREFIX + ".caffeine", CaffeineSettings.class),
                binding.bind(PREFIX + ".jdbc", JdbcSettings.class),
                binding.bind(PREFIX + ".messaging", MessagingSettings.class),
                binding.bind(PREFIX + ".near-cache", NearCacheSettings.class),
                binding.bind(PREFIX + ".observation", ObservationSettings.class),
                binding.bind(PREFIX + ".recovery", RecoverySettings.class),
                binding.bind(PREFIX + ".redis", RedisSettings.class),
                binding.bind(PREFIX + ".web", WebSettings.class),
                binding.bindAll(PREFIX + ".operations", OperationSettings.class));
    }

    /**
     * Reads where the advice stands among others, before any settings are made.
     *
     * @return what is set, or null
     */
    public static @Nullable Integer order(Environment environment) {
        return new EnvironmentSettings(environment, null)
                .<GlobalSettings>bind(PREFIX, GlobalSettings.class)
                .order();
    }

    static IdempotencySettings of(Map<String, String> settings) {
        Map<String, Object> properties = new HashMap<>();
        settings.forEach((name, text) -> properties.put(PREFIX + "." + name, text));
        ConfigurableEnvironment environment = new AbstractEnvironment() {};
        environment.getPropertySources().addFirst(new MapPropertySource("settings", properties));
        return read(environment, EnvironmentSettings.class.getClassLoader());
    }

    /**
     * Makes settings of one operation of texts, by the names of properties: {@code wait-at-most},
     * {@code retry.max-retries}.
     *
     * @throws IdempotencyConfigurationException if there is no such setting, or it cannot have the value
     */
    public static OperationSettings ofOperation(Map<String, String> settings) {
        Map<String, String> properties = new HashMap<>();
        settings.forEach((name, text) -> properties.put("operations.one." + name, text));
        return of(properties).operation("one");
    }

    private <R> R bind(String prefix, Class<R> type) {
        return SettingRecords.read(type, (path, wanted) -> {
            Value value = properties.find(prefix + "." + SettingRecords.hyphenated(path));
            return value == null ? null : convert(value, wanted);
        });
    }

    private @Nullable Object convert(Value value, TypeDescriptor wanted) {
        try {
            return conversion.get().convert(value.value(), TypeDescriptor.forObject(value.value()), wanted);
        } catch (ConversionException failed) {
            throw SettingsConversion.refused(value.property(), value.value(), "", failed);
        }
    }
}
