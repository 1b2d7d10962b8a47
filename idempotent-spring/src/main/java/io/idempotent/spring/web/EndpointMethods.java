package io.idempotent.spring.web;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.operation.MethodNames;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.framework.autoproxy.AutoProxyUtils;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.util.ClassUtils;

/** Finds the methods of beans that are annotated as endpoints. */
final class EndpointMethods {

    private EndpointMethods() {}

    static @Nullable IdempotentEndpoint find(Method method) {
        return AnnotatedElementUtils.findMergedAnnotation(method, IdempotentEndpoint.class);
    }

    /**
     * Checks that no bean has a method that is annotated and not served.
     *
     * @param served whether requests are handled by a method of a class
     * @param problem what is wrong with one that is not
     * @param action what to do about it
     */
    static void requireServed(
            ConfigurableListableBeanFactory beanFactory,
            BiPredicate<Method, Class<?>> served,
            String problem,
            String action) {
        for (String described : unserved(beanFactory, served)) {
            throw new IdempotencyConfigurationException(
                    described + " is annotated with @IdempotentEndpoint, " + problem, action);
        }
    }

    /** Describes the annotated methods of beans that are not served. */
    static List<String> unserved(ConfigurableListableBeanFactory beanFactory, BiPredicate<Method, Class<?>> served) {
        List<String> unserved = new ArrayList<>();
        for (String beanName : beanFactory.getBeanDefinitionNames()) {
            if (ScopedProxyUtils.isScopedTarget(beanName)
                    || beanFactory.getMergedBeanDefinition(beanName).isAbstract()) {
                continue;
            }
            Class<?> type = AutoProxyUtils.determineTargetClass(beanFactory, beanName);
            if (type == null) {
                type = beanFactory.getType(beanName, false);
            }
            if (type == null || !AnnotationUtils.isCandidateClass(type, IdempotentEndpoint.class)) {
                continue;
            }
            Class<?> targetClass = ClassUtils.getUserClass(type);
            Set<Method> methods =
                    MethodIntrospector.selectMethods(targetClass, (Method method) -> find(method) != null);
            for (Method method : methods) {
                if (!served.test(method, targetClass)) {
                    unserved.add(MethodNames.describe(method, targetClass));
                }
            }
        }
        return unserved;
    }
}
