package io.idempotent.spring.startup;

import com.github.benmanes.caffeine.cache.Ticker;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.spring.operation.IdempotencyEngines;
import io.idempotent.spring.settings.CaffeineSettings;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.config.RuntimeBeanReference;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.util.unit.DataSize;

/**
 * Registers the Caffeine store, made only where the application declares no store or an operation asks for this one by
 * name. It is a fallback: an application's own store comes first wherever one is injected. A child of a context that
 * has it shares it.
 *
 * <p>The store counts by a bean of type {@link Ticker}, if there is just one, and is as large, and as heavy, as the
 * settings say.
 */
final class DefaultStoreRegistrar implements BeanDefinitionRegistryPostProcessor {

    /** The bean name of the Caffeine store: {@value}. */
    static final String BEAN_NAME = "caffeine" + IdempotencyEngines.STORE_SUFFIX;

    @Override
    public void postProcessBeanDefinitionRegistry(BeanDefinitionRegistry registry) {
        if (!(registry instanceof ConfigurableListableBeanFactory factory) || factory.containsBean(BEAN_NAME)) {
            return;
        }
        RootBeanDefinition definition = new RootBeanDefinition(DefaultStoreRegistrar.class);
        definition.setFactoryMethodName("make");
        definition.setTargetType(CaffeineIdempotencyStore.class);
        definition
                .getConstructorArgumentValues()
                .addIndexedArgumentValue(
                        0, new RuntimeBeanReference(IdempotencyInfrastructure.name(InfrastructureBeans.class)));
        definition.setRole(BeanDefinition.ROLE_SUPPORT);
        definition.setLazyInit(true);
        definition.setFallback(true);
        registry.registerBeanDefinition(BEAN_NAME, definition);
    }

    static CaffeineIdempotencyStore make(InfrastructureBeans beans) {
        ConfigurableListableBeanFactory factory = beans.beanFactory();
        CaffeineSettings settings = beans.settings().caffeine();
        CaffeineIdempotencyStore.Builder builder =
                CaffeineIdempotencyStore.builder().maximumSize(settings.maximumSize());
        DataSize maximumWeight = settings.maximumWeight();
        if (maximumWeight != null) {
            builder.maximumWeight(maximumWeight.toBytes());
        }
        factory.getBeanProvider(Ticker.class).ifUnique(builder::ticker);
        return builder.evictionListener(new Evictions(factory)).build();
    }

    /**
     * Tells all listeners of evictions, of which a store that stays full has one with every claim: the log gets a few
     * of them.
     */
    private static final class Evictions implements Consumer<IdempotencyRecord> {

        private static final Log LOG = LogFactory.getLog(Evictions.class);

        private static final int LOGGED_EACH = 1_000;

        private final Supplier<List<IdempotencyListener>> listeners;

        private final AtomicLong evictions = new AtomicLong();

        Evictions(ConfigurableListableBeanFactory factory) {
            this.listeners = SingletonSupplier.of(() -> factory.getBeanProvider(IdempotencyListener.class)
                    .orderedStream()
                    .toList());
        }

        @Override
        public void accept(IdempotencyRecord record) {
            long number = evictions.incrementAndGet();
            if (number % LOGGED_EACH == 1) {
                LOG.warn("The store is full and dropped the record of idempotency key '" + record.key()
                        + "' before its retention was over, the " + number
                        + ". such record: its key is free again. Raise"
                        + " idempotent.caffeine.maximum-size or maximum-weight, shorten the retention, or keep"
                        + " records in a"
                        + " database or Redis");
            }
            for (IdempotencyListener listener : listeners.get()) {
                try {
                    listener.evicted(record);
                } catch (RuntimeException | Error failure) {
                    LOG.error("The listener " + listener.getClass().getName() + " failed", failure);
                }
            }
        }
    }
}
