package io.idempotent.spring.messaging.jms;

import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import io.idempotent.spring.messaging.MessageKeys;
import io.idempotent.spring.messaging.MessagingApplication;
import jakarta.jms.ConnectionFactory;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.jms.autoconfigure.JmsAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jms.core.JmsTemplate;

/** An application with listeners of one queue, as Spring Boot configures it. Its pauses are short. */
final class JmsApplication extends MessagingApplication<JmsApplication> {

    private final String queue = "q-" + UUID.randomUUID();
    private final JmsTemplate template = new JmsTemplate(ArtemisBroker.connections());

    JmsApplication() {
        super(Application.class);
        ArtemisBroker.create(queue);
        template.setReceiveTimeout(10_000);
        with(
                "queue=" + queue,
                "spring.jms.listener.min-concurrency=2",
                "spring.jms.listener.max-concurrency=2",
                "spring.jms.listener.receive-timeout=200ms");
    }

    String queue() {
        return queue;
    }

    void send(String body, @Nullable String key) {
        template.convertAndSend(queue, (Object) body, message -> {
            if (key != null) {
                message.setStringProperty(MessageKeys.PROPERTY, key);
            }
            message.setIntProperty("amount", 5);
            return message;
        });
    }

    /** Whether each message of the queue is consumed. */
    boolean isDone() {
        return ArtemisBroker.count(queue) == 0;
    }

    long givenUp() {
        return ArtemisBroker.givenUp(queue);
    }

    Message receive(String from) throws JMSException {
        Message message = template.receive(from);
        if (message == null) {
            throw new IllegalStateException("Nothing came to " + from);
        }
        return message;
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({IdempotencyAutoConfiguration.class, JmsAutoConfiguration.class})
    static class Application {

        @Bean
        ConnectionFactory connectionFactory() {
            return ArtemisBroker.connections();
        }
    }
}
