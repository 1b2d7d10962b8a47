package io.idempotent.spring.messaging.jms;

import io.idempotent.spring.settings.MessagingSettings;
import org.jspecify.annotations.Nullable;
import org.springframework.jms.config.JmsListenerContainerFactory;
import org.springframework.jms.listener.AbstractMessageListenerContainer;

/**
 * Lets containers of JMS do with a message what a failure of an idempotent method asks for, see {@link
 * io.idempotent.spring.messaging.ListenerAnswer}.
 *
 * <ul>
 *   <li>A message that is to be delivered again is rolled back, or recovered with {@code CLIENT_ACKNOWLEDGE}, after a
 *       pause.
 *   <li>A message that no redelivery helps is sent to the queue {@code idempotent.messaging.jms-dead-letter-queue} by
 *       the listener's session, in its transaction if it has one, and is consumed. It keeps its body, properties,
 *       delivery mode and priority, and gets the properties {@value #EXCEPTION}, {@value #OPERATION}, {@value
 *       #ORIGINAL_ID} and {@value #ORIGINAL_DESTINATION}. Without a transaction it may be sent twice, as JMS has it. If
 *       no queue is configured, it is rolled back at once, until the broker gives up.
 *   <li>Any other failure is the container's, as if this were not there.
 * </ul>
 *
 * <p><b>What counts.</b> JMS has no way to give a message back that does not count as a delivery, {@code
 * JMSXDeliveryCount}, and brokers give up after so many: Artemis after {@code max-delivery-attempts}, 10 by default.
 * A message that an idempotent listener holds, {@code idempotent.messaging.hold-at-most}, is one delivery, so that a
 * key in progress for up to that many times that long is no dead letter. A listener that is not idempotent itself and
 * calls an idempotent method does not hold; its pauses grow with the deliveries up to {@code redelivery-max-delay},
 * about a minute in all by default. Raise the broker's limit if that is too short, or let the listener be idempotent.
 *
 * <p>Sessions have to be transacted, as Spring Boot makes them, or to acknowledge by {@code CLIENT_ACKNOWLEDGE}. Others
 * acknowledge each message whether its listener fails or not, and lose what is to be delivered again.
 *
 * <p>{@code @EnableIdempotency} configures the containers of {@code @JmsListener} methods that are known when the
 * application starts. Containers that are beans themselves, or are registered later, can be configured here.
 */
public final class IdempotencyErrorHandlers {

    /** Property of a dead letter: the class of the exception. {@value}. */
    public static final String EXCEPTION = "Idempotency_Exception";

    /** Property of a dead letter: the name of the operation that refused the message. {@value}. */
    public static final String OPERATION = "Idempotency_Operation";

    /** Property of a dead letter: the message's first id. {@value}. */
    public static final String ORIGINAL_ID = "Idempotency_OriginalMessageID";

    /** Property of a dead letter: where the message came from. {@value}. */
    public static final String ORIGINAL_DESTINATION = "Idempotency_OriginalDestination";

    private IdempotencyErrorHandlers() {}

    /** Returns a factory that makes the containers of another one, configured. */
    public static <C extends AbstractMessageListenerContainer> JmsListenerContainerFactory<C> configure(
            JmsListenerContainerFactory<C> factory, MessagingSettings settings) {
        return endpoint -> {
            C container = factory.createListenerContainer(endpoint);
            configure(container, settings);
            return container;
        };
    }

    /** Configures a container that is not started. Once is as good as twice. */
    public static void configure(AbstractMessageListenerContainer container, MessagingSettings settings) {
        configure(container, settings, false);
    }

    static void configure(AbstractMessageListenerContainer container, MessagingSettings settings, boolean plain) {
        Object listener = container.getMessageListener();
        if (listener != null && !(listener instanceof AnsweringMessageListener)) {
            container.setMessageListener(
                    new AnsweringMessageListener(listener, container, settings, deadLetters(settings), plain));
        }
    }

    private static @Nullable DeadLetterQueue deadLetters(MessagingSettings settings) {
        String queue = settings.jmsDeadLetterQueue();
        return queue == null ? null : new DeadLetterQueue(queue);
    }
}
