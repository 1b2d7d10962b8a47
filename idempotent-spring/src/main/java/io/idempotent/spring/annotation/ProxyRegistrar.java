package io.idempotent.spring.annotation;

import io.idempotent.spring.interceptor.IdempotencyAdvisor;
import io.idempotent.spring.startup.IdempotencyInfrastructure;
import org.springframework.aop.config.AopConfigUtils;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.core.annotation.AnnotationAttributes;
import org.springframework.core.type.AnnotationMetadata;

/** Registers what the mode PROXY needs: all the rest, Spring's creator of proxies, and the advisor. */
final class ProxyRegistrar extends AnnotationRegistrar {

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        super.registerBeanDefinitions(importing, registry);
        AnnotationAttributes attributes =
                AnnotationAttributes.fromMap(importing.getAnnotationAttributes(EnableIdempotency.class.getName()));
        AopConfigUtils.registerAutoProxyCreatorIfNecessary(registry);
        if (attributes != null && attributes.getBoolean("proxyTargetClass")) {
            AopConfigUtils.forceAutoProxyCreatorToUseClassProxying(registry);
        }
        int order = attributes == null ? IdempotencyAdvisor.DEFAULT_ORDER : attributes.<Integer>getNumber("order");
        new IdempotencyInfrastructure(registry).registerAdvisor(order);
    }
}
