package io.idempotent.spring.messaging.jms;

import io.idempotent.spring.messaging.ContainerMethods;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.jms.annotation.JmsListener;
import org.springframework.jms.annotation.JmsListenerConfigurer;
import org.springframework.jms.config.JmsListenerConfigUtils;
import org.springframework.jms.config.JmsListenerContainerFactory;
import org.springframework.jms.config.JmsListenerEndpoint;
import org.springframework.jms.config.JmsListenerEndpointRegistrar;
import org.springframework.jms.config.JmsListenerEndpointRegistry;
import org.springframework.jms.config.MethodJmsListenerEndpoint;

/**
 * Notes what the containers of listener methods call, on their way to the registry.
 *
 * @param beanFactory has the registry
 * @param methods gets what they call
 */
record JmsEndpoints(BeanFactory beanFactory, ContainerMethods methods) implements JmsListenerConfigurer {

    @Override
    public void configureJmsListeners(JmsListenerEndpointRegistrar registrar) {
        JmsListenerEndpointRegistry registry = registrar.getEndpointRegistry();
        registrar.setEndpointRegistry(new Noting(
                registry != null
                        ? registry
                        : beanFactory.getBean(
                                JmsListenerConfigUtils.JMS_LISTENER_ENDPOINT_REGISTRY_BEAN_NAME,
                                JmsListenerEndpointRegistry.class),
                methods));
    }

    /** What listener methods are registered with in place of the registry, which it hands them on to. */
    private static final class Noting extends JmsListenerEndpointRegistry {

        private final JmsListenerEndpointRegistry registry;
        private final ContainerMethods methods;

        Noting(JmsListenerEndpointRegistry registry, ContainerMethods methods) {
            this.registry = registry;
            this.methods = methods;
        }

        @Override
        public void registerListenerContainer(
                JmsListenerEndpoint endpoint, JmsListenerContainerFactory<?> factory, boolean startImmediately) {
            registry.registerListenerContainer(endpoint, factory, startImmediately);
            if (endpoint instanceof MethodJmsListenerEndpoint ofMethod) {
                methods.add(
                        registry.getListenerContainer(endpoint.getId()),
                        ofMethod.getBean(),
                        ofMethod.getMethod(),
                        JmsListener.class);
            }
        }
    }
}
