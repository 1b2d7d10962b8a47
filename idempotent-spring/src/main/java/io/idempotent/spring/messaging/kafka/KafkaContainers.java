package io.idempotent.spring.messaging.kafka;

import io.idempotent.spring.messaging.BatchListeners;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.settings.MessagingSettings;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.kafka.config.KafkaListenerEndpointRegistry;
import org.springframework.kafka.core.KafkaOperations;
import org.springframework.kafka.listener.AbstractMessageListenerContainer;
import org.springframework.kafka.listener.AfterRollbackProcessor;
import org.springframework.kafka.listener.BatchMessageListener;
import org.springframework.kafka.listener.CommonErrorHandler;
import org.springframework.kafka.listener.ConsumerRecordRecoverer;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.MessageListenerContainer;
import org.springframework.kafka.listener.SeekUtils;
import org.springframework.kafka.listener.adapter.KafkaBackoffAwareMessageListenerAdapter;

/**
 * The containers of listener methods of Kafka, which get an error handler. A container that has one keeps it, as one
 * that retries by topics does, and so does an application that declares what follows a rollback. A warning says what an
 * idempotent method cannot expect of its container.
 *
 * @param beanFactory has the containers, and what they are configured with
 * @param endpoints know what the containers are made of
 * @param operations the idempotent methods, and the pauses before redeliveries
 */
record KafkaContainers(
        ConfigurableListableBeanFactory beanFactory, KafkaEndpoints endpoints, OperationRegistry operations) {

    private static final Log LOG = LogFactory.getLog(KafkaContainers.class);

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
        List<String> idempotent = endpoints.methods().idempotent(container, operations);
        ContainerProperties properties = container.getContainerProperties();
        if (properties.getMessageListener() instanceof BatchMessageListener) {
            BatchListeners.refuse(idempotent, KafkaListeners.FAILED_IN_BATCH);
        }
        MessagingSettings settings = operations.settings().messaging();
        boolean transactional = properties.getKafkaAwareTransactionManager() != null;
        CommonErrorHandler ofErrors = container.getCommonErrorHandler();
        if (ofErrors == null) {
            ofErrors = IdempotencyErrorHandlers.errorHandler(recoverer, SeekUtils.DEFAULT_BACK_OFF, settings);
            container.setCommonErrorHandler(ofErrors);
        }
        if (!followed && transactional) {
            container.setAfterRollbackProcessor(
                    IdempotencyErrorHandlers.afterRollbackProcessor(recoverer, SeekUtils.DEFAULT_BACK_OFF, settings));
        }
        Object handler = transactional ? container.getAfterRollbackProcessor() : ofErrors;
        if (IdempotencyErrorHandlers.isMadeHere(handler)) {
            IdempotencyErrorHandlers.checkPauses(settings, consumer(container));
        } else if (!(properties.getMessageListener() instanceof KafkaBackoffAwareMessageListenerAdapter)) {
            idempotent.forEach(method -> LOG.warn("The container of " + method + " handles failures by "
                    + handler.getClass().getName()
                    + ", which gives up a record after its own tries: a record whose key is in progress may be lost."
                    + " Make it by " + IdempotencyErrorHandlers.class.getName()
                    + ", or let it delegate such failures to one that is made there"));
        }
        if (transactional) {
            idempotent.forEach(method -> LOG.warn("The container of " + method + " has Kafka transactions, and the"
                    + " idempotency record is completed before they are committed: if the process dies between the"
                    + " two, the record from Kafka is replayed, and what the method sent is lost. Send what must not"
                    + " be lost by an outbox, or outside of the transaction"));
        }
    }

    /** What a container's consumers are configured with, as far as pauses depend on it. */
    private Map<String, Object> consumer(AbstractMessageListenerContainer<?, ?> container) {
        Map<String, Object> effective = new HashMap<>(endpoints.configuration(container));
        Object own = container
                .getContainerProperties()
                .getKafkaConsumerProperties()
                .get(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG);
        if (own != null) {
            effective.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, own);
        }
        return effective;
    }
}
