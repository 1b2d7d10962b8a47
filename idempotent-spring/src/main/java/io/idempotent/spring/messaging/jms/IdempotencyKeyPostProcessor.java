package io.idempotent.spring.messaging.jms;

import io.idempotent.IdempotencyContext;
import io.idempotent.spring.messaging.MessageKeys;
import io.idempotent.spring.operation.DownstreamKeys;
import jakarta.jms.JMSException;
import org.springframework.messaging.Message;
import org.springframework.messaging.core.MessagePostProcessor;
import org.springframework.messaging.support.MessageBuilder;

/**
 * Sends an idempotency key with the messages of a {@code JmsClient} or {@code JmsTemplate}, in the property {@value
 * MessageKeys#PROPERTY}, on the thread that runs an idempotent operation.
 *
 * <pre>{@code
 * JmsClient jms = JmsClient.builder(connectionFactory)
 *         .messagePostProcessor(new IdempotencyKeyPostProcessor("shipments"))
 *         .build();
 *
 * jmsTemplate.convertAndSend("shipments", shipment, new IdempotencyKeyPostProcessor("shipments"));
 * }</pre>
 *
 * <p>The key is derived from the {@linkplain IdempotencyContext#current() execution's} key, the name given here, and
 * how many messages this attempt has sent under that name, so that an attempt or execution that comes later sends the
 * same keys. Neither client tells where a message goes: give the destination's name, or any other if one client sends
 * to several destinations and each attempt does it in the same order. A message that has the property keeps it, and
 * outside of an execution none is added.
 */
public final class IdempotencyKeyPostProcessor
        implements MessagePostProcessor, org.springframework.jms.core.MessagePostProcessor {

    // Must stay as it is: another would undo that a later version of an application sends the keys of an earlier one.
    private static final String DERIVED = "idempotent jms message: ";

    private final String destination;

    /**
     * Makes the post-processor.
     *
     * @param destination the name of what the messages are sent to
     */
    public IdempotencyKeyPostProcessor(String destination) {
        this.destination = destination;
    }

    /** For {@code JmsClient}. */
    @Override
    public Message<?> postProcessMessage(Message<?> message) {
        IdempotencyContext context = IdempotencyContext.currentOrNull();
        if (context == null || message.getHeaders().containsKey(MessageKeys.PROPERTY)) {
            return message;
        }
        return MessageBuilder.fromMessage(message)
                .setHeader(MessageKeys.PROPERTY, key(context))
                .build();
    }

    /** For {@code JmsTemplate}. */
    @Override
    public jakarta.jms.Message postProcessMessage(jakarta.jms.Message message) throws JMSException {
        IdempotencyContext context = IdempotencyContext.currentOrNull();
        if (context != null && !message.propertyExists(MessageKeys.PROPERTY)) {
            message.setStringProperty(MessageKeys.PROPERTY, key(context));
        }
        return message;
    }

    private String key(IdempotencyContext context) {
        return DownstreamKeys.next(context, DERIVED, destination);
    }
}
