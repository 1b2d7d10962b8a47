package io.idempotent.spring.interceptor;

import com.github.benmanes.caffeine.cache.Ticker;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.function.Supplier;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.beans.factory.support.RootBeanDefinition;

/**
 * Registers the Caffeine store, made only where the application declares no store or an operation asks for this one by name.
 * It is a fallback: an application's own store comes first wherever one is injected. A child of a context that has it shares
 * it.
 *
 * <p>The store counts by a bean of type {@link Ticker}, if there is just one, and is as large as the settings say.
 */
public final class DefaultStoreRegistrar implements BeanDefinitionRegistryPostProcessor {

    /** The bean name of the Caffeine store: {@value}. */
    public static final String BEAN_NAME = "caffeine" + IdempotencyEngines.STORE_SUFFIX;

    private final Supplier<IdempotencySettings> settings;

    /**
     * Makes the registrar.
     *
     * @param settings asked for when the store is made
     */
    public DefaultStoreRegistrar(Supplier<IdempotencySettings> settings) {
        this.settings = settings;
    }

    @Override
    public void postProcessBeanDefinitionRegistry(BeanDefinitionRegistry registry) {
        if (!(registry instanceof ConfigurableListableBeanFactory factory) || factory.containsBean(BEAN_NAME)) {
            return;
        }
        RootBeanDefinition definition = new RootBeanDefinition(CaffeineIdempotencyStore.class, () -> make(factory));
        definition.setRole(BeanDefinition.ROLE_SUPPORT);
        definition.setLazyInit(true);
        definition.setFallback(true);
        registry.registerBeanDefinition(BEAN_NAME, definition);
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
