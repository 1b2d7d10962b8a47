package io.idempotent.spring.aspect;

import io.idempotent.spring.startup.IdempotencyInfrastructure;
import io.idempotent.spring.startup.IdempotencyStartupCheck.Interception;
import io.idempotent.spring.startup.InfrastructureBeans;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.type.AnnotationMetadata;

/** Registers what the mode ASPECTJ needs beside what every mode does. Imported by its name. */
final class AspectRegistrar implements ImportBeanDefinitionRegistrar {

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        IdempotencyInfrastructure infrastructure = new IdempotencyInfrastructure(registry);
        infrastructure.register(AspectConfigurer.class, AspectRegistrar.class, "aspectConfigurer");
        infrastructure.registerCheck(Interception.WEAVING);
    }

    static AspectConfigurer aspectConfigurer(InfrastructureBeans beans) {
        return new AspectConfigurer(beans);
    }
}
