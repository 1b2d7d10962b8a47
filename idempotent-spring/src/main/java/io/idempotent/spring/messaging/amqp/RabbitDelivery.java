package io.idempotent.spring.messaging.amqp;

import com.rabbitmq.client.Channel;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.rabbit.connection.RabbitUtils;
import org.springframework.amqp.support.AmqpHeaders;

/**
 * The delivery of messages to a listener that acknowledges them itself.
 *
 * @param messages one, or those of a batch
 * @param channel where they were delivered
 */
record RabbitDelivery(List<Message> messages, Channel channel) {

    private static final ThreadLocal<@Nullable RabbitDelivery> CURRENT = new ThreadLocal<>();

    /** The one whose listener runs in this thread; null if there is none, or if its container acknowledges it. */
    static @Nullable RabbitDelivery current() {
        return CURRENT.get();
    }

    /** Makes a delivery this thread's current one, and returns the one before. */
    static @Nullable RabbitDelivery bind(@Nullable RabbitDelivery delivery) {
        RabbitDelivery before = CURRENT.get();
        if (delivery == null) {
            CURRENT.remove();
        } else {
            CURRENT.set(delivery);
        }
        return before;
    }

    /**
     * Acknowledges it. A message that was sent as one of a batch has the batch's tag, and is acknowledged with the last.
     */
    void acknowledge() throws IOException {
        for (Message message : messages) {
            MessageProperties properties = message.getMessageProperties();
            if (properties.getHeader(AmqpHeaders.BATCH_SIZE) == null || properties.isLastInBatch()) {
                channel.basicAck(properties.getDeliveryTag(), false);
            }
        }
    }

    /** Gives it back: to its queue, or to where the queue's dead letters go. */
    void reject(boolean transacted, boolean requeue) throws IOException {
        if (transacted) {
            RabbitUtils.rollbackIfNecessary(channel);
        }
        for (Message message : messages) {
            channel.basicReject(message.getMessageProperties().getDeliveryTag(), requeue);
        }
        if (transacted) {
            RabbitUtils.commitIfNecessary(channel);
        }
    }
}
