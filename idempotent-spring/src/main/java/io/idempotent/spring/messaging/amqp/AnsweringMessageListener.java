package io.idempotent.spring.messaging.amqp;

import com.rabbitmq.client.Channel;
import io.idempotent.IdempotencyException;
import io.idempotent.spring.messaging.ContainerCall;
import io.idempotent.spring.messaging.ListenerAnswer;
import io.idempotent.spring.messaging.Redelivery;
import io.idempotent.spring.settings.MessagingSettings;
import java.io.IOException;
import java.util.List;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpIOException;
import org.springframework.amqp.AmqpRejectAndDontRequeueException;
import org.springframework.amqp.ImmediateRequeueAmqpException;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.BatchMessageListener;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.listener.ListenerExecutionFailedException;
import org.springframework.amqp.rabbit.connection.RabbitResourceHolder;
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

    private static final Log LOG = LogFactory.getLog(AnsweringMessageListener.class);

    private final MessageListener listener;

    private final AbstractMessageListenerContainer container;

    private final MessagingSettings settings;

    private final boolean plain;

    private AnsweringMessageListener(
            MessageListener listener,
            AbstractMessageListenerContainer container,
            MessagingSettings settings,
            boolean plain) {
        this.listener = listener;
        this.container = container;
        this.settings = settings;
        this.plain = plain;
    }

    /**
     * Makes the listener that a container calls.
     *
     * @param plain whether the listener is known not to be idempotent, so that idempotent listeners that it calls are
     *     not the container's
     */
    static MessageListener of(
            MessageListener listener,
            AbstractMessageListenerContainer container,
            MessagingSettings settings,
            boolean plain) {
        return getsBatches(listener)
                ? new OfBatches(listener, container, settings, plain)
                : new AnsweringMessageListener(listener, container, settings, plain);
    }

    /** Whether a listener gets several messages at once. */
    static boolean getsBatches(@Nullable Object listener) {
        return listener instanceof BatchMessageListener || listener instanceof ChannelAwareBatchMessageListener;
    }

    @Override
    public void onMessage(Message message, @Nullable Channel channel) throws Exception {
        deliver(List.of(message), channel, observed -> {
            if (listener instanceof ChannelAwareMessageListener aware) {
                aware.onMessage(message, observed);
            } else {
                listener.onMessage(message);
            }
        });
    }

    final void onBatch(List<Message> messages, @Nullable Channel channel) {
        deliver(messages, channel, observed -> {
            if (listener instanceof ChannelAwareMessageListener aware) {
                aware.onMessageBatch(messages, observed);
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
        ContainerCall call = new ContainerCall();
        ContainerCall before = ContainerCall.bind(plain ? null : call);
        try {
            delivering.deliver(delivery == null ? channel : delivery.observedChannel());
        } catch (Exception failure) {
            if (delivery == null || !isLeft(delivery, call, failure)) {
                answer(failure, messages, delivery);
            }
            throw failure;
        } finally {
            ContainerCall.bind(before);
        }
        if (delivery != null && call.isReplayed()) {
            acknowledge(delivery);
        }
    }

    /** With a transaction manager, and for asynchronous replies, the container acknowledges in any mode. */
    private boolean isAcknowledgedByListener() {
        return container.getAcknowledgeMode().isManual()
                && !listener.isAsyncReplies()
                && !TransactionSynchronizationManager.isActualTransactionActive()
                && !isInTransactionOfRabbit();
    }

    /**
     * Whether a {@code RabbitTransactionManager} has begun a transaction, which it tells nobody. A container that has
     * none binds its channel, too, and does not leave it to the transaction to release that.
     */
    private boolean isInTransactionOfRabbit() {
        return TransactionSynchronizationManager.getResource(container.getConnectionFactory())
                        instanceof RabbitResourceHolder holder
                && holder.isReleaseAfterCompletion();
    }

    /**
     * Whether an answer comes too late: the listener has acknowledged or rejected the messages, or has returned and
     * does so later. The transaction of a channel can still be rolled back.
     */
    private boolean isLeft(RabbitDelivery delivery, ContainerCall call, Exception failure) {
        IdempotencyException ours = ListenerAnswer.find(failure);
        if (ours == null || container.isChannelTransacted() || !(delivery.isSettled() || call.hasReturned())) {
            return false;
        }
        LOG.warn("A message is neither given back nor rejected, since its listener has settled it or has returned: "
                + ours.getMessage());
        return true;
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
                if (container.isChannelTransacted()) {
                    delivery.rollBack(requeue);
                } else {
                    delivery.reject(requeue);
                }
            } catch (IOException | RuntimeException closed) {
                // The channel is closed, and all that it did not acknowledge is delivered again.
                failure.addSuppressed(closed);
            }
        }
    }

    private static void acknowledge(RabbitDelivery delivery) {
        try {
            delivery.acknowledge();
        } catch (IOException failure) {
            throw new AmqpIOException(failure);
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
        void deliver(@Nullable Channel observed) throws X;
    }

    /** Containers look at the type to know whether to collect messages. */
    private static final class OfBatches extends AnsweringMessageListener implements ChannelAwareBatchMessageListener {

        OfBatches(
                MessageListener listener,
                AbstractMessageListenerContainer container,
                MessagingSettings settings,
                boolean plain) {
            super(listener, container, settings, plain);
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
