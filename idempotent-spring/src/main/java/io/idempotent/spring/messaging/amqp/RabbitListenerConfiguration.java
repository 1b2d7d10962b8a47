package io.idempotent.spring.messaging.amqp;

import io.idempotent.spring.messaging.ContainerSetup;
import io.idempotent.spring.messaging.ListenerKind;
import io.idempotent.spring.operation.OperationRegistry;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;

/**
 * Makes listeners of AMQP 0-9-1 known, and lets their containers do what idempotent methods ask for. {@code
 * @EnableIdempotency} imports it where spring-rabbit is on the class path.
 */
@Configuration(proxyBeanMethods = false)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
public final class RabbitListenerConfiguration {

    /** For Spring. */
    public RabbitListenerConfiguration() {}

    @Bean
    static ListenerKind idempotentRabbitListeners() {
        return new RabbitListeners();
    }

    @Bean
    static RabbitRetries idempotentRabbitRetries() {
        return new RabbitRetries();
    }

    @Bean
    static ContainerSetup idempotentRabbitContainers(
            ObjectProvider<RabbitListenerEndpointRegistry> registries, ObjectProvider<OperationRegistry> operations) {
        return new ContainerSetup(() -> registries
                .orderedStream()
                .flatMap(registry -> registry.getListenerContainers().stream())
                .filter(AbstractMessageListenerContainer.class::isInstance)
                .map(AbstractMessageListenerContainer.class::cast)
                .forEach(container -> IdempotencyErrorHandlers.configure(
                        container, operations.getObject().settings().messaging())));
    }
}
