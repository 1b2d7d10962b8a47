package io.idempotent.spring.annotation;

import io.idempotent.spring.expression.SpelCallExpressions;
import io.idempotent.spring.interceptor.CallExpressions;
import io.idempotent.spring.interceptor.IdempotencyInfrastructure;
import io.idempotent.spring.interceptor.OperationSource;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;

/** Registers what every mode needs: annotations, expressions, engines, settings, the default store. */
class AnnotationRegistrar implements ImportBeanDefinitionRegistrar {

    private final Environment environment;

    AnnotationRegistrar(Environment environment) {
        this.environment = environment;
    }

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        IdempotencyInfrastructure infrastructure = new IdempotencyInfrastructure(registry, environment);
        ConfigurableListableBeanFactory beanFactory = infrastructure.beanFactory();
        infrastructure.register(
                OperationSource.class, () -> new AnnotationOperationSource(beanFactory::resolveEmbeddedValue));
        infrastructure.register(CallExpressions.class, () -> new SpelCallExpressions(beanFactory));
        infrastructure.registerSupport();
    }
}
