package io.idempotent.spring.settings;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.env.Environment;

/**
 * The settings: the application's bean where there is one, else read from the environment, once and when first asked
 * for.
 */
public final class SettingsSource implements Supplier<IdempotencySettings> {

    private final ConfigurableListableBeanFactory beanFactory;

    private final Environment environment;

    private volatile @Nullable IdempotencySettings settings;

    /** Makes a source that has asked for nothing yet. */
    public SettingsSource(ConfigurableListableBeanFactory beanFactory, Environment environment) {
        this.beanFactory = beanFactory;
        this.environment = environment;
    }

    @Override
    public IdempotencySettings get() {
        IdempotencySettings known = settings;
        if (known == null) {
            // Read twice by two threads at worst, with the same result.
            IdempotencySettings bean =
                    beanFactory.getBeanProvider(IdempotencySettings.class).getIfAvailable();
            known = bean != null ? bean : EnvironmentSettings.read(environment, beanFactory.getBeanClassLoader());
            settings = known;
        }
        return known;
    }
}
