package io.idempotent.spring.web.reactive;

import io.idempotent.spring.web.Endpoints;
import java.util.Collection;
import java.util.Set;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.reactive.result.method.AbstractHandlerMethodMapping;

/** The handlers of WebFlux that are annotated methods. */
record ReactiveHandlers(ListableBeanFactory beanFactory) implements Endpoints.Handlers {

    @Override
    public String stack() {
        return "Spring WebFlux";
    }

    @Override
    public Collection<HandlerMethod> all() {
        return beanFactory.getBeansOfType(AbstractHandlerMethodMapping.class, true, false).values().stream()
                .flatMap(mapping -> ((AbstractHandlerMethodMapping<?>) mapping).getHandlerMethods().values().stream())
                .toList();
    }

    /** {@inheritDoc} Reactive types of several values are known to all stacks. */
    @Override
    public Set<Class<?>> streaming() {
        return Set.of();
    }

    @Override
    public void declared(Collection<HandlerMethod> endpoints) {
        // Nothing is watched here.
    }
}
