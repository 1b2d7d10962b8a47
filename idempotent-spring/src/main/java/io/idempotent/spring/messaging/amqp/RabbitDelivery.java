package io.idempotent.spring.messaging.amqp;

import com.rabbitmq.client.Channel;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.rabbit.connection.ChannelProxy;
import org.springframework.amqp.rabbit.connection.RabbitUtils;
import org.springframework.amqp.support.AmqpHeaders;

/**
 * The delivery of messages to a listener that acknowledges them itself. Knows what the listener acknowledged and
 * rejected, since a broker closes the channel of a consumer that does it twice. Safe for use by many threads.
 */
final class RabbitDelivery implements InvocationHandler {

    private final List<Message> messages;

    private final Channel channel;

    // The tags that are neither acknowledged nor rejected.
    private final Set<Long> unsettled = ConcurrentHashMap.newKeySet();

    /**
     * Makes a delivery.
     *
     * @param messages one, or those of a batch
     * @param channel where they were delivered
     */
    RabbitDelivery(List<Message> messages, Channel channel) {
        this.messages = messages;
        this.channel = channel;
        messages.forEach(message -> unsettled.add(message.getMessageProperties().getDeliveryTag()));
    }

    /** The channel as the listener gets it. */
    Channel observedChannel() {
        ClassLoader loader = RabbitDelivery.class.getClassLoader();
        // With their types as they stand here, native images know the proxies.
        return channel instanceof ChannelProxy
                ? (Channel) Proxy.newProxyInstance(loader, new Class<?>[] {ChannelProxy.class}, this)
                : (Channel) Proxy.newProxyInstance(loader, new Class<?>[] {Channel.class}, this);
    }

    /** Notes what the listener settles, and does it. */
    @Override
    public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        if (arguments != null && arguments.length > 0 && arguments[0] instanceof Long tag) {
            switch (method.getName()) {
                case "basicAck", "basicNack" -> settled(tag, Boolean.TRUE.equals(arguments[1]));
                case "basicReject" -> settled(tag, false);
                default -> {}
            }
        }
        try {
            return method.invoke(channel, arguments);
        } catch (InvocationTargetException failure) {
            throw failure.getTargetException();
        }
    }

    private void settled(long tag, boolean withEarlier) {
        // The tag 0 stands for all.
        unsettled.removeIf(own -> own == tag || (withEarlier && (own < tag || tag == 0)));
    }

    /** Whether all is acknowledged or rejected. */
    boolean isSettled() {
        return unsettled.isEmpty();
    }

    /**
     * Acknowledges what is not settled. A message that was sent as one of a batch has the batch's tag, and is
     * acknowledged with the last.
     */
    void acknowledge() throws IOException {
        for (Message message : messages) {
            MessageProperties properties = message.getMessageProperties();
            if ((properties.getHeader(AmqpHeaders.BATCH_SIZE) == null || properties.isLastInBatch())
                    && unsettled.remove(properties.getDeliveryTag())) {
                channel.basicAck(properties.getDeliveryTag(), false);
            }
        }
    }

    /** Gives what is not settled back: to its queue, or to where the queue's dead letters go. */
    void reject(boolean requeue) throws IOException {
        for (Message message : messages) {
            long tag = message.getMessageProperties().getDeliveryTag();
            if (unsettled.remove(tag)) {
                channel.basicReject(tag, requeue);
            }
        }
    }

    /**
     * Like {@link #reject}, of all messages, since what the listener settled in the channel's transaction is undone.
     */
    void rollBack(boolean requeue) throws IOException {
        RabbitUtils.rollbackIfNecessary(channel);
        messages.forEach(message -> unsettled.add(message.getMessageProperties().getDeliveryTag()));
        reject(requeue);
        RabbitUtils.commitIfNecessary(channel);
    }
}
