package io.idempotent.spring.messaging.sqs;

import io.awspring.cloud.sqs.config.Endpoint;
import io.awspring.cloud.sqs.config.MessageListenerContainerFactory;
import io.awspring.cloud.sqs.listener.AsyncMessageListener;
import io.awspring.cloud.sqs.listener.SqsMessageListenerContainer;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.settings.MessagingSettings;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/**
 * Lets containers of SQS do with a message what a failure of an idempotent method asks for, see {@link
 * io.idempotent.spring.messaging.ListenerAnswer}.
 *
 * <ul>
 *   <li>A message that is to be delivered again is not acknowledged. Its visibility timeout is changed to the pause, in
 *       whole seconds.
 *   <li>A message that no redelivery helps is sent to the queue {@code idempotent.messaging.sqs-dead-letter-queue}, and
 *       is acknowledged then. It may be sent twice if it comes again before that. It keeps its body and attributes, and
 *       gets the attributes {@value #EXCEPTION}, {@value #OPERATION}, {@value #ORIGINAL_ID} and {@value
 *       #ORIGINAL_QUEUE}, as far as SQS's ten attributes allow. If no queue is configured, or in a batch of several
 *       messages, this is a failure like any other.
 *   <li>Any other failure is the container's, as if this were not there. Its error handler gets these failures alone.
 * </ul>
 *
 * <p><b>What counts.</b> Each delivery counts toward the {@code maxReceiveCount} of the queue's redrive policy. A
 * message that an idempotent listener holds, {@code idempotent.messaging.hold-at-most}, is one delivery: its visibility
 * timeout is extended meanwhile, by the pause and the listener's {@code messageVisibilitySeconds}, or 30 seconds. A
 * listener that is not idempotent itself and calls an idempotent method does not hold. Its pauses grow with the
 * deliveries up to {@code redelivery-max-delay}.
 *
 * <p>A container in the mode {@code ALWAYS} acknowledges each message whether its listener fails or not, and loses what
 * is to be delivered again.
 *
 * <p>{@code @EnableIdempotency} configures the containers of {@code @SqsListener} methods that are known when the
 * application starts. Containers that are beans themselves, or are registered later, can be configured here.
 */
public final class IdempotencyErrorHandlers {

    /** Attribute of a dead letter: the class of the exception. {@value}. */
    public static final String EXCEPTION = "Idempotency-Exception";

    /** Attribute of a dead letter: the name of the operation that refused the message. {@value}. */
    public static final String OPERATION = "Idempotency-Operation";

    /** Attribute of a dead letter: the message's first id. {@value}. */
    public static final String ORIGINAL_ID = "Idempotency-Original-Message-Id";

    /** Attribute of a dead letter: the queue that the message came from. {@value}. */
    public static final String ORIGINAL_QUEUE = "Idempotency-Original-Queue";

    private IdempotencyErrorHandlers() {}

    /**
     * Returns a factory that makes the containers of another one, configured.
     *
     * @param client sends dead letters; null if no queue is configured for them
     * @throws IdempotencyConfigurationException when a container is made, if a queue is configured and no client given
     */
    public static <T> MessageListenerContainerFactory<SqsMessageListenerContainer<T>> configure(
            MessageListenerContainerFactory<SqsMessageListenerContainer<T>> factory,
            MessagingSettings settings,
            @Nullable SqsAsyncClient client) {
        return new MessageListenerContainerFactory<>() {

            @Override
            public SqsMessageListenerContainer<T> createContainer(String... queues) {
                return configured(factory.createContainer(queues));
            }

            @Override
            public SqsMessageListenerContainer<T> createContainer(Endpoint endpoint) {
                return configured(factory.createContainer(endpoint));
            }

            private SqsMessageListenerContainer<T> configured(SqsMessageListenerContainer<T> container) {
                configure(container, settings, client);
                return container;
            }
        };
    }

    /**
     * Configures a container that has its listener and is not started. Once is as good as twice.
     *
     * @param client sends dead letters; null if no queue is configured for them
     * @throws IdempotencyConfigurationException if a queue is configured for them and no client is given
     */
    public static <T> void configure(
            SqsMessageListenerContainer<T> container, MessagingSettings settings, @Nullable SqsAsyncClient client) {
        AsyncMessageListener<T> listener = container.getMessageListener();
        if (listener != null && !(listener instanceof AnsweringMessageListener)) {
            container.setAsyncMessageListener(new AnsweringMessageListener<>(listener, container, settings));
            container.setErrorHandler(new AnsweringErrorHandler<>(
                    container.getErrorHandler(), container, settings, deadLetters(settings, client)));
        }
    }

    private static @Nullable DeadLetterQueue deadLetters(MessagingSettings settings, @Nullable SqsAsyncClient client) {
        String queue = settings.sqsDeadLetterQueue();
        if (queue == null) {
            return null;
        }
        if (client == null) {
            throw new IdempotencyConfigurationException(
                    "idempotent.messaging.sqs-dead-letter-queue is " + queue
                            + ", and there is no SqsAsyncClient, or more than one, to send dead letters there",
                    "Let one of the clients be @Primary, or configure the containers by IdempotencyErrorHandlers with"
                            + " the client that sends");
        }
        return new DeadLetterQueue(queue, client);
    }
}
