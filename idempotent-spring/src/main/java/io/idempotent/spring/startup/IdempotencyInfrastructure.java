package io.idempotent.spring.startup;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.Steps;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.spring.interceptor.IdempotencyAdvisor;
import io.idempotent.spring.interceptor.IdempotencyInterceptor;
import io.idempotent.spring.interceptor.IdempotencySupport;
import io.idempotent.spring.operation.IdempotencyEngines;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.settings.SettingsSource;
import io.idempotent.spring.startup.IdempotencyStartupCheck.Interception;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConstructorArgumentValues;
import org.springframework.beans.factory.config.RuntimeBeanReference;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;

/**
 * Registers the beans that make interception work. All of them have the role of infrastructure, without which an
 * advisor may be ignored, and none needs a configuration class, a store or settings in order to be made.
 *
 * <p>Each bean is made by a static method that is given the {@link InfrastructureBeans}: code that is generated ahead
 * of time can call a method, but not a lambda.
 */
public final class IdempotencyInfrastructure {

    static final String PREFIX = "io.idempotent.internal.";

    private static final String INTERCEPTION = PREFIX + "interception";

    private final BeanDefinitionRegistry registry;

    /** Registers in this registry. */
    public IdempotencyInfrastructure(BeanDefinitionRegistry registry) {
        this.registry = registry;
    }

    /**
     * Registers a bean of infrastructure by its type, unless it is registered already.
     *
     * @param type what the bean is found by, see {@link InfrastructureBeans#bean}
     * @param maker the class of the method that makes the bean
     * @param method the name of the only such method; static, with a parameter of type {@link InfrastructureBeans} and
     *     one for each further argument
     * @param arguments what it is given beside
     */
    public void register(Class<?> type, Class<?> maker, String method, Object... arguments) {
        RootBeanDefinition beans = new RootBeanDefinition(InfrastructureBeans.class);
        registerOnce(name(InfrastructureBeans.class), beans);
        RootBeanDefinition definition = new RootBeanDefinition(maker);
        definition.setFactoryMethodName(method);
        definition.setTargetType(type);
        ConstructorArgumentValues values = definition.getConstructorArgumentValues();
        values.addIndexedArgumentValue(0, new RuntimeBeanReference(name(InfrastructureBeans.class)));
        for (Object argument : arguments) {
            values.addIndexedArgumentValue(values.getArgumentCount(), argument);
        }
        registerOnce(name(type), definition);
    }

    private void registerOnce(String name, RootBeanDefinition definition) {
        if (registry.containsBeanDefinition(name)) {
            return;
        }
        definition.setRole(BeanDefinition.ROLE_INFRASTRUCTURE);
        definition.setLazyInit(false);
        registry.registerBeanDefinition(name, definition);
    }

    /**
     * Registers engines, support, the default store, and the beans that applications inject; source and expressions
     * have to be registered too, and transactions may.
     */
    public void registerSupport() {
        register(SettingsSource.class, InfrastructureBeans.class, "settingsSource");
        register(IdempotencyEngines.class, InfrastructureBeans.class, "engines");
        register(OperationRegistry.class, InfrastructureBeans.class, "operations");
        register(IdempotencySupport.class, InfrastructureBeans.class, "support");
        register(IdempotencyRecords.class, InfrastructureBeans.class, "records");
        register(Steps.class, InfrastructureBeans.class, "steps");
        register(DefaultStoreRegistrar.class, InfrastructureBeans.class, "defaultStoreRegistrar");
    }

    /**
     * Registers the interception by proxies, and its check.
     *
     * @param order where the advice stands among others, unless the property {@code idempotent.order} says otherwise
     */
    public void registerAdvisor(int order) {
        register(IdempotencyInterceptor.class, InfrastructureBeans.class, "interceptor");
        register(IdempotencyAdvisor.class, InfrastructureBeans.class, "advisor", order);
        register(EarlyBeanGuard.class, InfrastructureBeans.class, "earlyBeanGuard");
        if (Mocks.arePossible()) {
            register(MockExemption.class, InfrastructureBeans.class, "mockExemption");
        }
        registerCheck(Interception.PROXY);
    }

    /**
     * Registers the check of one kind of interception.
     *
     * @throws IdempotencyConfigurationException if the other kind is registered already
     */
    public void registerCheck(Interception interception) {
        String check = name(IdempotencyStartupCheck.class);
        if (registry.containsBeanDefinition(check)
                && !interception.equals(registry.getBeanDefinition(check).getAttribute(INTERCEPTION))) {
            throw new IdempotencyConfigurationException(
                    "Idempotency is enabled in the mode PROXY and in the mode ASPECTJ, so that calls would be"
                            + " intercepted"
                            + " twice",
                    "Keep one @EnableIdempotency");
        }
        register(IdempotencyStartupCheck.class, InfrastructureBeans.class, "startupCheck", interception);
        registry.getBeanDefinition(check).setAttribute(INTERCEPTION, interception);
    }

    static String name(Class<?> type) {
        return PREFIX + type.getSimpleName();
    }
}
