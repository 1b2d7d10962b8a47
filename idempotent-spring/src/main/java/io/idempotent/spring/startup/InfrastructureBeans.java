package io.idempotent.spring.startup;

import io.idempotent.Steps;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.spring.interceptor.AsyncReturns;
import io.idempotent.spring.interceptor.CallExpressions;
import io.idempotent.spring.interceptor.IdempotencyAdvisor;
import io.idempotent.spring.interceptor.IdempotencyInterceptor;
import io.idempotent.spring.interceptor.IdempotencySupport;
import io.idempotent.spring.interceptor.MethodTransactionSource;
import io.idempotent.spring.operation.CurrentSteps;
import io.idempotent.spring.operation.IdempotencyEngines;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.OperationSource;
import io.idempotent.spring.settings.EnvironmentSettings;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.settings.SettingsSource;
import io.idempotent.spring.startup.IdempotencyStartupCheck.Interception;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.BeanFactoryAware;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.Environment;

/**
 * Finds the beans that {@link IdempotencyInfrastructure} registers, and makes those of this package. It looks them up
 * by name: a search by type would make factory beans of the application, and that early.
 */
public final class InfrastructureBeans implements BeanFactoryAware, EnvironmentAware {

    private @Nullable ConfigurableListableBeanFactory beanFactory;

    private @Nullable Environment environment;

    /** For Spring. */
    InfrastructureBeans() {}

    @Override
    public void setBeanFactory(BeanFactory factory) {
        this.beanFactory = (ConfigurableListableBeanFactory) factory;
    }

    @Override
    public void setEnvironment(Environment environment) {
        this.environment = environment;
    }

    /** Where the beans are. */
    public ConfigurableListableBeanFactory beanFactory() {
        return Objects.requireNonNull(beanFactory, "not made by Spring");
    }

    /** The bean that is registered by this type. */
    public <T> T bean(Class<T> type) {
        return beanFactory().getBean(IdempotencyInfrastructure.name(type), type);
    }

    IdempotencySettings settings() {
        return bean(SettingsSource.class).get();
    }

    static SettingsSource settingsSource(InfrastructureBeans beans) {
        return new SettingsSource(beans.beanFactory(), beans.environment());
    }

    static IdempotencyEngines engines(InfrastructureBeans beans) {
        return new IdempotencyEngines(beans.beanFactory(), beans.environment());
    }

    static IdempotencySupport support(InfrastructureBeans beans) {
        return new IdempotencySupport(
                beans.bean(OperationSource.class),
                beans.bean(CallExpressions.class),
                beans.beanIfRegistered(MethodTransactionSource.class),
                beans.bean(OperationRegistry.class),
                beans.beanIfRegistered(AsyncReturns.class));
    }

    private <T> @Nullable T beanIfRegistered(Class<T> type) {
        return beanFactory().containsBeanDefinition(IdempotencyInfrastructure.name(type)) ? bean(type) : null;
    }

    static OperationRegistry operations(InfrastructureBeans beans) {
        return new OperationRegistry(beans.bean(IdempotencyEngines.class), beans::settings);
    }

    static IdempotencyRecords records(InfrastructureBeans beans) {
        return beans.bean(OperationRegistry.class).records();
    }

    static Steps steps(InfrastructureBeans beans) {
        return new CurrentSteps();
    }

    static DefaultStoreRegistrar defaultStoreRegistrar(InfrastructureBeans beans) {
        return new DefaultStoreRegistrar();
    }

    static IdempotencyInterceptor interceptor(InfrastructureBeans beans) {
        return new IdempotencyInterceptor(beans.bean(IdempotencySupport.class));
    }

    static IdempotencyAdvisor advisor(InfrastructureBeans beans, int order) {
        return new IdempotencyAdvisor(
                beans.bean(OperationSource.class),
                beans.bean(IdempotencyInterceptor.class),
                configuredOrder(beans.environment(), order));
    }

    static EarlyBeanGuard earlyBeanGuard(InfrastructureBeans beans) {
        return new EarlyBeanGuard(beans.bean(OperationSource.class), new ProxyKind(beans.beanFactory()));
    }

    static MockExemption mockExemption(InfrastructureBeans beans) {
        return new MockExemption();
    }

    static IdempotencyStartupCheck startupCheck(InfrastructureBeans beans, Interception interception) {
        return new IdempotencyStartupCheck(
                beans.beanFactory(),
                beans.bean(OperationSource.class),
                beans.bean(OperationRegistry.class),
                beans.bean(IdempotencySupport.class),
                interception,
                interception == Interception.PROXY ? beans.bean(EarlyBeanGuard.class) : null);
    }

    private Environment environment() {
        return Objects.requireNonNull(environment, "not made by Spring");
    }

    private static int configuredOrder(Environment environment, int order) {
        Integer configured = EnvironmentSettings.order(environment);
        return configured == null ? order : configured;
    }
}
