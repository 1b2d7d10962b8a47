package io.idempotent.spring.startup;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.operation.MethodNames;
import io.idempotent.spring.operation.OperationSource;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.aop.framework.autoproxy.AbstractAutoProxyCreator;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.AbstractBeanFactory;
import org.springframework.core.Ordered;
import org.springframework.core.PriorityOrdered;
import org.springframework.util.ClassUtils;

/**
 * Refuses beans whose idempotent methods no proxy will protect, at the moment when they are made: those made before the
 * creator of proxies is, whatever their scope, and those of final classes, of which the creator could not say what is
 * to be done.
 *
 * <p>Watches from the time when bean factories are post-processed, and so before any bean post-processor is made. What
 * factory beans make is watched too.
 */
final class EarlyBeanGuard implements BeanFactoryPostProcessor, PriorityOrdered {

    private final OperationSource source;

    private final ProxyKind proxyKind;

    private final Set<String> before = ConcurrentHashMap.newKeySet();

    private final Set<String> made = ConcurrentHashMap.newKeySet();

    EarlyBeanGuard(OperationSource source, ProxyKind proxyKind) {
        this.source = source;
        this.proxyKind = proxyKind;
    }

    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory beanFactory) {
        before.addAll(Arrays.asList(beanFactory.getSingletonNames()));
        beanFactory.addBeanPostProcessor(new BeanPostProcessor() {
            @Override
            public Object postProcessAfterInitialization(Object bean, String beanName) {
                check(bean, beanName, beanFactory);
                return bean;
            }
        });
    }

    /** Whether a singleton was not made by the bean factory, but given to it: no post-processor has seen it. */
    boolean isRegisteredAsObject(String beanName, ConfigurableListableBeanFactory beanFactory) {
        return !made.contains(beanName) && !(before.contains(beanName) && beanFactory.containsBeanDefinition(beanName));
    }

    private void check(Object bean, String beanName, ConfigurableListableBeanFactory beanFactory) {
        made.add(beanName);
        if (beanName.startsWith(IdempotencyInfrastructure.PREFIX)) {
            return;
        }
        Class<?> type = ClassUtils.getUserClass(bean);
        boolean isFinal = Modifier.isFinal(type.getModifiers());
        boolean tooEarly = !proxiesAreCreated(beanFactory);
        if (!isFinal && !tooEarly) {
            return;
        }
        Set<Method> methods = IdempotencyStartupCheck.idempotentMethods(source, type);
        if (methods.isEmpty() || Mocks.isMock(bean)) {
            return;
        }
        for (Method method : methods) {
            String described = MethodNames.describe(method, type);
            if (isFinal && !proxyKind.isByInterfaces(beanName, type)) {
                IdempotencyStartupCheck.checkOverridable(method, type, described);
            }
            if (tooEarly) {
                throw madeTooEarly(beanName, described);
            }
        }
    }

    static IdempotencyConfigurationException madeTooEarly(String beanName, String described) {
        return new IdempotencyConfigurationException(
                "The bean '" + beanName + "' with " + described
                        + " was made before proxies can be: its calls are not protected",
                "Do not let a BeanPostProcessor, or what one depends on, depend on this bean; declare its @Bean method"
                        + " static, or inject an ObjectProvider of it");
    }

    private static boolean proxiesAreCreated(ConfigurableListableBeanFactory beanFactory) {
        return !(beanFactory instanceof AbstractBeanFactory factory)
                || factory.getBeanPostProcessors().stream().anyMatch(AbstractAutoProxyCreator.class::isInstance);
    }
}
