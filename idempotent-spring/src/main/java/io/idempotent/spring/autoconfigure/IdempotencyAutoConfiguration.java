package io.idempotent.spring.autoconfigure;

import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.interceptor.IdempotencySettings;
import io.idempotent.spring.interceptor.IdempotencySupport;
import io.idempotent.spring.web.IdempotencyExceptionHandler;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Protects the methods of beans that are annotated with {@link io.idempotent.spring.annotation.Idempotent}, by the properties
 * {@code idempotent.…}. Backs off where the application enables idempotency itself, declares its own settings, or its own
 * {@link IdempotencyExceptionHandler}.
 */
@AutoConfiguration
@EnableConfigurationProperties(IdempotencyProperties.class)
public final class IdempotencyAutoConfiguration {

    /** For Spring Boot. */
    IdempotencyAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    static IdempotencySettings idempotencySettings(IdempotencyProperties properties) {
        return properties.toSettings();
    }

    /** Interception, unless the application chose it. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnMissingBean(IdempotencySupport.class)
    @EnableIdempotency
    static class Interception {}

    /** Answers for HTTP clients. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    @ConditionalOnClass(name = "org.springframework.web.servlet.DispatcherServlet")
    static class Web {

        @Bean
        @ConditionalOnMissingBean
        static IdempotencyExceptionHandler idempotencyExceptionHandler() {
            return new IdempotencyExceptionHandler();
        }
    }
}
