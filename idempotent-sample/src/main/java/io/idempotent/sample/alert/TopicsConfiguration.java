package io.idempotent.sample.alert;

import java.util.stream.Stream;
import org.apache.kafka.clients.admin.NewTopic;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.kafka.core.KafkaAdmin.NewTopics;
import org.springframework.kafka.core.KafkaOperations;
import org.springframework.kafka.support.KafkaHeaders;
import org.springframework.kafka.support.converter.RecordMessageConverter;
import org.springframework.kafka.support.converter.StringJacksonJsonMessageConverter;
import org.springframework.messaging.support.MessageBuilder;

/** Sends evaluations and alerts to topics of Kafka, as JSON. {@link TopicListeners} get them. */
@Configuration(proxyBeanMethods = false)
@Profile("kafka")
class TopicsConfiguration {

    static final String EVALUATIONS = "rule-evaluations";

    static final String ALERTS = "alerts";

    @Bean
    static EvaluationSender evaluationSender(KafkaOperations<?, ?> kafka) {
        return evaluation -> send(kafka, EVALUATIONS, evaluation.ruleId(), evaluation);
    }

    /** The library gives the record that it sends an {@code Idempotency-Key}, derived from that of the execution. */
    @Bean
    static AlertSender alertSender(KafkaOperations<?, ?> kafka) {
        return alert -> send(kafka, ALERTS, alert.ruleId(), alert);
    }

    @Bean
    static RecordMessageConverter jsonMessageConverter() {
        return new StringJacksonJsonMessageConverter();
    }

    /** The topics, and those of the records that are refused. */
    @Bean
    static NewTopics topics() {
        return new NewTopics(Stream.of(EVALUATIONS, ALERTS, EVALUATIONS + "-dlt", ALERTS + "-dlt")
                .map(name -> TopicBuilder.name(name).partitions(1).replicas(1).build())
                .toArray(NewTopic[]::new));
    }

    private static void send(KafkaOperations<?, ?> kafka, String topic, String key, Object content) {
        kafka.send(MessageBuilder.withPayload(content)
                        .setHeader(KafkaHeaders.TOPIC, topic)
                        .setHeader(KafkaHeaders.KEY, key)
                        .build())
                .join();
    }
}
