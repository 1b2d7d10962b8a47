package io.idempotent.spring.autoconfigure;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.settings.EnvironmentSettings;
import io.idempotent.spring.settings.SettingsConversion;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.AbstractBindHandler;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Bindable.BindRestriction;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PlaceholdersResolver;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.convert.ConversionException;
import org.springframework.core.convert.ConversionService;
import org.springframework.core.convert.TypeDescriptor;
import org.springframework.core.env.Environment;

/**
 * Finds properties as Spring Boot does, and converts them as this library does. Spring Boot's binder asks property
 * editors first, and its own conversion last: they accept classes that are no failures, and durations without a unit.
 * So each text that it has converted, or refused, is converted again.
 */
final class SettingsBinding extends AbstractBindHandler implements EnvironmentSettings.Binding {

    private final ConversionService conversion;

    private final PlaceholdersResolver texts;

    private final Binder binder;

    SettingsBinding(Environment environment, @Nullable ClassLoader classLoader) {
        PlaceholdersResolver placeholders = new PropertySourcesPlaceholdersResolver(environment);
        this.conversion = SettingsConversion.create(classLoader);
        this.texts = value -> {
            String text = SettingsConversion.text(value);
            return text == null
                    ? value
                    : String.valueOf(placeholders.resolvePlaceholders(text)).trim();
        };
        this.binder = new Binder(ConfigurationPropertySources.get(environment), texts, conversion);
    }

    @Override
    public <R> R bind(String prefix, Class<R> type) {
        try {
            return binder.bindOrCreate(prefix, Bindable.of(type), this);
        } catch (BindException failure) {
            throw refused(failure);
        }
    }

    @Override
    public <R> Map<String, R> bindAll(String prefix, Class<R> type) {
        try {
            return binder.bind(prefix, Bindable.mapOf(String.class, type), this).orElseGet(Map::of);
        } catch (BindException failure) {
            throw refused(failure);
        }
    }

    /** A property with the name of a group is an empty section of a YAML file, and no value of the group. */
    @Override
    public <T> Bindable<T> onStart(ConfigurationPropertyName name, Bindable<T> target, BindContext context) {
        return target.getType().resolve(Object.class).isRecord()
                ? target.withBindRestrictions(BindRestriction.NO_DIRECT_PROPERTY)
                : target;
    }

    @Override
    public @Nullable Object onSuccess(
            ConfigurationPropertyName name, Bindable<?> target, BindContext context, Object result) {
        String text = text(name, context);
        return text == null ? result : convert(text, target);
    }

    @Override
    public @Nullable Object onFailure(
            ConfigurationPropertyName name, Bindable<?> target, BindContext context, Exception error) throws Exception {
        String text = error instanceof ConversionException ? text(name, context) : null;
        if (text == null) {
            throw error;
        }
        return convert(text, target);
    }

    private @Nullable String text(ConfigurationPropertyName name, BindContext context) {
        ConfigurationProperty property = context.getConfigurationProperty();
        return property != null
                        && property.getName().equals(name)
                        && texts.resolvePlaceholders(property.getValue()) instanceof String text
                ? text
                : null;
    }

    private @Nullable Object convert(String text, Bindable<?> target) {
        return conversion.convert(
                text, TypeDescriptor.valueOf(String.class), new TypeDescriptor(target.getType(), null, null));
    }

    /** What this library says of a setting goes without what Spring Boot says around it. */
    private static RuntimeException refused(BindException failure) {
        ConfigurationProperty property = failure.getProperty();
        for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof IdempotencyConfigurationException refusal) {
                return refusal;
            }
            if (cause instanceof ConversionException conversion && property != null) {
                return SettingsConversion.refused(
                        property.getName().toString(),
                        property.getValue(),
                        property.getOrigin() == null ? "" : " (" + property.getOrigin() + ")",
                        conversion);
            }
        }
        return failure;
    }
}
