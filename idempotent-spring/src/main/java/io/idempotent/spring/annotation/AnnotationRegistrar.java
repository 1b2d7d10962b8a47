package io.idempotent.spring.annotation;

import io.idempotent.spring.expression.SpelCallExpressions;
import io.idempotent.spring.interceptor.CallExpressions;
import io.idempotent.spring.operation.OperationSource;
import io.idempotent.spring.startup.IdempotencyInfrastructure;
import io.idempotent.spring.startup.InfrastructureBeans;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.type.AnnotationMetadata;

/** Registers what every mode needs: annotations, expressions, engines, settings, the default store. */
class AnnotationRegistrar implements ImportBeanDefinitionRegistrar {

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        IdempotencyInfrastructure infrastructure = new IdempotencyInfrastructure(registry);
        infrastructure.register(OperationSource.class, AnnotationRegistrar.class, "operationSource");
        infrastructure.register(CallExpressions.class, AnnotationRegistrar.class, "callExpressions");
        infrastructure.registerSupport();
    }

    static OperationSource operationSource(InfrastructureBeans beans) {
        return new AnnotationOperationSource(beans.beanFactory()::resolveEmbeddedValue);
    }

    static CallExpressions callExpressions(InfrastructureBeans beans) {
        return new SpelCallExpressions(beans.beanFactory());
    }
}
