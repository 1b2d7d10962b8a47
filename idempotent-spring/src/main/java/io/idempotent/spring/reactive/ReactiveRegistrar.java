package io.idempotent.spring.reactive;

import io.idempotent.spring.interceptor.AsyncReturns;
import io.idempotent.spring.operation.NonBlockingThreads;
import io.idempotent.spring.startup.IdempotencyInfrastructure;
import io.idempotent.spring.startup.InfrastructureBeans;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.core.type.AnnotationMetadata;
import reactor.core.scheduler.Schedulers;

/** Registers what knows Reactor's types. Imported by its name. */
final class ReactiveRegistrar implements ImportBeanDefinitionRegistrar {

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        IdempotencyInfrastructure infrastructure = new IdempotencyInfrastructure(registry);
        infrastructure.register(AsyncReturns.class, ReactiveRegistrar.class, "asyncReturns");
        infrastructure.register(NonBlockingThreads.class, ReactiveRegistrar.class, "nonBlockingThreads");
    }

    static AsyncReturns asyncReturns(InfrastructureBeans beans) {
        return new ReactiveReturns(ReactiveAdapterRegistry.getSharedInstance());
    }

    static NonBlockingThreads nonBlockingThreads(InfrastructureBeans beans) {
        return Schedulers::isInNonBlockingThread;
    }
}
