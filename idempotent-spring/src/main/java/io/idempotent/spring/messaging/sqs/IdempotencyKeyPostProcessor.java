package io.idempotent.spring.messaging.sqs;

import io.awspring.cloud.sqs.MessageHeaderUtils;
import io.awspring.cloud.sqs.operations.SqsSendOptions;
import io.idempotent.IdempotencyContext;
import io.idempotent.spring.messaging.MessageKeys;
import io.idempotent.spring.operation.DownstreamKeys;
import org.springframework.messaging.Message;
import org.springframework.messaging.core.MessagePostProcessor;

/**
 * Sends an idempotency key with the messages of an {@code SqsTemplate}, in the attribute {@value MessageKeys#HEADER},
 * on the thread that runs an idempotent operation. {@code SqsTemplate} has no place for it, so it is called for each
 * message:
 *
 * <pre>{@code
 * IdempotencyKeyPostProcessor keys = new IdempotencyKeyPostProcessor("shipments");
 *
 * sqsTemplate.send(to -> keys.add(to.queue("shipments").payload(shipment)));
 *
 * sqsTemplate.send("shipments", keys.postProcessMessage(message));
 * }</pre>
 *
 * <p>The key is derived from the {@linkplain IdempotencyContext#current() execution's} key, the name given here, and
 * how many messages this attempt has sent under that name, so that an attempt or execution that comes later sends the
 * same keys. A message that has the header keeps it, and outside of an execution none is added.
 */
public final class IdempotencyKeyPostProcessor implements MessagePostProcessor {

    // Must stay as it is: another would undo that a later version of an application sends the keys of an earlier one.
    private static final String DERIVED = "idempotent sqs message: ";

    private final String queue;

    /**
     * Makes the post-processor.
     *
     * @param queue the name of what the messages are sent to
     */
    public IdempotencyKeyPostProcessor(String queue) {
        this.queue = queue;
    }

    /** For messages that are sent one by one, or several at once. */
    @Override
    public Message<?> postProcessMessage(Message<?> message) {
        IdempotencyContext context = IdempotencyContext.currentOrNull();
        return context == null || message.getHeaders().containsKey(MessageKeys.HEADER)
                ? message
                : MessageHeaderUtils.addHeaderIfAbsent(message, MessageKeys.HEADER, key(context));
    }

    /** For options by which a message is sent. A header of the same name that is set later replaces the key. */
    public <T> SqsSendOptions<T> add(SqsSendOptions<T> options) {
        IdempotencyContext context = IdempotencyContext.currentOrNull();
        return context == null ? options : options.header(MessageKeys.HEADER, key(context));
    }

    private String key(IdempotencyContext context) {
        return DownstreamKeys.next(context, DERIVED, queue);
    }
}
