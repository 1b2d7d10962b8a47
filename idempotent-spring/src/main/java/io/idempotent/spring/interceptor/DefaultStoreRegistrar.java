package io.idempotent.spring.interceptor;

import com.github.benmanes.caffeine.cache.Ticker;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.beans.factory.support.RootBeanDefinition;

/**
 * Registers the Caffeine store where the application declares no store, or asks for this one by name.
 *
 * <p>The store counts by a bean of type {@link Ticker}, if there is just one, and is as large as the settings say.
 */
public final class DefaultStoreRegistrar implements BeanDefinitionRegistryPostProcessor {

    /** The bean name of the Caffeine store: {@value}. */
    public static final String BEAN_NAME = "caffeine" + IdempotencyEngines.STORE_SUFFIX;

    private final @Nullable String chosen;

    private final Supplier<IdempotencySettings> settings;

    /**
     * Makes the registrar.
     *
     * @param chosen the store that is chosen for all operations; null if none is
     * @param settings asked for when the store is made
     */
    public DefaultStoreRegistrar(@Nullable String chosen, Supplier<IdempotencySettings> settings) {
        this.chosen = chosen;
        this.settings = settings;
    }

    @Override
    public void postProcessBeanDefinitionRegistry(BeanDefinitionRegistry registry) {
        if (registry.containsBeanDefinition(BEAN_NAME)
                || !(registry instanceof ConfigurableListableBeanFactory factory)) {
            return;
        }
        boolean none = factory.getBeanNamesForType(IdempotencyStore.class, true, false).length == 0;
        boolean wanted = BEAN_NAME.equals(chosen) || BEAN_NAME.equals(chosen + IdempotencyEngines.STORE_SUFFIX);
        if (none || wanted) {
            RootBeanDefinition definition = new RootBeanDefinition(CaffeineIdempotencyStore.class, () -> make(factory));
            definition.setRole(BeanDefinition.ROLE_SUPPORT);
            registry.registerBeanDefinition(BEAN_NAME, definition);
        }
    }

    private CaffeineIdempotencyStore make(ConfigurableListableBeanFactory factory) {
        CaffeineIdempotencyStore.Builder builder =
                CaffeineIdempotencyStore.builder().maximumSize(settings.get().caffeineMaximumSize());
        factory.getBeanProvider(Ticker.class).ifUnique(builder::ticker);
        return builder.evictionListener(record -> evicted(factory, record)).build();
    }

    private static void evicted(ConfigurableListableBeanFactory factory, IdempotencyRecord record) {
        new LoggingListener().evicted(record);
        factory.getBeanProvider(IdempotencyListener.class)
                .orderedStream()
                .forEach(listener -> listener.evicted(record));
    }
}
