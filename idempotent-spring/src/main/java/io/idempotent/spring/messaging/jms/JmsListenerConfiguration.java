package io.idempotent.spring.messaging.jms;

import io.idempotent.spring.messaging.ListenerKind;
import io.idempotent.spring.operation.OperationRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;
import org.springframework.jms.config.JmsListenerEndpointRegistry;

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
    static JmsContainers idempotentJmsContainers(
            ObjectProvider<JmsListenerEndpointRegistry> registries, ObjectProvider<OperationRegistry> operations) {
        return new JmsContainers(
                registries::orderedStream,
                () -> operations.getObject().settings().messaging());
    }
}
