package io.idempotent.spring.web.servlet;

import io.idempotent.spring.web.Endpoints;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.handler.AbstractHandlerMethodMapping;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter;
import org.springframework.web.servlet.mvc.method.annotation.ResponseBodyEmitter;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;

/** The handlers of Spring MVC. Adapters and controllers are watched, to tell whether a handler has begun. */
record ServletHandlers(ConfigurableListableBeanFactory beanFactory) implements Endpoints.Handlers {

    @Override
    public String stack() {
        return "Spring MVC";
    }

    @Override
    public Collection<HandlerMethod> all() {
        return beanFactory.getBeansOfType(AbstractHandlerMethodMapping.class, true, false).values().stream()
                .flatMap(mapping -> ((AbstractHandlerMethodMapping<?>) mapping).getHandlerMethods().values().stream())
                .toList();
    }

    @Override
    public Set<Class<?>> streaming() {
        return Set.of(StreamingResponseBody.class, ResponseBodyEmitter.class);
    }

    @Override
    public void declared(Collection<HandlerMethod> endpoints) {
        Set<String> scoped = new HashSet<>();
        endpoints.forEach(handler -> watch(handler.getBean(), scoped));
        if (!endpoints.isEmpty()) {
            beanFactory
                    .getBeansOfType(RequestMappingHandlerAdapter.class, true, false)
                    .values()
                    .forEach(Invocation::watch);
        }
        if (!scoped.isEmpty()) {
            watchWhenMade(scoped);
        }
    }

    /**
     * Watches the bean of a handler: one of a scope, behind a scoped proxy or not, whenever one is made.
     *
     * @param scoped gets the names of the latter
     */
    private void watch(Object handler, Set<String> scoped) {
        if (!(handler instanceof String beanName)) {
            Invocation.watch(handler);
            return;
        }
        String target = ScopedProxyUtils.getTargetBeanName(beanName);
        String checked = beanFactory.containsBeanDefinition(target) ? target : beanName;
        if (beanFactory.isSingleton(checked)) {
            Invocation.watch(beanFactory.getBean(checked));
        } else {
            scoped.add(checked);
        }
    }

    private void watchWhenMade(Set<String> beanNames) {
        beanFactory.addBeanPostProcessor(new BeanPostProcessor() {
            @Override
            public Object postProcessAfterInitialization(Object bean, String beanName) {
                if (beanNames.contains(beanName)) {
                    Invocation.watch(bean);
                }
                return bean;
            }
        });
    }
}
