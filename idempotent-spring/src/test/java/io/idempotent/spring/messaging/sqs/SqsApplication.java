package io.idempotent.spring.messaging.sqs;

import io.awspring.cloud.sqs.config.SqsBootstrapConfiguration;
import io.awspring.cloud.sqs.config.SqsMessageListenerContainerFactory;
import io.awspring.cloud.sqs.listener.SqsHeaders.MessageSystemAttributes;
import io.awspring.cloud.sqs.listener.errorhandler.AsyncErrorHandler;
import io.awspring.cloud.sqs.listener.interceptor.AsyncMessageInterceptor;
import io.awspring.cloud.sqs.operations.SqsTemplate;
import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import io.idempotent.spring.messaging.MessageKeys;
import io.idempotent.spring.messaging.MessagingApplication;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.messaging.Message;
import org.springframework.messaging.support.MessageBuilder;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/**
 * An application with listeners of one queue, with the beans that Spring Cloud AWS has by itself. Its pauses are as
 * short as SQS allows.
 */
final class SqsApplication extends MessagingApplication<SqsApplication> {

    private final SqsTemplate template = SqsTemplate.newTemplate(ElasticMq.CLIENT);
    private final String queue;
    private final String dead;
    private final String givenUp;

    /** An application whose queue gives messages up after so many deliveries. */
    SqsApplication(int deliveries) {
        this(deliveries, "");
    }

    /** The same with another kind of queues, which the end of their names tells. */
    SqsApplication(int deliveries, String suffix) {
        super(Application.class);
        String name = "q-" + UUID.randomUUID();
        queue = name + suffix;
        dead = name + "-dead" + suffix;
        givenUp = name + "-given-up" + suffix;
        ElasticMq.create(givenUp, Map.of());
        ElasticMq.create(queue, ElasticMq.redrive(givenUp, deliveries));
        with("queue=" + queue);
    }

    /** With a queue for what no redelivery helps. */
    SqsApplication withDeadLetters() {
        ElasticMq.create(dead, Map.of());
        return with("idempotent.messaging.sqs-dead-letter-queue=" + dead);
    }

    String queue() {
        return queue;
    }

    String dead() {
        return dead;
    }

    void send(String body, @Nullable String key) {
        template.send(queue, message(body, key));
    }

    /** Sends messages, ten of which SQS takes at once. */
    void sendAll(List<Message<String>> messages) {
        for (int from = 0; from < messages.size(); from += 10) {
            template.sendMany(queue, messages.subList(from, Math.min(from + 10, messages.size())));
        }
    }

    Message<String> message(String body, @Nullable String key) {
        MessageBuilder<String> message = MessageBuilder.withPayload(body).setHeader("amount", 5);
        if (key != null) {
            message.setHeader(MessageKeys.HEADER, key);
        }
        if (queue.endsWith(".fifo")) {
            message.setHeader(MessageSystemAttributes.SQS_MESSAGE_GROUP_ID_HEADER, "group");
        }
        return message.build();
    }

    /** Whether each message of the queue is acknowledged. */
    boolean isDone() {
        return ElasticMq.count(queue) == 0;
    }

    /** How many messages went where the queue's redrive policy sends them. */
    int givenUp() {
        return ElasticMq.count(givenUp);
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration(IdempotencyAutoConfiguration.class)
    @Import(SqsBootstrapConfiguration.class)
    static class Application {

        @Bean(destroyMethod = "")
        SqsAsyncClient sqsAsyncClient() {
            return ElasticMq.CLIENT;
        }

        @Bean
        SqsMessageListenerContainerFactory<Object> defaultSqsListenerContainerFactory(
                SqsAsyncClient client,
                ObjectProvider<AsyncErrorHandler<Object>> errorHandlers,
                ObjectProvider<AsyncMessageInterceptor<Object>> interceptors) {
            SqsMessageListenerContainerFactory<Object> factory = new SqsMessageListenerContainerFactory<>();
            factory.setSqsAsyncClient(client);
            errorHandlers.ifAvailable(factory::setErrorHandler);
            interceptors.forEach(factory::addMessageInterceptor);
            factory.configure(options -> options.pollTimeout(Duration.ofSeconds(1))
                    // A container with a busy listener polls no earlier.
                    .maxDelayBetweenPolls(Duration.ofMillis(100)));
            return factory;
        }
    }
}
