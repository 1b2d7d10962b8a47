package io.idempotent.spring.autoconfigure;

import io.idempotent.spring.messaging.kafka.IdempotencyKeyProducerInterceptor;
import io.idempotent.spring.operation.OperationRegistry;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.kafka.autoconfigure.DefaultKafkaProducerFactoryCustomizer;
import org.springframework.context.annotation.Bean;

/** Gives keys to the records that executions send to Kafka. */
@AutoConfiguration(
        after = IdempotencyAutoConfiguration.class,
        beforeName = "org.springframework.boot.kafka.autoconfigure.KafkaAutoConfiguration")
@ConditionalOnClass(DefaultKafkaProducerFactoryCustomizer.class)
@ConditionalOnBean(OperationRegistry.class)
public final class KafkaMessagingAutoConfiguration {

    /** For Spring Boot. */
    KafkaMessagingAutoConfiguration() {}

    @Bean
    static DefaultKafkaProducerFactoryCustomizer idempotencyKafkaProducerCustomizer() {
        return factory -> factory.updateConfigs(Map.of(
                ProducerConfig.INTERCEPTOR_CLASSES_CONFIG,
                IdempotencyKeyProducerInterceptor.addedTo(factory.getConfigurationProperties())));
    }
}
