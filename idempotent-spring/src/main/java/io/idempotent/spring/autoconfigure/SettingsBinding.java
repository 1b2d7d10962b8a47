package io.idempotent.spring.autoconfigure;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.settings.EnvironmentSettings;
import io.idempotent.spring.settings.SettingsConversion;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.AbstractBindHandler;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.convert.ConversionFailedException;
import org.springframework.core.convert.ConversionService;
import org.springframework.core.env.Environment;

/** Binds properties as Spring Boot does, with this library's conversion of durations, constants and classes. */
final class SettingsBinding extends AbstractBindHandler implements EnvironmentSettings.Binding {

    private final Environment environment;

    private final ConversionService conversion;

    private final Binder binder;

    SettingsBinding(Environment environment, @Nullable ClassLoader classLoader) {
        this.environment = environment;
        this.conversion = SettingsConversion.create(classLoader);
        this.binder = new Binder(
                ConfigurationPropertySources.get(environment),
                new PropertySourcesPlaceholdersResolver(environment),
                conversion);
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

    /** The binder falls back to Spring Boot's conversion, which takes a number without a unit for milliseconds. */
    @Override
    public @Nullable Object onSuccess(
            ConfigurationPropertyName name, Bindable<?> target, BindContext context, Object result) {
        ConfigurationProperty property = context.getConfigurationProperty();
        if (result instanceof Duration && property != null && property.getValue() instanceof CharSequence text) {
            return conversion.convert(environment.resolvePlaceholders(text.toString()), Duration.class);
        }
        return result;
    }

    /** What this library says of a setting goes without what Spring Boot says around it. */
    private static RuntimeException refused(BindException failure) {
        ConfigurationProperty property = failure.getProperty();
        for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof IdempotencyConfigurationException refusal) {
                return refusal;
            }
            if (cause instanceof ConversionFailedException conversion && property != null) {
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
