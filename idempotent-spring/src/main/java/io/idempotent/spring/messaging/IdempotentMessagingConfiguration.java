package io.idempotent.spring.messaging;

import io.idempotent.spring.operation.OperationRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;

/**
 * Makes listener methods of messages that are annotated with {@code @Idempotent} answer their containers, and offers
 * the bean {@code messageKeys}. {@code @EnableIdempotency} imports it where spring-messaging is on the class path.
 */
@Configuration(proxyBeanMethods = false)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
public final class IdempotentMessagingConfiguration {

    /** For Spring. */
    public IdempotentMessagingConfiguration() {}

    @Bean
    static ContainerListenerMethods idempotentListenerMethods(
            ObjectProvider<ListenerKind> kinds, ObjectProvider<OperationRegistry> operations) {
        return new ContainerListenerMethods(
                kinds.orderedStream().toList(),
                () -> operations.getObject().settings().messaging());
    }

    @Bean
    static MessageKeys messageKeys(ObjectProvider<ListenerKind> kinds) {
        return new MessageKeys(kinds.orderedStream().toList());
    }
}
