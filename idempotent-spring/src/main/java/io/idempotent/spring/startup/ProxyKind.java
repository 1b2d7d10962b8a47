package io.idempotent.spring.startup;

import java.lang.reflect.Proxy;
import org.springframework.aop.framework.ProxyConfig;
import org.springframework.aop.framework.autoproxy.AutoProxyUtils;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.util.ClassUtils;

/** Foretells how Spring will proxy a bean. */
final class ProxyKind {

    // The bean name that org.springframework.aop.config.AopConfigUtils gives to the creator of proxies.
    private static final String PROXY_CREATOR = "org.springframework.aop.config.internalAutoProxyCreator";

    private final ConfigurableListableBeanFactory beanFactory;

    ProxyKind(ConfigurableListableBeanFactory beanFactory) {
        this.beanFactory = beanFactory;
    }

    /** Whether a bean will be proxied by its interfaces, and not by a subclass. */
    boolean isByInterfaces(String beanName, Class<?> targetClass) {
        if (targetClass.isInterface() || Proxy.isProxyClass(targetClass) || ClassUtils.isLambdaClass(targetClass)) {
            return true;
        }
        boolean classes = AutoProxyUtils.shouldProxyTargetClass(beanFactory, beanName)
                || (beanFactory.containsBean(PROXY_CREATOR)
                        && beanFactory.getBean(PROXY_CREATOR) instanceof ProxyConfig creator
                        && creator.isProxyTargetClass());
        return !classes && ClassUtils.getAllInterfacesForClass(targetClass).length > 0;
    }
}
