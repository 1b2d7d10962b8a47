package io.idempotent.spring.startup;

import io.idempotent.spring.interceptor.IdempotencyAdvisor;
import java.util.Arrays;
import org.springframework.aop.framework.Advised;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.core.Ordered;

/**
 * Takes the advice away from beans that are mocks, so that what a test tells a mock is neither recorded nor replayed.
 * Follows the creator of proxies. Registered only where Mockito is.
 */
final class MockExemption implements BeanPostProcessor, Ordered {

    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String beanName) {
        if (!(bean instanceof Advised advised) || advised.isFrozen()) {
            return bean;
        }
        Object target = AopProxyUtils.getSingletonTarget(bean);
        if (target == null || !Mocks.isMock(target)) {
            return bean;
        }
        Arrays.stream(advised.getAdvisors())
                .filter(IdempotencyAdvisor.class::isInstance)
                .forEach(advised::removeAdvisor);
        return advised.getAdvisors().length == 0 ? target : bean;
    }
}
