package io.idempotent.spring.autoconfigure;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.settings.EnvironmentSettings;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationPropertiesBindHandlerAdvisor;
import org.springframework.boot.context.properties.bind.AbstractBindHandler;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.core.env.Environment;

/**
 * Refuses durations of this library without a unit, which Spring Boot takes for milliseconds. Other properties are left
 * alone.
 */
final class DurationUnitCheck implements ConfigurationPropertiesBindHandlerAdvisor {

    private static final ConfigurationPropertyName OURS = ConfigurationPropertyName.of("idempotent");

    private final Environment environment;

    DurationUnitCheck(Environment environment) {
        this.environment = environment;
    }

    @Override
    public BindHandler apply(BindHandler bindHandler) {
        return new AbstractBindHandler(bindHandler) {
            @Override
            public @Nullable Object onSuccess(
                    ConfigurationPropertyName name, Bindable<?> target, BindContext context, Object result) {
                ConfigurationProperty property = context.getConfigurationProperty();
                if (result instanceof Duration && property != null && OURS.isAncestorOf(name)) {
                    check(property);
                }
                return super.onSuccess(name, target, context, result);
            }
        };
    }

    private void check(ConfigurationProperty property) {
        String written = String.valueOf(property.getValue());
        try {
            EnvironmentSettings.checkUnit(environment.resolvePlaceholders(written));
        } catch (IllegalArgumentException failure) {
            throw new IdempotencyConfigurationException(
                    "The property '" + property.getName() + "' cannot be '" + written + "'"
                            + (property.getOrigin() == null ? "" : " (" + property.getOrigin() + ")") + ": it "
                            + failure.getMessage(),
                    "Give it the unit that is meant",
                    failure);
        }
    }
}
