package io.idempotent.spring.messaging.kafka;

import io.idempotent.spring.messaging.ListenerKind;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;

/** Makes listeners of Kafka known. {@code @EnableIdempotency} imports it where spring-kafka is on the class path. */
@Configuration(proxyBeanMethods = false)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
public final class KafkaListenerConfiguration {

    /** For Spring. */
    public KafkaListenerConfiguration() {}

    @Bean
    static ListenerKind idempotentKafkaListeners() {
        return new KafkaListeners();
    }
}
