package io.idempotent.spring.messaging.jms;

import io.idempotent.spring.messaging.ListenerKind;
import io.idempotent.spring.messaging.ReceivedMessage;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import java.lang.reflect.Method;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.jms.annotation.JmsListener;
import org.springframework.jms.support.JmsUtils;

/** Listeners of JMS. Each delivery counts, and brokers give up after so many. */
final class JmsListeners implements ListenerKind {

    @Override
    public boolean isListener(MergedAnnotations annotations) {
        return annotations.isPresent(JmsListener.class);
    }

    /** JMS delivers one message at a time. */
    @Override
    public void check(Method method, MergedAnnotations annotations, String described) {}

    @Override
    public @Nullable ReceivedMessage read(Object message) {
        return message instanceof Message found ? new Received(found) : null;
    }

    private record Received(Message message) implements ReceivedMessage {

        @Override
        public @Nullable Object header(String name) {
            try {
                return message.getObjectProperty(name);
            } catch (JMSException failure) {
                throw JmsUtils.convertJmsAccessException(failure);
            }
        }

        @Override
        public @Nullable String id() {
            try {
                return message.getJMSMessageID();
            } catch (JMSException failure) {
                throw JmsUtils.convertJmsAccessException(failure);
            }
        }

        @Override
        public @Nullable List<String> delivery() {
            return null;
        }
    }
}
