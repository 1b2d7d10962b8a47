package io.idempotent.spring.messaging.jms;

import io.idempotent.IdempotencyException;
import io.idempotent.spring.messaging.ListenerAnswer;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageProducer;
import jakarta.jms.Session;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.jms.support.JmsUtils;

/**
 * Gets messages that no redelivery helps, as they came, and what happened in further properties.
 *
 * @param name the queue's
 */
record DeadLetterQueue(String name) {

    private static final String RESERVED = "JMS";

    // What a client may set although its name is reserved.
    private static final List<String> GROUP = List.of("JMSXGroupID", "JMSXGroupSeq");

    /** Sends a message, as part of the session's transaction if it has one. */
    void send(Message message, Session session, Throwable failure) throws JMSException {
        int mode = message.getJMSDeliveryMode();
        int priority = message.getJMSPriority();
        Map<String, Object> properties = properties(message, ListenerAnswer.find(failure));
        // What was received is read-only until it is cleared. The body needs no change.
        message.clearProperties();
        for (Map.Entry<String, Object> property : properties.entrySet()) {
            message.setObjectProperty(property.getKey(), property.getValue());
        }
        MessageProducer producer = session.createProducer(session.createQueue(name));
        try {
            producer.send(message, mode, priority, Message.DEFAULT_TIME_TO_LIVE);
        } finally {
            JmsUtils.closeMessageProducer(producer);
        }
    }

    private static Map<String, Object> properties(Message message, @Nullable IdempotencyException failure)
            throws JMSException {
        Map<String, Object> properties = new LinkedHashMap<>();
        Enumeration<?> names = message.getPropertyNames();
        while (names.hasMoreElements()) {
            String property = (String) names.nextElement();
            if (!property.startsWith(RESERVED) || GROUP.contains(property)) {
                properties.put(property, message.getObjectProperty(property));
            }
        }
        // Senders may do without ids.
        properties.put(IdempotencyErrorHandlers.ORIGINAL_ID, String.valueOf(message.getJMSMessageID()));
        properties.put(IdempotencyErrorHandlers.ORIGINAL_DESTINATION, String.valueOf(message.getJMSDestination()));
        if (failure != null) {
            properties.put(
                    IdempotencyErrorHandlers.EXCEPTION, failure.getClass().getName());
            String operation = ListenerAnswer.operation(failure);
            if (operation != null) {
                properties.put(IdempotencyErrorHandlers.OPERATION, operation);
            }
        }
        return properties;
    }
}
