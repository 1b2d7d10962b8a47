package io.idempotent.spring.autoconfigure;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.settings.EnvironmentSettings;
import io.idempotent.spring.settings.SettingsConversion;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.Environment;

/** Binds properties as Spring Boot does, with this library's conversion of durations, constants and classes. */
final class SettingsBinding implements EnvironmentSettings.Binding {

    private final Binder binder;

    SettingsBinding(Environment environment, @Nullable ClassLoader classLoader) {
        this.binder = new Binder(
                ConfigurationPropertySources.get(environment),
                new PropertySourcesPlaceholdersResolver(environment),
                SettingsConversion.create(classLoader));
    }

    @Override
    public <R> R bind(String prefix, Class<R> type) {
        try {
            return binder.bindOrCreate(prefix, type);
        } catch (BindException failure) {
            throw refused(failure);
        }
    }

    @Override
    public <R> Map<String, R> bindAll(String prefix, Class<R> type) {
        try {
            return binder.bind(prefix, Bindable.mapOf(String.class, type)).orElseGet(Map::of);
        } catch (BindException failure) {
            throw refused(failure);
        }
    }

    /** What this library says of a setting goes without what Spring Boot says around it. */
    private static RuntimeException refused(BindException failure) {
        return failure.getCause() instanceof IdempotencyConfigurationException refusal ? refusal : failure;
    }
}
