package io.idempotent.spring.autoconfigure;

import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.interceptor.IdempotencySupport;
import io.idempotent.spring.settings.EnvironmentSettings;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.web.IdempotencyExceptionHandler;
import io.idempotent.spring.web.UnservedEndpoints;
import io.idempotent.spring.web.reactive.ReactiveEndpointConfiguration;
import io.idempotent.spring.web.servlet.EndpointRequestListener;
import io.idempotent.spring.web.servlet.IdempotencyFilter;
import io.idempotent.spring.web.servlet.IdempotentEndpointConfiguration;
import jakarta.servlet.DispatcherType;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.autoconfigure.condition.NoneNestedConditions;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.web.servlet.ServletListenerRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.Environment;
import org.springframework.core.io.ResourceLoader;

/**
 * Protects the methods of beans that are annotated with {@link io.idempotent.spring.annotation.Idempotent}, by the
 * properties {@code idempotent.…}. Backs off where the application enables idempotency itself, declares its own
 * settings, or its own {@link IdempotencyExceptionHandler}.
 */
@AutoConfiguration
public final class IdempotencyAutoConfiguration {

    /** For Spring Boot. */
    IdempotencyAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    static IdempotencySettings idempotencySettings(Environment environment, ResourceLoader resources) {
        return EnvironmentSettings.bind(environment, new SettingsBinding(environment, resources.getClassLoader()));
    }

    /** Interception, unless the application chose it. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnMissingBean(IdempotencySupport.class)
    @EnableIdempotency
    static class Interception {}

    /** Endpoints, and answers for HTTP clients. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    @ConditionalOnClass(name = "org.springframework.web.servlet.DispatcherServlet")
    @Import(IdempotentEndpointConfiguration.class)
    static class Web {

        @Bean
        @ConditionalOnMissingBean
        static IdempotencyExceptionHandler idempotencyExceptionHandler(IdempotencySettings settings) {
            return new IdempotencyExceptionHandler(settings.web());
        }

        /** Also where errors are answered, and where asynchronous requests go on. */
        @Bean
        static FilterRegistrationBean<IdempotencyFilter> idempotencyFilterRegistration(IdempotencyFilter filter) {
            FilterRegistrationBean<IdempotencyFilter> registration = new FilterRegistrationBean<>(filter);
            registration.setDispatcherTypes(
                    DispatcherType.REQUEST, DispatcherType.ASYNC, DispatcherType.ERROR, DispatcherType.FORWARD);
            registration.setOrder(IdempotencyFilter.ORDER);
            return registration;
        }

        @Bean
        static ServletListenerRegistrationBean<EndpointRequestListener> idempotencyRequestListener() {
            return new ServletListenerRegistrationBean<>(new EndpointRequestListener());
        }
    }

    /** Endpoints on WebFlux, and answers for its clients. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    @ConditionalOnClass(name = "org.springframework.web.reactive.DispatcherHandler")
    @Import(ReactiveEndpointConfiguration.class)
    static class Reactive {

        @Bean
        @ConditionalOnMissingBean
        static IdempotencyExceptionHandler idempotencyExceptionHandler(IdempotencySettings settings) {
            return new IdempotencyExceptionHandler(settings.web());
        }
    }

    /** No endpoints. */
    @Configuration(proxyBeanMethods = false)
    @Conditional(Unserved.class)
    static class NoWeb {

        @Bean
        static UnservedEndpoints unservedIdempotentEndpoints(ConfigurableListableBeanFactory beanFactory) {
            return new UnservedEndpoints(beanFactory);
        }
    }

    /** Where there is neither Spring MVC on a servlet container nor WebFlux. */
    static final class Unserved extends NoneNestedConditions {

        Unserved() {
            super(ConfigurationPhase.REGISTER_BEAN);
        }

        @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
        @ConditionalOnClass(name = "org.springframework.web.servlet.DispatcherServlet")
        static class Servlet {}

        @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
        @ConditionalOnClass(name = "org.springframework.web.reactive.DispatcherHandler")
        static class Reactive {}
    }
}
