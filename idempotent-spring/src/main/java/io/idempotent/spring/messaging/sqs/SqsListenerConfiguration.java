package io.idempotent.spring.messaging.sqs;

import io.awspring.cloud.sqs.listener.MessageListenerContainerRegistry;
import io.awspring.cloud.sqs.listener.SqsMessageListenerContainer;
import io.idempotent.spring.messaging.ContainerSetup;
import io.idempotent.spring.messaging.ListenerKind;
import io.idempotent.spring.operation.OperationRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/**
 * Makes listeners of SQS known, and lets their containers do what idempotent methods ask for. {@code
 * @EnableIdempotency} imports it where spring-cloud-aws-sqs is on the class path.
 */
@Configuration(proxyBeanMethods = false)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
public final class SqsListenerConfiguration {

    /** For Spring. */
    public SqsListenerConfiguration() {}

    @Bean
    static ListenerKind idempotentSqsListeners() {
        return new SqsListeners();
    }

    @Bean
    static ContainerSetup idempotentSqsContainers(
            ObjectProvider<MessageListenerContainerRegistry> registries,
            ObjectProvider<OperationRegistry> operations,
            ObjectProvider<SqsAsyncClient> clients) {
        return new ContainerSetup(() -> registries
                .orderedStream()
                .flatMap(registry -> registry.getListenerContainers().stream())
                .filter(SqsMessageListenerContainer.class::isInstance)
                .map(container -> (SqsMessageListenerContainer<?>) container)
                .forEach(container -> IdempotencyErrorHandlers.configure(
                        container, operations.getObject().settings().messaging(), clients.getIfUnique())));
    }
}
