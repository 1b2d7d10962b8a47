package io.idempotent.spring.messaging.amqp;

import io.idempotent.spring.messaging.ContainerMethods;
import org.springframework.amqp.rabbit.annotation.RabbitHandler;
import org.springframework.amqp.rabbit.annotation.RabbitListenerConfigurer;
import org.springframework.amqp.rabbit.config.RabbitListenerConfigUtils;
import org.springframework.amqp.rabbit.listener.MethodRabbitListenerEndpoint;
import org.springframework.amqp.rabbit.listener.RabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpoint;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistrar;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.beans.factory.BeanFactory;

/**
 * Notes what the containers of listener methods call, on their way to the registry.
 *
 * @param beanFactory has the registry
 * @param methods gets what they call
 */
record RabbitEndpoints(BeanFactory beanFactory, ContainerMethods methods) implements RabbitListenerConfigurer {

    @Override
    public void configureRabbitListeners(RabbitListenerEndpointRegistrar registrar) {
        RabbitListenerEndpointRegistry registry = registrar.getEndpointRegistry();
        registrar.setEndpointRegistry(new Noting(
                registry != null
                        ? registry
                        : beanFactory.getBean(
                                RabbitListenerConfigUtils.RABBIT_LISTENER_ENDPOINT_REGISTRY_BEAN_NAME,
                                RabbitListenerEndpointRegistry.class),
                methods));
    }

    /** What listener methods are registered with in place of the registry, which it hands them on to. */
    private static final class Noting extends RabbitListenerEndpointRegistry {

        private final RabbitListenerEndpointRegistry registry;
        private final ContainerMethods methods;

        Noting(RabbitListenerEndpointRegistry registry, ContainerMethods methods) {
            this.registry = registry;
            this.methods = methods;
        }

        @Override
        public void registerListenerContainer(
                RabbitListenerEndpoint endpoint, RabbitListenerContainerFactory<?> factory, boolean startImmediately) {
            registry.registerListenerContainer(endpoint, factory, startImmediately);
            if (endpoint instanceof MethodRabbitListenerEndpoint ofMethod && endpoint.getId() != null) {
                methods.add(
                        registry.getListenerContainer(endpoint.getId()),
                        ofMethod.getBean(),
                        ofMethod.getMethod(),
                        RabbitHandler.class);
            }
        }
    }
}
