package io.idempotent.spring.aspect;

import io.idempotent.spring.interceptor.IdempotencyInfrastructure;
import io.idempotent.spring.interceptor.IdempotencyStartupCheck.Interception;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;

/** Registers what the mode ASPECTJ needs beside what every mode does. Imported by its name. */
final class AspectRegistrar implements ImportBeanDefinitionRegistrar {

    private final Environment environment;

    AspectRegistrar(Environment environment) {
        this.environment = environment;
    }

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        IdempotencyInfrastructure infrastructure = new IdempotencyInfrastructure(registry, environment);
        infrastructure.register(AspectConfigurer.class, () -> new AspectConfigurer(infrastructure));
        infrastructure.registerCheck(Interception.WEAVING);
    }
}
