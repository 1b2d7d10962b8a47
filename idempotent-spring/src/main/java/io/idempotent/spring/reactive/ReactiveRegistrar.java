package io.idempotent.spring.reactive;

import io.idempotent.spring.interceptor.AsyncReturns;
import io.idempotent.spring.startup.IdempotencyInfrastructure;
import io.idempotent.spring.startup.InfrastructureBeans;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.core.type.AnnotationMetadata;

/** Registers what knows Reactor's types. Imported by its name. */
final class ReactiveRegistrar implements ImportBeanDefinitionRegistrar {

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        new IdempotencyInfrastructure(registry).register(AsyncReturns.class, ReactiveRegistrar.class, "asyncReturns");
    }

    static AsyncReturns asyncReturns(InfrastructureBeans beans) {
        return new ReactiveReturns(ReactiveAdapterRegistry.getSharedInstance());
    }
}
