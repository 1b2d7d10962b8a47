package io.idempotent.sample.profile;

import java.util.List;
import org.apache.kafka.common.utils.Exit;
import org.springframework.boot.kafka.autoconfigure.KafkaConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.kafka.test.EmbeddedKafkaBroker;
import org.springframework.kafka.test.EmbeddedKafkaKraftBroker;

/**
 * Starts a Kafka in this JVM, which is stopped when nothing uses the connections to it any more. Its data is in a
 * temporary folder and gone then. A process that is killed leaves that folder, since Spring's broker chooses it anew
 * with each start.
 */
@Configuration(proxyBeanMethods = false)
@Profile("kafka")
class KafkaConfiguration {

    @Bean
    static EmbeddedKafkaBroker kafkaBroker() {
        // It deletes its folder when it is closed. The hook would, too, while it still writes.
        Exit.setShutdownHookAdder((name, hook) -> {});
        return new EmbeddedKafkaKraftBroker(1, 1).brokerProperty("group.initial.rebalance.delay.ms", "0");
    }

    @Bean
    static KafkaConnectionDetails kafkaConnectionDetails(EmbeddedKafkaBroker broker) {
        return () -> List.of(broker.getBrokersAsString());
    }
}
