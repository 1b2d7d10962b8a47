package io.idempotent.spring.messaging.kafka;

import io.idempotent.spring.settings.MessagingSettings;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.kafka.config.KafkaListenerEndpointRegistry;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.KafkaOperations;
import org.springframework.kafka.listener.AbstractMessageListenerContainer;
import org.springframework.kafka.listener.AfterRollbackProcessor;
import org.springframework.kafka.listener.ConsumerRecordRecoverer;
import org.springframework.kafka.listener.MessageListenerContainer;
import org.springframework.kafka.listener.SeekUtils;

/**
 * The containers of listener methods of Kafka, which get an error handler. A container that has one keeps it, as one
 * that retries by topics does, and so does an application that declares what follows a rollback.
 *
 * @param beanFactory has the containers, and what they are configured with
 * @param settings the pauses before redeliveries
 */
record KafkaContainers(ConfigurableListableBeanFactory beanFactory, MessagingSettings settings) {

    /** Configures containers that are not started. */
    void configure() {
        ConsumerRecordRecoverer recoverer = recoverer();
        boolean followed = beanFactory.getBeanProvider(AfterRollbackProcessor.class).stream()
                .findAny()
                .isPresent();
        beanFactory.getBeanProvider(KafkaListenerEndpointRegistry.class).stream()
                .flatMap(registry -> registry.getListenerContainers().stream())
                .forEach(container -> configure(container, recoverer, followed));
    }

    private ConsumerRecordRecoverer recoverer() {
        ObjectProvider<ConsumerRecordRecoverer> declared = beanFactory.getBeanProvider(ConsumerRecordRecoverer.class);
        return declared.getIfUnique(() -> new RefusedRecords(
                beanFactory.getBeanProvider(KafkaOperations.class).getIfUnique()));
    }

    private void configure(MessageListenerContainer found, ConsumerRecordRecoverer recoverer, boolean followed) {
        if (!(found instanceof AbstractMessageListenerContainer<?, ?> container)) {
            return;
        }
        if (container.getCommonErrorHandler() == null) {
            beanFactory.getBeanProvider(ConsumerFactory.class).forEach(factory -> check(factory));
            container.setCommonErrorHandler(
                    IdempotencyErrorHandlers.errorHandler(recoverer, SeekUtils.DEFAULT_BACK_OFF, settings));
        }
        if (!followed && container.getContainerProperties().getKafkaAwareTransactionManager() != null) {
            container.setAfterRollbackProcessor(
                    IdempotencyErrorHandlers.afterRollbackProcessor(recoverer, SeekUtils.DEFAULT_BACK_OFF, settings));
        }
    }

    private void check(ConsumerFactory<?, ?> factory) {
        IdempotencyErrorHandlers.checkPauses(settings, factory.getConfigurationProperties());
    }
}
