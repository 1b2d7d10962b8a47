package io.idempotent.spring.messaging.kafka;

import io.idempotent.spring.messaging.ContainerMethods;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.kafka.annotation.KafkaHandler;
import org.springframework.kafka.annotation.KafkaListenerConfigurer;
import org.springframework.kafka.config.AbstractKafkaListenerContainerFactory;
import org.springframework.kafka.config.KafkaListenerConfigUtils;
import org.springframework.kafka.config.KafkaListenerContainerFactory;
import org.springframework.kafka.config.KafkaListenerEndpoint;
import org.springframework.kafka.config.KafkaListenerEndpointRegistrar;
import org.springframework.kafka.config.KafkaListenerEndpointRegistry;
import org.springframework.kafka.config.MethodKafkaListenerEndpoint;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.listener.MessageListenerContainer;

/** Notes what the containers of listener methods are made of, on their way to the registry. */
final class KafkaEndpoints implements KafkaListenerConfigurer {

    private final BeanFactory beanFactory;
    private final ContainerMethods methods = new ContainerMethods();
    private final Map<MessageListenerContainer, ConsumerFactory<?, ?>> consumers =
            Collections.synchronizedMap(new WeakHashMap<>());

    KafkaEndpoints(BeanFactory beanFactory) {
        this.beanFactory = beanFactory;
    }

    /** The methods that containers call. */
    ContainerMethods methods() {
        return methods;
    }

    /** What the consumers of a container are configured with, but for the container's own properties. */
    Map<String, Object> configuration(MessageListenerContainer container) {
        ConsumerFactory<?, ?> factory = consumers.get(container);
        return factory == null ? Map.of() : factory.getConfigurationProperties();
    }

    @Override
    public void configureKafkaListeners(KafkaListenerEndpointRegistrar registrar) {
        KafkaListenerEndpointRegistry registry = registrar.getEndpointRegistry();
        registrar.setEndpointRegistry(new Noting(
                registry != null
                        ? registry
                        : beanFactory.getBean(
                                KafkaListenerConfigUtils.KAFKA_LISTENER_ENDPOINT_REGISTRY_BEAN_NAME,
                                KafkaListenerEndpointRegistry.class)));
    }

    private void note(
            @Nullable MessageListenerContainer container,
            KafkaListenerEndpoint endpoint,
            KafkaListenerContainerFactory<?> factory) {
        if (endpoint instanceof MethodKafkaListenerEndpoint<?, ?> ofMethod) {
            methods.add(container, ofMethod.getBean(), ofMethod.getMethod(), KafkaHandler.class);
        }
        if (container != null
                && factory instanceof AbstractKafkaListenerContainerFactory<?, ?, ?> known
                && known.getConsumerFactory() != null) {
            consumers.put(container, known.getConsumerFactory());
        }
    }

    /** What listener methods are registered with in place of the registry, which it hands them on to. */
    private final class Noting extends KafkaListenerEndpointRegistry {

        private final KafkaListenerEndpointRegistry registry;

        Noting(KafkaListenerEndpointRegistry registry) {
            this.registry = registry;
        }

        @Override
        public void registerListenerContainer(
                KafkaListenerEndpoint endpoint, KafkaListenerContainerFactory<?> factory, boolean startImmediately) {
            registry.registerListenerContainer(endpoint, factory, startImmediately);
            if (endpoint.getId() != null) {
                note(registry.getListenerContainer(endpoint.getId()), endpoint, factory);
            }
        }
    }
}
