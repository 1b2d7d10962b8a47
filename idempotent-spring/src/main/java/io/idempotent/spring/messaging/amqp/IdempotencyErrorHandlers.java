package io.idempotent.spring.messaging.amqp;

import io.idempotent.spring.settings.MessagingSettings;
import java.util.stream.Stream;
import org.aopalliance.aop.Advice;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.rabbit.config.AbstractRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.StatefulRetryOperationsInterceptor;
import org.springframework.amqp.rabbit.config.StatelessRetryOperationsInterceptor;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;

/**
 * Lets containers of AMQP 0-9-1 do with a message what a failure of an idempotent method asks for, see {@link
 * io.idempotent.spring.messaging.ListenerAnswer}.
 *
 * <ul>
 *   <li>A message that is to be delivered again goes back to its queue after a pause, also where {@code
 *       default-requeue-rejected} is false. The listener fails with an {@link
 *       org.springframework.amqp.ImmediateRequeueAmqpException}.
 *   <li>A message that no redelivery helps is rejected at once, and goes to the dead-letter exchange of its queue; the
 *       broker drops it if there is none. The listener fails with an {@link
 *       org.springframework.amqp.AmqpRejectAndDontRequeueException}. A batch with such a message fails as if it were
 *       another failure, since it would take the others with it: catch the exception per message.
 *   <li>Any other failure is the container's, as if this were not there.
 * </ul>
 *
 * <p>Retries of the listener by Spring AMQP, {@code spring.rabbitmq.listener.simple.retry} in Spring Boot, neither
 * count nor recover the first two. The container's error handler sees them like any failure, and stays the
 * application's: one that makes {@code AmqpRejectAndDontRequeueException}s of all failures rejects the first, too.
 * Fatal exceptions of a {@code ConditionalRejectingErrorHandler} stay fatal. It drops messages with an {@code x-death}
 * header that are fatal; the messages here are not dropped, and come back if a dead-letter queue returns its messages.
 *
 * <p>Where messages are acknowledged manually, the first two are given back and rejected here, and other failures leave
 * the message unacknowledged, as they do without this. What the listener has acknowledged or rejected stays so, and an
 * idempotent listener that has returned is left to acknowledge: a warning says that the message is not given back.
 *
 * <p><b>What counts.</b> A message that a listener holds is one delivery, however long. Each message that goes back to
 * a quorum queue counts toward the queue's delivery limit, 20 by default in RabbitMQ 4, after which it is a dead
 * letter; in a classic queue nothing counts. The header {@code x-death} counts dead letters and expired messages, and
 * none that go back to their queue.
 *
 * <p>{@code @EnableIdempotency} configures the containers of {@code @RabbitListener} methods that are known when the
 * application starts, and the retries of all factories that are beans. Containers that are beans themselves, or are
 * registered later, can be configured here; before that, nothing is held or acknowledged for their listeners.
 */
public final class IdempotencyErrorHandlers {

    private IdempotencyErrorHandlers() {}

    /**
     * Configures the containers that a factory makes. Sets its container customizer: an application that has its own
     * calls {@link #configure(AbstractMessageListenerContainer, MessagingSettings)} there, and {@link
     * #passRetries(AbstractRabbitListenerContainerFactory)}.
     */
    public static <C extends AbstractMessageListenerContainer> void configure(
            AbstractRabbitListenerContainerFactory<C> factory, MessagingSettings settings) {
        passRetries(factory);
        factory.setContainerCustomizer(container -> configure(container, settings));
    }

    /** Configures a container that is not started. Once is as good as twice. */
    public static void configure(AbstractMessageListenerContainer container, MessagingSettings settings) {
        configure(container, settings, false);
    }

    static void configure(AbstractMessageListenerContainer container, MessagingSettings settings, boolean plain) {
        MessageListener listener = container.getMessageListener();
        if (listener != null && !(listener instanceof AnsweringMessageListener)) {
            container.setMessageListener(AnsweringMessageListener.of(listener, container, settings, plain));
        }
    }

    /**
     * Lets messages that are to be delivered again, or that no redelivery helps, pass by the retries in the advice
     * chain of a factory, for the containers that it makes from now on. Once is as good as twice.
     */
    public static void passRetries(AbstractRabbitListenerContainerFactory<?> factory) {
        @Nullable Advice[] advices = factory.getAdviceChain();
        if (advices != null) {
            factory.setAdviceChain(
                    Stream.of(advices).map(IdempotencyErrorHandlers::passed).toArray(Advice[]::new));
        }
    }

    private static Advice passed(Advice advice) {
        if (advice instanceof StatelessRetryOperationsInterceptor stateless) {
            return new PassedRetry(stateless);
        }
        return advice instanceof StatefulRetryOperationsInterceptor stateful ? new PassedRetry(stateful) : advice;
    }
}
