package io.idempotent.spring.web;

import io.idempotent.spring.interceptor.IdempotencySupport;
import io.idempotent.spring.interceptor.OperationDeclarer;
import java.util.Collection;
import java.util.List;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;

/** Refuses endpoints in an application that has no Spring MVC to serve them: nothing would protect them there. */
public final class UnservedEndpoints implements OperationDeclarer {

    private final ConfigurableListableBeanFactory beanFactory;

    /** Looks at the beans of this bean factory. */
    public UnservedEndpoints(ConfigurableListableBeanFactory beanFactory) {
        this.beanFactory = beanFactory;
    }

    /** Declares nothing. */
    @Override
    public Collection<DeclaredOperation> declare(IdempotencySupport support) {
        EndpointMethods.requireServed(
                beanFactory,
                (method, targetClass) -> false,
                "and this application has no Spring MVC on a servlet container, which alone serves it; on WebFlux it is not"
                        + " supported",
                "Annotate a service's blocking method with @Idempotent instead, or serve the endpoint by Spring MVC");
        return List.of();
    }
}
