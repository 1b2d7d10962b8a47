package io.idempotent.spring.messaging;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message of spring-messaging. Its own id and timestamp are new with each delivery; what the broker's library puts
 * into its headers is not.
 *
 * @param headers the message's
 */
record SpringMessage(Map<String, Object> headers) implements ReceivedMessage {

    // As KafkaHeaders, AmqpHeaders and JmsHeaders name them; none of these libraries need be there.
    private static final List<String> IDS = List.of("amqp_messageId", "jms_messageId");
    private static final List<String> PLACE =
            List.of("kafka_receivedTopic", "kafka_receivedPartitionId", "kafka_offset");

    @Override
    public @Nullable Object header(String name) {
        return headers.get(name);
    }

    @Override
    public @Nullable String id() {
        return IDS.stream()
                .map(headers::get)
                .filter(String.class::isInstance)
                .map(String.class::cast)
                .findFirst()
                .orElse(null);
    }

    @Override
    public @Nullable List<String> delivery() {
        return headers.keySet().containsAll(PLACE)
                ? PLACE.stream().map(name -> String.valueOf(headers.get(name))).toList()
                : null;
    }
}
