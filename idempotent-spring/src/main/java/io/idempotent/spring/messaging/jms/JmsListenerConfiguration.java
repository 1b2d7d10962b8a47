package io.idempotent.spring.messaging.jms;

import io.idempotent.spring.messaging.ListenerKind;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;

/** Makes listeners of JMS known. {@code @EnableIdempotency} imports it where spring-jms is on the class path. */
@Configuration(proxyBeanMethods = false)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
public final class JmsListenerConfiguration {

    /** For Spring. */
    public JmsListenerConfiguration() {}

    @Bean
    static ListenerKind idempotentJmsListeners() {
        return new JmsListeners();
    }
}
