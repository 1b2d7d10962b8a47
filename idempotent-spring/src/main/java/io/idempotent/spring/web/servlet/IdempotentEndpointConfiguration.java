package io.idempotent.spring.web.servlet;

import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.OperationSource;
import io.idempotent.spring.settings.WebSettings;
import io.idempotent.spring.web.Endpoints;
import io.idempotent.spring.web.IdempotencyScopeResolver;
import io.idempotent.spring.web.IdempotentEndpoint;
import io.idempotent.spring.web.RecordedResponseCustomizer;
import io.idempotent.spring.web.RecordingRules;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;
import org.springframework.web.servlet.HandlerExceptionResolver;
import org.springframework.web.servlet.handler.MappedInterceptor;

/**
 * Makes handler methods idempotent that are annotated with {@link IdempotentEndpoint}. Spring Boot imports it. Without
 * Spring Boot, import it beside {@code @EnableIdempotency}, declare an {@link
 * io.idempotent.spring.web.IdempotencyExceptionHandler}, and register the bean {@link IdempotencyFilter} and an {@link
 * EndpointRequestListener} with the servlet context.
 */
@Configuration(proxyBeanMethods = false)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
public final class IdempotentEndpointConfiguration {

    /** For Spring. */
    public IdempotentEndpointConfiguration() {}

    @Bean
    static Endpoints idempotentEndpoints(
            ConfigurableListableBeanFactory beanFactory,
            ObjectProvider<OperationRegistry> operations,
            ObjectProvider<OperationSource> methods) {
        return new Endpoints(new ServletHandlers(beanFactory), beanFactory, operations::getObject, methods::getObject);
    }

    /** Every handler mapping takes such beans, before the interceptors that it was configured with. */
    @Bean
    static MappedInterceptor idempotentEndpointInterceptor(
            Endpoints idempotentEndpoints,
            ObjectProvider<OperationRegistry> operations,
            ObjectProvider<IdempotencyScopeResolver> resolver) {
        return new MappedInterceptor(
                null,
                new EndpointInterceptor(
                        idempotentEndpoints,
                        () -> new EndpointInterceptor.Settings(settings(operations), resolver.getIfAvailable())));
    }

    @Bean
    static IdempotencyFilter idempotencyFilter(
            ObjectProvider<OperationRegistry> operations,
            ObjectProvider<RecordedResponseCustomizer> customizers,
            ConfigurableListableBeanFactory beanFactory) {
        return new IdempotencyFilter(() -> {
            WebSettings settings = settings(operations);
            return new IdempotencyFilter.Settings(
                    settings.header(),
                    (int) settings.maximumBodySize().toBytes(),
                    (int) settings.maximumResponseSize().toBytes(),
                    new HeldKey.Rules(
                            new RecordingRules<>(
                                    settings,
                                    customizers
                                            .orderedStream()
                                            .map(customizer -> new RecordingRules.Customizer<HttpServletRequest>(
                                                    customizer.getClass().getName(), customizer::customize))
                                            .toList()),
                            beanFactory.getBean("handlerExceptionResolver", HandlerExceptionResolver.class)));
        });
    }

    private static WebSettings settings(ObjectProvider<OperationRegistry> operations) {
        return operations.getObject().settings().web();
    }
}
