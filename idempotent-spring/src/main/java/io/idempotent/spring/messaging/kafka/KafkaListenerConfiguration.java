package io.idempotent.spring.messaging.kafka;

import io.idempotent.spring.messaging.ContainerSetup;
import io.idempotent.spring.messaging.ListenerKind;
import io.idempotent.spring.operation.OperationRegistry;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;

/**
 * Makes listeners of Kafka known, and their containers do what they answer. {@code @EnableIdempotency} imports it where
 * spring-kafka is on the class path.
 */
@Configuration(proxyBeanMethods = false)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
public final class KafkaListenerConfiguration {

    /** For Spring. */
    public KafkaListenerConfiguration() {}

    @Bean
    static ContainerSetup idempotentKafkaContainers(
            ConfigurableListableBeanFactory beanFactory,
            KafkaEndpoints idempotentKafkaEndpoints,
            ObjectProvider<OperationRegistry> operations) {
        return new ContainerSetup(
                () -> new KafkaContainers(beanFactory, idempotentKafkaEndpoints, operations.getObject()).configure());
    }

    @Bean
    static KafkaEndpoints idempotentKafkaEndpoints(BeanFactory beanFactory) {
        return new KafkaEndpoints(beanFactory);
    }

    @Bean
    static ListenerKind idempotentKafkaListeners() {
        return new KafkaListeners();
    }
}
