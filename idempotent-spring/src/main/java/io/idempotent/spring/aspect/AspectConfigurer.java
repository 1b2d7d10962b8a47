package io.idempotent.spring.aspect;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.interceptor.IdempotencySupport;
import io.idempotent.spring.startup.InfrastructureBeans;
import java.util.function.Supplier;
import org.aspectj.lang.Aspects;
import org.aspectj.lang.NoAspectBoundException;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.aot.AbstractAotProcessor;
import org.springframework.core.Ordered;
import org.springframework.core.PriorityOrdered;
import org.springframework.util.function.SingletonSupplier;

/**
 * Configures the woven aspect before any bean is made, other post-processors of the bean factory included, so that no
 * call passes unprotected, and ends that with the context.
 */
final class AspectConfigurer implements BeanFactoryPostProcessor, PriorityOrdered, DisposableBean {

    private final Supplier<IdempotencySupport> support;

    private @Nullable IdempotencyAspect aspect;

    AspectConfigurer(InfrastructureBeans beans) {
        // Looked up once: it is asked for at every call.
        this.support = SingletonSupplier.of(() -> beans.bean(IdempotencySupport.class));
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory beanFactory) {
        // The build that processes ahead of time neither weaves nor calls anything.
        if (!Boolean.getBoolean(AbstractAotProcessor.AOT_PROCESSING)) {
            aspect = aspect();
            aspect.configure(support);
        }
    }

    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }

    @Override
    public void destroy() {
        if (aspect != null) {
            aspect.unconfigure(support);
        }
    }

    private static IdempotencyAspect aspect() {
        try {
            return Aspects.aspectOf(IdempotencyAspect.class);
        } catch (NoAspectBoundException failure) {
            throw new IdempotencyConfigurationException(
                    "The mode is ASPECTJ, but the aspect " + IdempotencyAspect.class.getName() + " is not woven",
                    "Start with the weaving agent and an aop.xml that names the aspect and includes its package,"
                            + " or use the"
                            + " mode PROXY",
                    failure);
        }
    }
}
