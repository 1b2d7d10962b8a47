package io.idempotent.spring.transaction;

import io.idempotent.spring.interceptor.IdempotencyInfrastructure;
import io.idempotent.spring.interceptor.MethodTransactionSource;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;

/** Registers what lets records follow transactions. Imported by its name. */
final class TransactionRegistrar implements ImportBeanDefinitionRegistrar {

    private final Environment environment;

    TransactionRegistrar(Environment environment) {
        this.environment = environment;
    }

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        IdempotencyInfrastructure infrastructure = new IdempotencyInfrastructure(registry, environment);
        infrastructure.register(
                MethodTransactionSource.class, () -> new SpringTransactionSource(infrastructure.beanFactory()));
    }
}
