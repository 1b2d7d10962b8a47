package io.idempotent.spring.web;

import io.idempotent.spring.operation.AnnotatedMethods;
import io.idempotent.spring.operation.OperationDeclarer;
import io.idempotent.spring.operation.OperationRegistry;
import java.util.Collection;
import java.util.List;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;

/**
 * Looks for endpoints in an application that has neither Spring MVC nor WebFlux to serve them: a worker that shares the
 * beans of an application, say. A warning names them.
 */
public final class UnservedEndpoints implements OperationDeclarer {

    private static final Log LOG = LogFactory.getLog(UnservedEndpoints.class);

    private final ConfigurableListableBeanFactory beanFactory;

    /** Looks at the beans of this bean factory. */
    public UnservedEndpoints(ConfigurableListableBeanFactory beanFactory) {
        this.beanFactory = beanFactory;
    }

    /** Declares nothing. */
    @Override
    public Collection<DeclaredOperation> declare(OperationRegistry operations) {
        List<String> unserved = AnnotatedMethods.describe(
                beanFactory, (method, targetClass) -> false, List.of(IdempotentEndpoint.class));
        if (!unserved.isEmpty()) {
            LOG.warn("The methods " + unserved
                    + " are annotated with @IdempotentEndpoint, and this application has neither"
                    + " Spring MVC on a servlet container nor WebFlux, which serve and protect them: a direct call of"
                    + " one is not protected. Leave their beans out of this application, or annotate a"
                    + " service's method with"
                    + " @Idempotent");
        }
        return List.of();
    }
}
