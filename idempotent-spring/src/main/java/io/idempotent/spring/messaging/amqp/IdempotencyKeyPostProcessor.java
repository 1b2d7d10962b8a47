package io.idempotent.spring.messaging.amqp;

import io.idempotent.IdempotencyContext;
import io.idempotent.spring.messaging.MessageKeys;
import io.idempotent.spring.operation.DownstreamKeys;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Correlation;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessagePostProcessor;
import org.springframework.amqp.core.MessageProperties;

/**
 * Sends an idempotency key with the messages of a {@code RabbitTemplate}, in the header {@value MessageKeys#HEADER}, on
 * the thread that runs an idempotent operation.
 *
 * <pre>{@code
 * rabbitTemplate.addBeforePublishPostProcessors(new IdempotencyKeyPostProcessor());
 * }</pre>
 *
 * <p>The key is derived from the {@linkplain IdempotencyContext#current() execution's} key, the exchange, the routing
 * key, and how many messages this attempt has sent there, so that an attempt or execution that comes later sends the
 * same keys. A message that has the header keeps it, and outside of an execution none is added. Spring Boot's {@code
 * RabbitTemplate} gets it by auto-configuration.
 */
public final class IdempotencyKeyPostProcessor implements MessagePostProcessor {

    // Must stay as it is: another would undo that a later version of an application sends the keys of an earlier one.
    private static final String DERIVED = "idempotent amqp message: ";

    /** Makes the post-processor. */
    public IdempotencyKeyPostProcessor() {}

    /** Adds a key that is derived without the place that the message goes to, which is not known here. */
    @Override
    public Message postProcessMessage(Message message) {
        return postProcessMessage(message, null, "", "");
    }

    @Override
    public Message postProcessMessage(
            Message message, @Nullable Correlation correlation, String exchange, String routingKey) {
        IdempotencyContext context = IdempotencyContext.currentOrNull();
        MessageProperties properties = message.getMessageProperties();
        if (context != null && properties.getHeader(MessageKeys.HEADER) == null) {
            properties.setHeader(
                    MessageKeys.HEADER, DownstreamKeys.next(context, DERIVED, exchange + " " + routingKey));
        }
        return message;
    }
}
