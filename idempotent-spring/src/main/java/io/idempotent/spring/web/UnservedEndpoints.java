package io.idempotent.spring.web;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.operation.AnnotatedMethods;
import io.idempotent.spring.operation.OperationDeclarer;
import io.idempotent.spring.operation.OperationRegistry;
import java.util.Collection;
import java.util.List;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;

/**
 * Looks for endpoints in an application that has no Spring MVC to serve them. Another kind of web server, which serves
 * them unprotected, is refused. Where nothing serves them, in a worker that shares the beans of an application, a
 * warning says so.
 */
public final class UnservedEndpoints implements OperationDeclarer {

    private static final Log LOG = LogFactory.getLog(UnservedEndpoints.class);

    private final ConfigurableListableBeanFactory beanFactory;

    private final boolean servedElsewhere;

    /**
     * Looks at the beans of this bean factory.
     *
     * @param servedElsewhere whether there is a web server of another kind
     */
    public UnservedEndpoints(ConfigurableListableBeanFactory beanFactory, boolean servedElsewhere) {
        this.beanFactory = beanFactory;
        this.servedElsewhere = servedElsewhere;
    }

    /** Declares nothing. */
    @Override
    public Collection<DeclaredOperation> declare(OperationRegistry operations) {
        List<String> unserved = AnnotatedMethods.describe(
                beanFactory, (method, targetClass) -> false, List.of(IdempotentEndpoint.class));
        if (servedElsewhere && !unserved.isEmpty()) {
            throw new IdempotencyConfigurationException(
                    unserved.get(0)
                            + " is annotated with @IdempotentEndpoint, and this application serves it by WebFlux,"
                            + " where it is not supported and would not be protected",
                    "Annotate a service's blocking method with @Idempotent instead, or serve the endpoint by"
                            + " Spring MVC");
        }
        if (!unserved.isEmpty()) {
            LOG.warn("The methods " + unserved
                    + " are annotated with @IdempotentEndpoint, and this application has no Spring"
                    + " MVC on a servlet container, which alone serves and protects them: a direct call of one is not"
                    + " protected. Leave their beans out of this application, or annotate a service's method with"
                    + " @Idempotent");
        }
        return List.of();
    }
}
