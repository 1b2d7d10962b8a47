package io.idempotent.spring.autoconfigure;

import io.idempotent.spring.messaging.amqp.IdempotencyKeyPostProcessor;
import io.idempotent.spring.operation.OperationRegistry;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.amqp.autoconfigure.RabbitTemplateCustomizer;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Lets Spring Boot's {@link RabbitTemplate} send idempotency keys. Backs off where the application declares an {@link
 * IdempotencyKeyPostProcessor}.
 */
@AutoConfiguration(
        after = IdempotencyAutoConfiguration.class,
        beforeName = "org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration")
@ConditionalOnClass({RabbitTemplate.class, RabbitTemplateCustomizer.class})
@ConditionalOnBean(OperationRegistry.class)
public final class RabbitMessagingAutoConfiguration {

    /** For Spring Boot. */
    RabbitMessagingAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean(IdempotencyKeyPostProcessor.class)
    static RabbitTemplateCustomizer idempotencyKeysOfRabbitTemplates() {
        IdempotencyKeyPostProcessor keys = new IdempotencyKeyPostProcessor();
        return template -> template.addBeforePublishPostProcessors(keys);
    }
}
