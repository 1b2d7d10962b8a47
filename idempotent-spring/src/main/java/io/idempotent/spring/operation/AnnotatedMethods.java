package io.idempotent.spring.operation;

import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collection;
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

/** Finds annotated methods in a bean factory. Makes no bean. */
public final class AnnotatedMethods {

    private AnnotatedMethods() {}

    /**
     * Describes the annotated methods of all defined beans, without those that are left out.
     *
     * @param annotations the annotations, any of which is enough
     * @param leftOut tests a method and the class of its bean
     */
    public static List<String> describe(
            ConfigurableListableBeanFactory beanFactory,
            BiPredicate<Method, Class<?>> leftOut,
            Collection<Class<? extends Annotation>> annotations) {
        List<String> described = new ArrayList<>();
        for (String beanName : beanFactory.getBeanDefinitionNames()) {
            Class<?> type = ScopedProxyUtils.isScopedTarget(beanName) ? null : targetClass(beanFactory, beanName);
            if (type != null) {
                Class<?> targetClass = ClassUtils.getUserClass(type);
                for (Method method : select(targetClass, annotations)) {
                    if (!leftOut.test(method, targetClass)) {
                        described.add(MethodNames.describe(method, targetClass));
                    }
                }
            }
        }
        return described;
    }

    /** The class of a bean, of a proxied one that of its target; null if it is abstract or not known. */
    public static @Nullable Class<?> targetClass(ConfigurableListableBeanFactory beanFactory, String beanName) {
        if (beanFactory.containsBeanDefinition(beanName)
                && beanFactory.getMergedBeanDefinition(beanName).isAbstract()) {
            return null;
        }
        Class<?> targetClass = AutoProxyUtils.determineTargetClass(beanFactory, beanName);
        return targetClass != null ? targetClass : beanFactory.getType(beanName, false);
    }

    private static Set<Method> select(Class<?> type, Collection<Class<? extends Annotation>> annotations) {
        return annotations.stream().noneMatch(each -> AnnotationUtils.isCandidateClass(type, each))
                ? Set.of()
                : MethodIntrospector.selectMethods(
                        type,
                        (Method method) -> annotations.stream()
                                .anyMatch(each -> AnnotatedElementUtils.hasAnnotation(method, each)));
    }
}
