package io.idempotent.spring.autoconfigure;

import io.idempotent.spring.messaging.kafka.IdempotencyErrorHandlers;
import io.idempotent.spring.messaging.kafka.IdempotencyKeyProducerInterceptor;
import io.idempotent.spring.messaging.kafka.RefusedRecords;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.settings.IdempotencySettings;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.kafka.autoconfigure.DefaultKafkaProducerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.KafkaOperations;
import org.springframework.kafka.listener.AfterRollbackProcessor;
import org.springframework.kafka.listener.CommonErrorHandler;
import org.springframework.kafka.listener.ConsumerRecordRecoverer;
import org.springframework.kafka.listener.DefaultAfterRollbackProcessor;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.kafka.listener.SeekUtils;

/**
 * Makes listeners of Kafka do what idempotent methods answer, and gives keys to what executions send. Backs off where
 * the application declares its own error handler, or what follows a rollback.
 */
@AutoConfiguration(
        after = IdempotencyAutoConfiguration.class,
        beforeName = "org.springframework.boot.kafka.autoconfigure.KafkaAutoConfiguration")
@ConditionalOnClass({CommonErrorHandler.class, DefaultKafkaProducerFactoryCustomizer.class})
@ConditionalOnBean(OperationRegistry.class)
public final class KafkaMessagingAutoConfiguration {

    /** For Spring Boot. */
    KafkaMessagingAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean(CommonErrorHandler.class)
    static DefaultErrorHandler idempotencyKafkaErrorHandler(
            IdempotencySettings settings,
            ObjectProvider<ConsumerRecordRecoverer> recoverer,
            ObjectProvider<KafkaOperations<?, ?>> operations,
            ObjectProvider<ConsumerFactory<?, ?>> consumers) {
        consumers.ifUnique(factory ->
                IdempotencyErrorHandlers.checkPauses(settings.messaging(), factory.getConfigurationProperties()));
        return IdempotencyErrorHandlers.errorHandler(
                recoverer(recoverer, operations), SeekUtils.DEFAULT_BACK_OFF, settings.messaging());
    }

    @Bean
    @ConditionalOnMissingBean(AfterRollbackProcessor.class)
    static DefaultAfterRollbackProcessor<Object, Object> idempotencyKafkaAfterRollbackProcessor(
            IdempotencySettings settings,
            ObjectProvider<ConsumerRecordRecoverer> recoverer,
            ObjectProvider<KafkaOperations<?, ?>> operations) {
        KafkaOperations<?, ?> found = operations.getIfUnique();
        return IdempotencyErrorHandlers.afterRollbackProcessor(
                recoverer(recoverer, operations),
                SeekUtils.DEFAULT_BACK_OFF,
                settings.messaging(),
                found != null && found.isTransactional() ? found : null);
    }

    @Bean
    static DefaultKafkaProducerFactoryCustomizer idempotencyKafkaProducerCustomizer() {
        return factory -> factory.updateConfigs(Map.of(
                ProducerConfig.INTERCEPTOR_CLASSES_CONFIG,
                IdempotencyKeyProducerInterceptor.addedTo(factory.getConfigurationProperties())));
    }

    private static ConsumerRecordRecoverer recoverer(
            ObjectProvider<ConsumerRecordRecoverer> recoverer, ObjectProvider<KafkaOperations<?, ?>> operations) {
        return recoverer.getIfUnique(() -> new RefusedRecords(operations.getIfUnique()));
    }
}
