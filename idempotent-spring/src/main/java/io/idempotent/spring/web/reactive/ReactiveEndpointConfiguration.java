package io.idempotent.spring.web.reactive;

import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.OperationSource;
import io.idempotent.spring.settings.WebSettings;
import io.idempotent.spring.web.Endpoints;
import io.idempotent.spring.web.RecordingRules;
import java.util.function.Supplier;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.context.annotation.Role;
import org.springframework.http.codec.ServerCodecConfigurer;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.reactive.HandlerAdapter;
import org.springframework.web.reactive.HandlerResultHandler;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebExceptionHandler;

/**
 * Makes handler methods of WebFlux idempotent that are annotated with {@link
 * io.idempotent.spring.web.IdempotentEndpoint}. Spring Boot imports it. Without Spring Boot, import it beside {@code
 * @EnableIdempotency} and {@code @EnableWebFlux}, and declare an {@link
 * io.idempotent.spring.web.IdempotencyExceptionHandler}.
 */
@Configuration(proxyBeanMethods = false)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
@ImportRuntimeHints(Refusal.Hints.class)
public final class ReactiveEndpointConfiguration {

    /** For Spring. */
    public ReactiveEndpointConfiguration() {}

    @Bean
    static Endpoints idempotentEndpoints(
            ConfigurableListableBeanFactory beanFactory,
            ObjectProvider<OperationRegistry> operations,
            ObjectProvider<OperationSource> methods) {
        return new Endpoints(new ReactiveHandlers(beanFactory), beanFactory, operations::getObject, methods::getObject);
    }

    @Bean
    static HandlerAdapter idempotentEndpointHandlerAdapter(
            Endpoints idempotentEndpoints,
            ObjectProvider<OperationRegistry> operations,
            ObjectProvider<ReactiveScopeResolver> resolver,
            ConfigurableListableBeanFactory beanFactory) {
        return new EndpointHandlerAdapter(
                idempotentEndpoints,
                behind(beanFactory),
                () -> new EndpointHandlerAdapter.Settings(
                        settings(operations),
                        beanFactory.getBean(ServerCodecConfigurer.class),
                        resolver.getIfAvailable()));
    }

    @Bean
    static IdempotencyWebFilter idempotencyWebFilter(
            ObjectProvider<OperationRegistry> operations,
            ObjectProvider<ReactiveResponseCustomizer> customizers,
            ObjectProvider<HandlerResultHandler> resultHandlers,
            ObjectProvider<WebExceptionHandler> exceptionHandlers,
            ConfigurableListableBeanFactory beanFactory) {
        Failures failures = new Failures(
                behind(beanFactory),
                () -> resultHandlers.orderedStream().toList(),
                () -> exceptionHandlers.orderedStream().toList());
        return new IdempotencyWebFilter(() -> {
            WebSettings settings = settings(operations);
            return new IdempotencyWebFilter.Settings(
                    settings.header(),
                    (int) settings.maximumResponseSize().toBytes(),
                    new ReactiveRules(
                            new RecordingRules<>(
                                    settings,
                                    customizers
                                            .orderedStream()
                                            .map(customizer -> new RecordingRules.Customizer<ServerWebExchange>(
                                                    customizer.getClass().getName(), customizer::customize))
                                            .toList()),
                            failures));
        });
    }

    private static WebSettings settings(ObjectProvider<OperationRegistry> operations) {
        return operations.getObject().settings().web();
    }

    /** What runs annotated methods, by the name that Spring gives it. */
    private static Supplier<HandlerAdapter> behind(ConfigurableListableBeanFactory beanFactory) {
        return SingletonSupplier.of(() -> beanFactory.getBean("requestMappingHandlerAdapter", HandlerAdapter.class));
    }
}
