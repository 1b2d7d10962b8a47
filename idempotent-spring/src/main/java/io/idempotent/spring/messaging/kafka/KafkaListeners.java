package io.idempotent.spring.messaging.kafka;

import io.idempotent.spring.messaging.Acknowledging;
import io.idempotent.spring.messaging.BatchListeners;
import io.idempotent.spring.messaging.ListenerKind;
import io.idempotent.spring.messaging.ReceivedMessage;
import java.lang.reflect.Method;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.kafka.annotation.KafkaHandler;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.support.Acknowledgment;
import org.springframework.kafka.support.KafkaHeaders;
import org.springframework.messaging.Message;

/** Listeners of Kafka. A container seeks back to a record that it is to deliver again, and no broker counts that. */
final class KafkaListeners implements ListenerKind {

    static final String FAILED_IN_BATCH = "throw a BatchListenerFailedException with the record that failed";

    @Override
    public boolean isListener(MergedAnnotations annotations) {
        return annotations.isPresent(KafkaListener.class) || annotations.isPresent(KafkaHandler.class);
    }

    @Override
    public void check(Method method, MergedAnnotations annotations, String described) {
        BatchListeners.refuse(
                method,
                Boolean.parseBoolean(annotations
                        .get(KafkaListener.class)
                        .getValue("batch", String.class)
                        .orElse("")),
                ConsumerRecord.class,
                described,
                FAILED_IN_BATCH);
    }

    @Override
    public @Nullable Acknowledging acknowledging(Method method, MergedAnnotations annotations) {
        for (int index = 0; index < method.getParameterCount(); index++) {
            Class<?> type = method.getParameterTypes()[index];
            if (Acknowledgment.class.isAssignableFrom(type) || Message.class.isAssignableFrom(type)) {
                int position = index;
                return arguments -> acknowledge(arguments[position]);
            }
        }
        return null;
    }

    /** Only a container in one of the manual modes gives what there is to acknowledge. */
    private static void acknowledge(@Nullable Object argument) {
        Object found = argument instanceof Message<?> message
                ? message.getHeaders().get(KafkaHeaders.ACKNOWLEDGMENT)
                : argument;
        if (found instanceof Acknowledgment acknowledgment) {
            acknowledgment.acknowledge();
        }
    }

    @Override
    public boolean bindsCalls() {
        return false;
    }

    @Override
    public boolean countsRedeliveries() {
        return false;
    }

    @Override
    public @Nullable ReceivedMessage read(Object message) {
        return message instanceof ConsumerRecord<?, ?> found ? new ReceivedRecord(found) : null;
    }

    private record ReceivedRecord(ConsumerRecord<?, ?> found) implements ReceivedMessage {

        @Override
        public byte @Nullable [] header(String name) {
            Header header = found.headers().lastHeader(name);
            return header == null ? null : header.value();
        }

        @Override
        public @Nullable String id() {
            return null;
        }

        @Override
        public List<String> delivery() {
            return List.of(found.topic(), String.valueOf(found.partition()), String.valueOf(found.offset()));
        }
    }
}
