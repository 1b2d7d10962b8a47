package io.idempotent.spring.messaging.kafka;

import io.idempotent.spring.settings.MessagingSettings;
import java.util.function.Supplier;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.kafka.config.KafkaListenerEndpointRegistry;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.KafkaOperations;
import org.springframework.kafka.listener.AbstractMessageListenerContainer;
import org.springframework.kafka.listener.AfterRollbackProcessor;
import org.springframework.kafka.listener.ConsumerRecordRecoverer;
import org.springframework.kafka.listener.MessageListenerContainer;
import org.springframework.kafka.listener.SeekUtils;

/**
 * Gives the containers of listener methods an error handler before any of them starts. A container that has one keeps
 * it, as one that retries by topics does, and so does an application that declares what follows a rollback.
 */
final class KafkaContainers implements SmartLifecycle {

    private final ConfigurableListableBeanFactory beanFactory;

    private final Supplier<MessagingSettings> settings;

    private volatile boolean running;

    KafkaContainers(ConfigurableListableBeanFactory beanFactory, Supplier<MessagingSettings> settings) {
        this.beanFactory = beanFactory;
        this.settings = settings;
    }

    @Override
    public void start() {
        running = true;
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
        MessagingSettings chosen = settings.get();
        if (container.getCommonErrorHandler() == null) {
            beanFactory.getBeanProvider(ConsumerFactory.class).forEach(factory -> check(chosen, factory));
            container.setCommonErrorHandler(
                    IdempotencyErrorHandlers.errorHandler(recoverer, SeekUtils.DEFAULT_BACK_OFF, chosen));
        }
        if (!followed && container.getContainerProperties().getKafkaAwareTransactionManager() != null) {
            container.setAfterRollbackProcessor(
                    IdempotencyErrorHandlers.afterRollbackProcessor(recoverer, SeekUtils.DEFAULT_BACK_OFF, chosen));
        }
    }

    private static void check(MessagingSettings settings, ConsumerFactory<?, ?> factory) {
        IdempotencyErrorHandlers.checkPauses(settings, factory.getConfigurationProperties());
    }

    @Override
    public void stop() {
        running = false;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return Integer.MIN_VALUE;
    }
}
