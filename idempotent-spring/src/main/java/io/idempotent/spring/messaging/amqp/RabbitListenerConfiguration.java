package io.idempotent.spring.messaging.amqp;

import io.idempotent.spring.messaging.BatchListeners;
import io.idempotent.spring.messaging.ContainerMethods;
import io.idempotent.spring.messaging.ContainerSetup;
import io.idempotent.spring.messaging.ListenerKind;
import io.idempotent.spring.operation.OperationRegistry;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.beans.factory.BeanFactory;
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
    static RabbitEndpoints idempotentRabbitEndpoints(BeanFactory beanFactory) {
        return new RabbitEndpoints(beanFactory, new ContainerMethods());
    }

    @Bean
    static ContainerSetup idempotentRabbitContainers(
            ObjectProvider<RabbitListenerEndpointRegistry> registries,
            RabbitEndpoints idempotentRabbitEndpoints,
            ObjectProvider<OperationRegistry> operations) {
        ContainerMethods methods = idempotentRabbitEndpoints.methods();
        return new ContainerSetup(() -> registries
                .orderedStream()
                .flatMap(registry -> registry.getListenerContainers().stream())
                .filter(AbstractMessageListenerContainer.class::isInstance)
                .map(AbstractMessageListenerContainer.class::cast)
                .forEach(container -> configure(container, methods, operations.getObject())));
    }

    private static void configure(
            AbstractMessageListenerContainer container, ContainerMethods methods, OperationRegistry operations) {
        if (AnsweringMessageListener.getsBatches(container.getMessageListener())) {
            BatchListeners.refuse(methods.idempotent(container, operations), RabbitListeners.FAILED_IN_BATCH);
        }
        IdempotencyErrorHandlers.configure(
                container, operations.settings().messaging(), methods.isPlain(container, operations));
    }
}
