package io.idempotent.spring.messaging.amqp;

import io.idempotent.spring.settings.MessagingSettings;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.context.SmartLifecycle;

/** Configures the containers of listener methods before any of them starts. */
final class RabbitContainers implements SmartLifecycle {

    private final Supplier<Stream<RabbitListenerEndpointRegistry>> registries;

    private final Supplier<MessagingSettings> settings;

    private volatile boolean running;

    RabbitContainers(
            Supplier<Stream<RabbitListenerEndpointRegistry>> registries, Supplier<MessagingSettings> settings) {
        this.registries = registries;
        this.settings = settings;
    }

    @Override
    public void start() {
        running = true;
        registries
                .get()
                .flatMap(registry -> registry.getListenerContainers().stream())
                .filter(AbstractMessageListenerContainer.class::isInstance)
                .map(AbstractMessageListenerContainer.class::cast)
                .forEach(container -> IdempotencyErrorHandlers.configure(container, settings.get()));
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
