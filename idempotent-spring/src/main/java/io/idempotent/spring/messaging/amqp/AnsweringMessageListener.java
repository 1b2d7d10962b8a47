package io.idempotent.spring.messaging.amqp;

import com.rabbitmq.client.Channel;
import io.idempotent.spring.messaging.ListenerAnswer;
import io.idempotent.spring.messaging.Redelivery;
import io.idempotent.spring.settings.MessagingSettings;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpRejectAndDontRequeueException;
import org.springframework.amqp.ImmediateRequeueAmqpException;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.BatchMessageListener;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.listener.ListenerExecutionFailedException;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.api.ChannelAwareBatchMessageListener;
import org.springframework.amqp.rabbit.listener.api.ChannelAwareMessageListener;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Calls a container's listener, and tells the container in Spring AMQP's own exceptions what its failures ask for, see
 * {@link IdempotencyErrorHandlers}. Where messages are acknowledged manually, the container gives none back; this
 * listener does.
 */
class AnsweringMessageListener implements ChannelAwareMessageListener {

    // Of quorum queues: how often the message was given back before.
    private static final String DELIVERY_COUNT = "x-delivery-count";

    private final MessageListener listener;

    private final AbstractMessageListenerContainer container;

    private final MessagingSettings settings;

    private AnsweringMessageListener(
            MessageListener listener, AbstractMessageListenerContainer container, MessagingSettings settings) {
        this.listener = listener;
        this.container = container;
        this.settings = settings;
    }

    static MessageListener of(
            MessageListener listener, AbstractMessageListenerContainer container, MessagingSettings settings) {
        return listener instanceof BatchMessageListener || listener instanceof ChannelAwareBatchMessageListener
                ? new OfBatches(listener, container, settings)
                : new AnsweringMessageListener(listener, container, settings);
    }

    @Override
    public void onMessage(Message message, @Nullable Channel channel) throws Exception {
        deliver(List.of(message), channel, () -> {
            if (listener instanceof ChannelAwareMessageListener aware) {
                aware.onMessage(message, channel);
            } else {
                listener.onMessage(message);
            }
        });
    }

    final void onBatch(List<Message> messages, @Nullable Channel channel) {
        deliver(messages, channel, () -> {
            if (listener instanceof ChannelAwareMessageListener aware) {
                aware.onMessageBatch(messages, channel);
            } else {
                listener.onMessageBatch(messages);
            }
        });
    }

    @Override
    public void containerAckMode(AcknowledgeMode mode) {
        listener.containerAckMode(mode);
    }

    @Override
    public boolean isAsyncReplies() {
        return listener.isAsyncReplies();
    }

    private <X extends Exception> void deliver(
            List<Message> messages, @Nullable Channel channel, Delivering<X> delivering) throws X {
        RabbitDelivery delivery =
                channel != null && isAcknowledgedByListener() ? new RabbitDelivery(messages, channel) : null;
        RabbitDelivery before = RabbitDelivery.bind(delivery);
        try {
            delivering.deliver();
        } catch (Exception failure) {
            answer(failure, messages, delivery);
            throw failure;
        } finally {
            RabbitDelivery.bind(before);
        }
    }

    /** With a transaction manager, and for asynchronous replies, the container acknowledges in any mode. */
    private boolean isAcknowledgedByListener() {
        return container.getAcknowledgeMode().isManual()
                && !listener.isAsyncReplies()
                && !TransactionSynchronizationManager.isActualTransactionActive();
    }

    /** Throws what asks the container for it if the failure is an answer. */
    private void answer(Exception failure, List<Message> messages, @Nullable RabbitDelivery delivery) {
        ListenerAnswer answer = ListenerAnswer.of(failure);
        if (answer == ListenerAnswer.REDELIVER) {
            Redelivery.pause(settings, failure, deliveries(messages), () -> !container.isActive());
            // Stateful retry takes a message without an id for one that fails again.
            messages.forEach(message -> message.getMessageProperties().setFinalRetryForMessageWithNoId(false));
            giveBack(delivery, true, failure);
            throw new ListenerExecutionFailedException(
                    "The message is to be delivered again",
                    new ImmediateRequeueAmqpException(failure),
                    messages.toArray(Message[]::new));
        }
        if (answer == ListenerAnswer.DEAD_LETTER && messages.size() == 1) {
            giveBack(delivery, false, failure);
            throw new ListenerExecutionFailedException(
                    "No redelivery helps the message",
                    new AmqpRejectAndDontRequeueException(failure),
                    messages.toArray(Message[]::new));
        }
    }

    private void giveBack(@Nullable RabbitDelivery delivery, boolean requeue, Exception failure) {
        if (delivery != null) {
            try {
                delivery.reject(container.isChannelTransacted(), requeue);
            } catch (IOException | RuntimeException closed) {
                // The channel is closed, and all that it did not acknowledge is delivered again.
                failure.addSuppressed(closed);
            }
        }
    }

    private static long deliveries(List<Message> messages) {
        MessageProperties properties = messages.get(0).getMessageProperties();
        if (properties.getHeader(DELIVERY_COUNT) instanceof Number counted) {
            return counted.longValue() + 1;
        }
        return Boolean.TRUE.equals(properties.getRedelivered()) ? Short.MAX_VALUE : 1;
    }

    @FunctionalInterface
    private interface Delivering<X extends Exception> {
        void deliver() throws X;
    }

    /** Containers look at the type to know whether to collect messages. */
    private static final class OfBatches extends AnsweringMessageListener implements ChannelAwareBatchMessageListener {

        OfBatches(MessageListener listener, AbstractMessageListenerContainer container, MessagingSettings settings) {
            super(listener, container, settings);
        }

        @Override
        public void onMessage(Message message, @Nullable Channel channel) throws Exception {
            super.onMessage(message, channel);
        }

        @Override
        public void onMessageBatch(List<Message> messages, @Nullable Channel channel) {
            onBatch(messages, channel);
        }
    }
}
