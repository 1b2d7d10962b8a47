package io.idempotent.spring.messaging.amqp;

import io.idempotent.spring.messaging.BatchListeners;
import io.idempotent.spring.messaging.ListenerKind;
import io.idempotent.spring.messaging.ReceivedMessage;
import java.lang.reflect.Method;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.rabbit.annotation.RabbitHandler;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.core.annotation.MergedAnnotations;

/** Listeners of AMQP. A quorum queue counts the deliveries of a message, and gives up after so many. */
final class RabbitListeners implements ListenerKind {

    static final String FAILED_IN_BATCH = "catch there what it throws: a failure gives back or rejects the whole batch";

    @Override
    public boolean isListener(MergedAnnotations annotations) {
        return annotations.isPresent(RabbitListener.class) || annotations.isPresent(RabbitHandler.class);
    }

    @Override
    public void check(Method method, MergedAnnotations annotations, String described) {
        BatchListeners.refuse(
                method,
                annotations
                        .get(RabbitListener.class)
                        .getValue("batch", String.class)
                        .map(Boolean::parseBoolean)
                        .orElse(false),
                Message.class,
                described,
                FAILED_IN_BATCH);
    }

    @Override
    public @Nullable ReceivedMessage read(Object message) {
        return message instanceof Message found ? new Received(found.getMessageProperties()) : null;
    }

    private record Received(MessageProperties properties) implements ReceivedMessage {

        @Override
        public @Nullable Object header(String name) {
            return properties.getHeader(name);
        }

        @Override
        public @Nullable String id() {
            return properties.getMessageId();
        }

        @Override
        public @Nullable List<String> delivery() {
            return null;
        }
    }
}
