package io.idempotent.spring.autoconfigure;

import io.idempotent.spring.actuate.IdempotencyEndpoint;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.recovery.Recoverer;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import tools.jackson.databind.json.JsonMapper;

/**
 * Offers the Actuator endpoint {@code idempotency} where Actuator and Jackson 3 are, and the endpoint is exposed. Backs
 * off where the application declares its own.
 */
@AutoConfiguration(after = IdempotencyAutoConfiguration.class)
@ConditionalOnClass(
        name = {
            "org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint",
            "tools.jackson.databind.json.JsonMapper"
        })
@ConditionalOnAvailableEndpoint(IdempotencyEndpoint.class)
@ConditionalOnBean(OperationRegistry.class)
@EnableConfigurationProperties(IdempotencyEndpointProperties.class)
public final class IdempotencyEndpointAutoConfiguration {

    /** For Spring Boot. */
    IdempotencyEndpointAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    static IdempotencyEndpoint idempotencyEndpoint(
            OperationRegistry operations,
            Recoverer recoverer,
            ApplicationEventPublisher events,
            ObjectProvider<JsonMapper> mappers,
            IdempotencyEndpointProperties properties) {
        return new IdempotencyEndpoint(
                operations,
                recoverer,
                events,
                mappers.getIfUnique(JsonMapper::shared),
                properties.showValues(),
                properties.roles());
    }
}
