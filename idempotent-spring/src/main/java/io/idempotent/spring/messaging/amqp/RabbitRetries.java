package io.idempotent.spring.messaging.amqp;

import org.springframework.amqp.rabbit.config.AbstractRabbitListenerContainerFactory;
import org.springframework.beans.factory.config.BeanPostProcessor;

/** Lets answers pass by the retries of all factories of containers. */
final class RabbitRetries implements BeanPostProcessor {

    @Override
    public Object postProcessAfterInitialization(Object bean, String beanName) {
        if (bean instanceof AbstractRabbitListenerContainerFactory<?> factory) {
            IdempotencyErrorHandlers.passRetries(factory);
        }
        return bean;
    }
}
