package io.idempotent.spring.autoconfigure;

import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.interceptor.IdempotencySupport;
import io.idempotent.spring.web.IdempotentEndpoint;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.aop.framework.autoproxy.AutoProxyUtils;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.util.ClassUtils;

/**
 * Says that annotated methods run bare in a context that has nothing to protect them: in a test of a slice that does
 * not import it, or where the auto-configuration is excluded. Looks at beans only then.
 */
final class UnprotectedBeansWarning implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    private static final Log LOG = LogFactory.getLog(UnprotectedBeansWarning.class);

    private static final List<Class<? extends Annotation>> ANNOTATIONS =
            List.of(Idempotent.class, IdempotentEndpoint.class);

    /** For Spring Boot. */
    UnprotectedBeansWarning() {}

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        context.addApplicationListener((ContextRefreshedEvent refreshed) -> {
            if (refreshed.getApplicationContext() == context
                    && !context.getBeanProvider(IdempotencySupport.class)
                            .iterator()
                            .hasNext()) {
                warn(context.getBeanFactory());
            }
        });
    }

    private static void warn(ConfigurableListableBeanFactory beanFactory) {
        List<String> unprotected = new ArrayList<>();
        for (String beanName : beanFactory.getBeanDefinitionNames()) {
            if (beanFactory.getMergedBeanDefinition(beanName).isAbstract()) {
                continue;
            }
            Class<?> targetClass = AutoProxyUtils.determineTargetClass(beanFactory, beanName);
            Class<?> type = targetClass != null ? targetClass : beanFactory.getType(beanName, false);
            if (type != null) {
                for (Method method : annotated(ClassUtils.getUserClass(type))) {
                    unprotected.add(beanName + "." + method.getName());
                }
            }
        }
        if (!unprotected.isEmpty()) {
            LOG.warn("The methods " + unprotected
                    + " are annotated with @Idempotent or @IdempotentEndpoint, and nothing in"
                    + " this application context protects them: they run for every call. Annotate a test of a slice with"
                    + " @AutoConfigureIdempotency; elsewhere do not exclude "
                    + IdempotencyAutoConfiguration.class.getName()
                    + ", or use @EnableIdempotency");
        }
    }

    private static List<Method> annotated(Class<?> type) {
        if (ANNOTATIONS.stream().noneMatch(annotation -> AnnotationUtils.isCandidateClass(type, annotation))) {
            return List.of();
        }
        return List.copyOf(MethodIntrospector.selectMethods(
                type,
                (Method method) -> ANNOTATIONS.stream()
                        .anyMatch(annotation -> AnnotatedElementUtils.hasAnnotation(method, annotation))));
    }
}
