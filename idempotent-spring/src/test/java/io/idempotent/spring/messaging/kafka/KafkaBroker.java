package io.idempotent.spring.messaging.kafka;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.kafka.test.EmbeddedKafkaKraftBroker;

/** A real Kafka in this JVM, and what tests send to it and read of it. */
final class KafkaBroker {

    private static final AtomicInteger TOPICS = new AtomicInteger();

    private static final class Shared {
        private static final KafkaBroker BROKER = new KafkaBroker();
    }

    private final EmbeddedKafkaKraftBroker broker;
    private final Admin admin;
    private final KafkaProducer<String, String> producer;

    private KafkaBroker() {
        LoggingSystem logging = LoggingSystem.get(KafkaBroker.class.getClassLoader());
        List.of("kafka", "org.apache.kafka", "state.change.logger")
                .forEach(logger -> logging.setLogLevel(logger, LogLevel.ERROR));
        // Joining a group takes its time.
        Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
        this.broker = new EmbeddedKafkaKraftBroker(1, 1);
        broker.brokerProperty("transaction.state.log.replication.factor", "1");
        broker.brokerProperty("transaction.state.log.min.isr", "1");
        broker.brokerProperty("group.initial.rebalance.delay.ms", "0");
        broker.afterPropertiesSet();
        this.admin = Admin.create(Map.of("bootstrap.servers", servers()));
        this.producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", servers()), new StringSerializer(), new StringSerializer());
        Runtime.getRuntime().addShutdownHook(new Thread(broker::destroy));
    }

    /** The one of this JVM. */
    static KafkaBroker shared() {
        return Shared.BROKER;
    }

    String servers() {
        return broker.getBrokersAsString();
    }

    /** Makes a topic that no other test has, and one for its dead letters. */
    String topic(int partitions) {
        String name = "topic-" + TOPICS.incrementAndGet();
        try {
            admin.createTopics(List.of(
                            new NewTopic(name, partitions, (short) 1),
                            new NewTopic(name + "-dlt", partitions, (short) 1)))
                    .all()
                    .get();
        } catch (InterruptedException | ExecutionException failure) {
            throw new IllegalStateException(failure);
        }
        return name;
    }

    void send(String topic, int partition, String key, String value, String idempotencyKey) {
        ProducerRecord<String, String> sent = new ProducerRecord<>(topic, partition, key, value);
        if (idempotencyKey != null) {
            sent.headers().add("Idempotency-Key", idempotencyKey.getBytes(StandardCharsets.UTF_8));
        }
        send(sent);
    }

    void send(ProducerRecord<String, String> sent) {
        try {
            producer.send(sent).get();
        } catch (InterruptedException | ExecutionException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** How many records of a topic a group has not yet acknowledged. */
    long lag(String group, String topic, int partitions) {
        try {
            long lag = 0;
            var committed = admin.listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata()
                    .get();
            for (int partition = 0; partition < partitions; partition++) {
                TopicPartition place = new TopicPartition(topic, partition);
                long end = admin.listOffsets(Map.of(place, OffsetSpec.latest()))
                        .partitionResult(place)
                        .get()
                        .offset();
                var done = committed.get(place);
                lag += end - (done == null ? 0 : done.offset());
            }
            return lag;
        } catch (InterruptedException | ExecutionException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** What is in a topic now. */
    List<ConsumerRecord<String, String>> read(String topic, int partitions) {
        return read(topic, partitions, "read_uncommitted");
    }

    /** What is in a topic now, and no part of a transaction that did not commit. */
    List<ConsumerRecord<String, String>> readCommitted(String topic, int partitions) {
        return read(topic, partitions, "read_committed");
    }

    private List<ConsumerRecord<String, String>> read(String topic, int partitions, String isolation) {
        List<ConsumerRecord<String, String>> read = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", servers(), "isolation.level", isolation),
                new StringDeserializer(),
                new StringDeserializer())) {
            List<TopicPartition> places = new ArrayList<>();
            for (int partition = 0; partition < partitions; partition++) {
                places.add(new TopicPartition(topic, partition));
            }
            consumer.assign(places);
            consumer.seekToBeginning(places);
            Map<TopicPartition, Long> ends = consumer.endOffsets(places);
            while (places.stream().anyMatch(place -> consumer.position(place) < ends.get(place))) {
                consumer.poll(Duration.ofMillis(100)).forEach(read::add);
            }
        }
        return read;
    }
}
