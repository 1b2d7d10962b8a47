package io.idempotent.spring.messaging;

import io.idempotent.spring.operation.OperationRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.context.annotation.Role;
import org.springframework.core.type.AnnotationMetadata;

/**
 * Makes listener methods of messages that are annotated with {@code @Idempotent} answer their containers, and offers
 * the bean {@code messageKeys}. {@code @EnableIdempotency} imports it where spring-messaging is on the class path.
 */
@Configuration(proxyBeanMethods = false)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
@Import(IdempotentMessagingConfiguration.KeysRegistrar.class)
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

    /** Registers the keys of messages by the name that expressions use, unless the application has that name. */
    static final class KeysRegistrar implements ImportBeanDefinitionRegistrar {

        private static final String NAME = "messageKeys";

        @Override
        public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
            if (!registry.containsBeanDefinition(NAME)) {
                RootBeanDefinition keys = new RootBeanDefinition(MessageKeys.class);
                keys.setRole(BeanDefinition.ROLE_INFRASTRUCTURE);
                registry.registerBeanDefinition(NAME, keys);
            }
        }
    }
}
