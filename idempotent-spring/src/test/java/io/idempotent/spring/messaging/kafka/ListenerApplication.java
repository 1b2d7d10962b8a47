package io.idempotent.spring.messaging.kafka;

import static org.awaitility.Awaitility.await;

import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import io.idempotent.spring.autoconfigure.KafkaMessagingAutoConfiguration;
import io.idempotent.spring.messaging.MessagingApplication;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.kafka.autoconfigure.KafkaAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.config.KafkaListenerEndpointRegistry;
import org.springframework.kafka.listener.ConcurrentMessageListenerContainer;
import org.springframework.kafka.listener.RecordInterceptor;

/** An application with listeners of one topic, as Spring Boot configures it. Its pauses are short. */
final class ListenerApplication extends MessagingApplication<ListenerApplication> {

    private static final KafkaBroker KAFKA = KafkaBroker.shared();

    private final String topic;
    private final int partitions;
    private final boolean alone;

    /** The only application that listens to its topic, with a consumer for each partition. */
    ListenerApplication(int partitions) {
        this(KAFKA.topic(partitions), partitions, true);
    }

    /** One of several applications that share a topic's partitions. */
    ListenerApplication(String topic, int partitions) {
        this(topic, partitions, false);
    }

    private ListenerApplication(String topic, int partitions, boolean alone) {
        super(Application.class);
        this.alone = alone;
        this.partitions = partitions;
        this.topic = topic;
        with(
                "topic=" + topic,
                "spring.kafka.bootstrap-servers=" + KAFKA.servers(),
                "spring.kafka.consumer.group-id=" + topic,
                "spring.kafka.consumer.auto-offset-reset=earliest",
                // By its heartbeat a consumer learns that another one joins.
                "spring.kafka.consumer.heartbeat-interval=100ms",
                "spring.kafka.consumer.fetch-max-wait=50ms",
                "spring.kafka.listener.concurrency=" + partitions);
    }

    @Override
    public <T> T start(Class<T> listener) {
        T started = super.start(listener);
        if (alone) {
            awaitOnePartitionEach();
        }
        return started;
    }

    /** A consumer that stands still would keep the others from getting theirs, and one that fails count anew. */
    private void awaitOnePartitionEach() {
        await().until(() -> bean(KafkaListenerEndpointRegistry.class).getListenerContainers().stream()
                .filter(container ->
                        List.of(container.getContainerProperties().getTopics()).contains(topic))
                .flatMap(container -> ((ConcurrentMessageListenerContainer<?, ?>) container).getContainers().stream())
                .allMatch(consumer -> consumer.getAssignedPartitions().size() == 1));
    }

    String topic() {
        return topic;
    }

    /** How many deliveries there were, redeliveries included. */
    int deliveries() {
        return bean(Deliveries.class).count.get();
    }

    /** Waits until each record of the topic is acknowledged. */
    void awaitDone() {
        await().atMost(Duration.ofSeconds(60)).until(() -> KAFKA.lag(topic, topic, partitions) == 0);
    }

    List<ConsumerRecord<String, String>> deadLetters() {
        return KAFKA.read(topic + "-dlt", partitions);
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        IdempotencyAutoConfiguration.class,
        KafkaMessagingAutoConfiguration.class,
        KafkaAutoConfiguration.class
    })
    static class Application {

        @Bean
        Deliveries deliveries() {
            return new Deliveries();
        }
    }

    static final class Deliveries implements RecordInterceptor<Object, Object> {

        private final AtomicInteger count = new AtomicInteger();

        @Override
        public ConsumerRecord<Object, Object> intercept(
                ConsumerRecord<Object, Object> delivered, Consumer<Object, Object> consumer) {
            count.incrementAndGet();
            return delivered;
        }
    }
}
