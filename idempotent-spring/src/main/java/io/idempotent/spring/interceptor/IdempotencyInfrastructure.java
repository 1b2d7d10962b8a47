package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.Steps;
import io.idempotent.engine.IdempotencyOperations;
import io.idempotent.spring.interceptor.IdempotencyStartupCheck.Interception;
import java.util.function.Supplier;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.core.env.Environment;

/**
 * Registers the beans that make interception work. All of them have the role of infrastructure, without which an advisor may
 * be ignored, and none needs a configuration class, a store or settings in order to be made.
 */
public final class IdempotencyInfrastructure {

    private static final String PREFIX = "io.idempotent.internal.";

    private static final String INTERCEPTION = PREFIX + "interception";

    private final BeanDefinitionRegistry registry;

    private final ConfigurableListableBeanFactory beanFactory;

    private final Environment environment;

    /** Registers in this registry, which has to be a bean factory too. */
    public IdempotencyInfrastructure(BeanDefinitionRegistry registry, Environment environment) {
        if (!(registry instanceof ConfigurableListableBeanFactory factory)) {
            throw new IllegalStateException(
                    "The registry of bean definitions is no bean factory: " + registry.getClass());
        }
        this.registry = registry;
        this.beanFactory = factory;
        this.environment = environment;
    }

    /** Where the beans are registered. */
    public ConfigurableListableBeanFactory beanFactory() {
        return beanFactory;
    }

    /** Registers a bean of infrastructure by its type, unless it is registered already. */
    public <T> void register(Class<T> type, Supplier<T> maker) {
        if (registry.containsBeanDefinition(name(type))) {
            return;
        }
        RootBeanDefinition definition = new RootBeanDefinition(type, maker);
        definition.setRole(BeanDefinition.ROLE_INFRASTRUCTURE);
        definition.setLazyInit(false);
        registry.registerBeanDefinition(name(type), definition);
    }

    /** A bean that was registered here. */
    public <T> T bean(Class<T> type) {
        return beanFactory.getBean(name(type), type);
    }

    /** Registers engines, support, the default store, and the beans that applications inject; source and expressions have to be registered too, and transactions may. */
    public void registerSupport() {
        register(SettingsSource.class, () -> new SettingsSource(beanFactory, environment));
        register(IdempotencyEngines.class, () -> new IdempotencyEngines(beanFactory));
        register(
                IdempotencySupport.class,
                () -> new IdempotencySupport(
                        bean(OperationSource.class),
                        bean(CallExpressions.class),
                        bean(IdempotencyEngines.class),
                        registry.containsBeanDefinition(name(MethodTransactionSource.class))
                                ? bean(MethodTransactionSource.class)
                                : null,
                        this::settings));
        register(
                IdempotencyOperations.class,
                () -> bean(IdempotencySupport.class).operations());
        register(Steps.class, CurrentSteps::new);
        register(DefaultStoreRegistrar.class, () -> new DefaultStoreRegistrar(this::settings));
    }

    /**
     * Registers the interception by proxies, and its check.
     *
     * @param order where the advice stands among others, unless the property {@code idempotent.order} says otherwise
     */
    public void registerAdvisor(int order) {
        register(IdempotencyInterceptor.class, () -> new IdempotencyInterceptor(bean(IdempotencySupport.class)));
        register(
                IdempotencyAdvisor.class,
                () -> new IdempotencyAdvisor(
                        bean(OperationSource.class), bean(IdempotencyInterceptor.class), configuredOrder(order)));
        register(
                EarlyBeanGuard.class,
                () -> new EarlyBeanGuard(bean(OperationSource.class), new ProxyKind(beanFactory)));
        registerCheck(Interception.PROXY);
    }

    /**
     * Registers the check of one kind of interception.
     *
     * @throws IdempotencyConfigurationException if the other kind is registered already
     */
    public void registerCheck(Interception interception) {
        if (registry.containsBeanDefinition(name(IdempotencyStartupCheck.class))
                && !interception.equals(registry.getBeanDefinition(name(IdempotencyStartupCheck.class))
                        .getAttribute(INTERCEPTION))) {
            throw new IdempotencyConfigurationException(
                    "Idempotency is enabled in the mode PROXY and in the mode ASPECTJ, so that calls would be intercepted"
                            + " twice",
                    "Keep one @EnableIdempotency");
        }
        register(
                IdempotencyStartupCheck.class,
                () -> new IdempotencyStartupCheck(
                        beanFactory, bean(IdempotencySupport.class), this::settings, interception));
        registry.getBeanDefinition(name(IdempotencyStartupCheck.class)).setAttribute(INTERCEPTION, interception);
    }

    private IdempotencySettings settings() {
        return bean(SettingsSource.class).get();
    }

    private int configuredOrder(int order) {
        String property = environment.getProperty(EnvironmentSettings.ORDER);
        if (property == null || property.isBlank()) {
            return order;
        }
        try {
            return Integer.parseInt(property.trim());
        } catch (NumberFormatException failure) {
            throw new IdempotencyConfigurationException(
                    "The property '" + EnvironmentSettings.ORDER + "' cannot be '" + property + "'",
                    "Set it to a whole number; smaller is further outside",
                    failure);
        }
    }

    private static String name(Class<?> type) {
        return PREFIX + type.getSimpleName();
    }
}
