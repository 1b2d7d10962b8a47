package io.idempotent.sample;

import static io.idempotent.sample.SampleClient.evaluation;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.KafkaOperations;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ActiveProfiles;

/** Evaluations and alerts over topics. The broker ends with these tests. */
@ActiveProfiles("kafka")
@DirtiesContext
class KafkaProfileAcceptanceTest extends ProfileAcceptanceContract {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final String NOON = "2026-11-30T12:00:00Z";

    private static final String KEY = "Idempotency-Key";

    private final String rule = UUID.randomUUID().toString();

    @Autowired
    private ConsumerFactory<String, String> consumers;

    @Autowired
    private KafkaOperations<String, String> kafka;

    private SampleClient client;

    @BeforeEach
    void connect(@LocalServerPort int port) {
        client = new SampleClient(port);
    }

    @Test
    void threeDeliveriesOverTheTopicAreOneRecordThatBearsAKey() {
        client.deliver(evaluation(rule, NOON, "97.3"));
        awaitCount(rule, 3, 1);

        assertThat(recordsOf("rule-evaluations")).hasSize(3);
        assertThat(recordsOf("alerts")).singleElement().satisfies(alert -> {
            assertThat(alert.value())
                    .isEqualTo("{\"ruleId\":\"%s\",\"evaluatedAt\":\"%s\",\"value\":97.3}".formatted(rule, NOON));
            assertThat(key(alert)).isNotBlank();
        });
    }

    @Test
    void anAlertThatIsSentAgainPagesNobody() {
        client.deliver(evaluation(rule, NOON, "97.3"));
        awaitCount(rule, 3, 1);
        ConsumerRecord<String, String> alert = recordsOf("alerts").get(0);

        // As by an attempt that died after it had sent the alert, and before that was recorded.
        kafka.send(new ProducerRecord<>(alert.topic(), null, alert.key(), alert.value(), alert.headers()))
                .join();

        // The topic has one partition, so what is sent after it arrives after it.
        String later = rule + "-later";
        client.deliver(evaluation(later, NOON, "97.3"));
        awaitCount(later, 3, 1);
        assertThat(recordsOf("alerts")).hasSize(2);
        awaitCount(rule, 3, 1);
    }

    @Test
    void anotherValueForTheSameTimeGoesToTheDeadLetters() {
        client.deliver(evaluation(rule, NOON, "97.3"));
        awaitCount(rule, 3, 1);
        client.deliver(evaluation(rule, NOON, "98.3"));

        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(recordsOf("rule-evaluations-dlt"))
                        .extracting(ConsumerRecord::value)
                        .hasSize(3)
                        .allMatch(value -> value.contains("98.3")));
        awaitCount(rule, 6, 1);
        assertThat(recordsOf("alerts")).hasSize(1);
    }

    private void awaitCount(String ruleId, int deliveries, int pages) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(client.alerts(ruleId))
                        .extracting(
                                alert -> alert.get("deliveries").asInt(),
                                alert -> alert.get("pages").asInt())
                        .containsExactly(tuple(deliveries, pages)));
    }

    /** The records of a topic that are about this test's rule. */
    private List<ConsumerRecord<String, String>> recordsOf(String topic) {
        TopicPartition partition = new TopicPartition(topic, 0);
        try (Consumer<String, String> consumer = consumers.createConsumer("reader", null)) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            List<ConsumerRecord<String, String>> records = new ArrayList<>();
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
            return records.stream().filter(found -> rule.equals(found.key())).toList();
        }
    }

    private static String key(ConsumerRecord<String, String> found) {
        return new String(found.headers().lastHeader(KEY).value(), StandardCharsets.UTF_8);
    }
}
