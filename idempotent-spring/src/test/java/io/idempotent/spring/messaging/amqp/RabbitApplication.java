package io.idempotent.spring.messaging.amqp;

import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import io.idempotent.spring.autoconfigure.RabbitMessagingAutoConfiguration;
import io.idempotent.spring.messaging.MessageKeys;
import io.idempotent.spring.messaging.MessagingApplication;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessagePostProcessor;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.config.ContainerCustomizer;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.ListenerContainerConsumerFailedEvent;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * An application with listeners of one queue, as Spring Boot configures it, and a queue for its dead letters. Its
 * pauses are short.
 */
final class RabbitApplication extends MessagingApplication<RabbitApplication> {

    private final String queue = "q-" + UUID.randomUUID();
    private final CachingConnectionFactory connections;
    private final RabbitTemplate template;
    private final RabbitAdmin admin;

    private @Nullable Observed observed;

    RabbitApplication(AmqpBroker broker) {
        super(Application.class);
        connections = new CachingConnectionFactory("localhost", broker.port());
        template = new RabbitTemplate(connections);
        admin = new RabbitAdmin(connections);
        admin.declareQueue(new Queue(deadLetterQueue()));
        admin.declareQueue(QueueBuilder.durable(queue)
                .withArguments(broker.deadLettersTo(deadLetterQueue()))
                .build());
        with(broker.properties().toArray(String[]::new));
        with(
                "queue=" + queue,
                "spring.rabbitmq.listener.simple.concurrency=2",
                "spring.rabbitmq.listener.simple.prefetch=1",
                "spring.rabbitmq.listener.direct.consumers-per-queue=2",
                "spring.rabbitmq.listener.direct.prefetch=1");
    }

    @Override
    public <T> T start(Class<T> listener) {
        T started = super.start(listener);
        observed = bean(Observed.class);
        return started;
    }

    RabbitTemplate template() {
        return template;
    }

    String queue() {
        return queue;
    }

    String declare(Queue further) {
        return admin.declareQueue(further);
    }

    void send(String body, @Nullable String key) {
        send(body, key, message -> message);
    }

    void send(String body, @Nullable String key, MessagePostProcessor further) {
        template.convertAndSend(queue, (Object) body, message -> {
            if (key != null) {
                message.getMessageProperties().setHeader(MessageKeys.HEADER, key);
            }
            return further.postProcessMessage(message);
        });
    }

    /** How many deliveries there were, redeliveries included. */
    int deliveries() {
        return observed.deliveries.get();
    }

    /** How many consumers failed, since their channels were closed for example. */
    int failedConsumers() {
        return observed.failures.get();
    }

    /** Closes the application, and tells how many messages it left in the queue. What is not acknowledged is there. */
    int left() {
        close();
        return Stream.generate(() -> template.receive(queue))
                .takeWhile(message -> message != null)
                .toList()
                .size();
    }

    /** Whether all that was sent is delivered, and no delivery is under way. */
    boolean isDrained() {
        return admin.getQueueInfo(queue).getMessageCount() == 0;
    }

    /** Takes what is there. */
    List<String> deadLetters() {
        return Stream.generate(() -> template.receive(deadLetterQueue()))
                .takeWhile(message -> message != null)
                .map(message -> new String(message.getBody(), StandardCharsets.UTF_8))
                .toList();
    }

    /** Closes it, and removes its queues. */
    void remove() {
        close();
        admin.deleteQueue(queue);
        admin.deleteQueue(deadLetterQueue());
        connections.destroy();
    }

    private String deadLetterQueue() {
        return queue + "-dead";
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        IdempotencyAutoConfiguration.class,
        RabbitMessagingAutoConfiguration.class,
        RabbitAutoConfiguration.class
    })
    static class Application {

        @Bean
        Observed observed() {
            return new Observed();
        }

        @Bean
        ContainerCustomizer<SimpleMessageListenerContainer> simpleContainers(Observed observed) {
            return container -> container.addAfterReceivePostProcessors(observed);
        }

        @Bean
        ContainerCustomizer<DirectMessageListenerContainer> directContainers(Observed observed) {
            return container -> container.addAfterReceivePostProcessors(observed);
        }
    }

    /** What the containers do. */
    static final class Observed
            implements MessagePostProcessor, ApplicationListener<ListenerContainerConsumerFailedEvent> {

        private final AtomicInteger deliveries = new AtomicInteger();
        private final AtomicInteger failures = new AtomicInteger();

        @Override
        public Message postProcessMessage(Message message) {
            deliveries.incrementAndGet();
            return message;
        }

        @Override
        public void onApplicationEvent(ListenerContainerConsumerFailedEvent event) {
            failures.incrementAndGet();
        }
    }
}
