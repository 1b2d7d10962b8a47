package io.idempotent.spring.transaction;

import io.idempotent.spring.interceptor.MethodTransactionSource;
import io.idempotent.spring.startup.IdempotencyInfrastructure;
import io.idempotent.spring.startup.InfrastructureBeans;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.type.AnnotationMetadata;

/** Registers what lets records follow transactions. Imported by its name. */
final class TransactionRegistrar implements ImportBeanDefinitionRegistrar {

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        IdempotencyInfrastructure infrastructure = new IdempotencyInfrastructure(registry);
        infrastructure.register(MethodTransactionSource.class, TransactionRegistrar.class, "transactionSource");
        // Registered after all others, so that of advice of equal order it is the innermost.
        infrastructure.register(InnermostAdvice.Registrar.class, InnermostAdvice.class, "registrar");
    }

    static MethodTransactionSource transactionSource(InfrastructureBeans beans) {
        return new SpringTransactionSource(beans.beanFactory());
    }
}
