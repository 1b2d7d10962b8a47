package io.idempotent.spring.messaging.jms;

import io.idempotent.spring.messaging.ContainerMethods;
import io.idempotent.spring.messaging.ContainerSetup;
import io.idempotent.spring.messaging.ListenerKind;
import io.idempotent.spring.operation.OperationRegistry;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;
import org.springframework.jms.config.JmsListenerEndpointRegistry;
import org.springframework.jms.listener.AbstractMessageListenerContainer;

/**
 * Makes listeners of JMS known, and lets their containers do what idempotent methods ask for. {@code
 * @EnableIdempotency} imports it where spring-jms is on the class path.
 */
@Configuration(proxyBeanMethods = false)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
public final class JmsListenerConfiguration {

    /** For Spring. */
    public JmsListenerConfiguration() {}

    @Bean
    static ListenerKind idempotentJmsListeners() {
        return new JmsListeners();
    }

    @Bean
    static JmsEndpoints idempotentJmsEndpoints(BeanFactory beanFactory) {
        return new JmsEndpoints(beanFactory, new ContainerMethods());
    }

    @Bean
    static ContainerSetup idempotentJmsContainers(
            ObjectProvider<JmsListenerEndpointRegistry> registries,
            JmsEndpoints idempotentJmsEndpoints,
            ObjectProvider<OperationRegistry> operations) {
        ContainerMethods methods = idempotentJmsEndpoints.methods();
        return new ContainerSetup(() -> registries
                .orderedStream()
                .flatMap(registry -> registry.getListenerContainers().stream())
                .filter(AbstractMessageListenerContainer.class::isInstance)
                .map(AbstractMessageListenerContainer.class::cast)
                .forEach(container -> configure(container, methods, operations.getObject())));
    }

    private static void configure(
            AbstractMessageListenerContainer container, ContainerMethods methods, OperationRegistry operations) {
        IdempotencyErrorHandlers.configure(
                container, operations.settings().messaging(), methods.isPlain(container, operations));
    }
}
