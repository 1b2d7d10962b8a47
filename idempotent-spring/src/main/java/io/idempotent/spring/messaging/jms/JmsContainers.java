package io.idempotent.spring.messaging.jms;

import io.idempotent.spring.settings.MessagingSettings;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.springframework.context.SmartLifecycle;
import org.springframework.jms.config.JmsListenerEndpointRegistry;
import org.springframework.jms.listener.AbstractMessageListenerContainer;

/** Configures the containers of listener methods before any of them starts. */
final class JmsContainers implements SmartLifecycle {

    private final Supplier<Stream<JmsListenerEndpointRegistry>> registries;

    private final Supplier<MessagingSettings> settings;

    private volatile boolean running;

    JmsContainers(Supplier<Stream<JmsListenerEndpointRegistry>> registries, Supplier<MessagingSettings> settings) {
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
