package io.idempotent.spring.messaging.jms;

import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import io.idempotent.spring.messaging.MessageKeys;
import jakarta.jms.ConnectionFactory;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.jms.autoconfigure.JmsAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jms.core.JmsTemplate;
import org.springframework.test.util.AopTestUtils;

/** An application with listeners of one queue, as Spring Boot configures it. Its pauses are short. */
final class JmsApplication implements AutoCloseable {

    private final List<Class<?>> sources = new ArrayList<>(List.of(Application.class));
    private final List<String> properties = new ArrayList<>();
    private final String queue = "q-" + UUID.randomUUID();
    private final JmsTemplate template = new JmsTemplate(ArtemisBroker.connections());

    private @Nullable ConfigurableApplicationContext context;

    JmsApplication() {
        ArtemisBroker.create(queue);
        template.setReceiveTimeout(10_000);
        with(
                "queue=" + queue,
                "spring.jms.listener.min-concurrency=2",
                "spring.jms.listener.max-concurrency=2",
                "spring.jms.listener.receive-timeout=200ms",
                "idempotent.messaging.redelivery-delay=5ms",
                "idempotent.messaging.redelivery-max-delay=20ms",
                "spring.main.banner-mode=off",
                "logging.level.root=off");
    }

    JmsApplication with(String... more) {
        properties.addAll(List.of(more));
        return this;
    }

    JmsApplication with(Class<?>... more) {
        sources.addAll(List.of(more));
        return this;
    }

    <T> T start(Class<T> listener) {
        with(listener);
        context = new SpringApplicationBuilder(sources.toArray(Class[]::new))
                .web(WebApplicationType.NONE)
                .properties(properties.toArray(String[]::new))
                .run();
        return bean(listener);
    }

    /** The bean itself, without its proxy. */
    <T> T bean(Class<T> type) {
        return AopTestUtils.getUltimateTargetObject(context.getBean(type));
    }

    ConfigurableApplicationContext context() {
        return context;
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

    @Override
    public void close() {
        if (context != null) {
            context.close();
        }
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
