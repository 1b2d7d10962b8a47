package io.idempotent.spring.messaging.jms;

import io.idempotent.spring.messaging.ContainerCall;
import io.idempotent.spring.messaging.ListenerAnswer;
import io.idempotent.spring.messaging.Redelivery;
import io.idempotent.spring.settings.MessagingSettings;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageListener;
import jakarta.jms.Session;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.jms.listener.AbstractMessageListenerContainer;
import org.springframework.jms.listener.SessionAwareMessageListener;

/**
 * Calls a container's listener, and does what its failures ask for before the container gets them, see {@link
 * IdempotencyErrorHandlers}.
 *
 * @param listener a {@link MessageListener} or {@link SessionAwareMessageListener}
 * @param deadLetters where messages go that no redelivery helps; null leaves them to the broker
 * @param plain whether the listener is known not to be idempotent, so that idempotent listeners that it calls are not
 *     the container's
 */
record AnsweringMessageListener(
        Object listener,
        AbstractMessageListenerContainer container,
        MessagingSettings settings,
        @Nullable DeadLetterQueue deadLetters,
        boolean plain)
        implements SessionAwareMessageListener<Message> {

    private static final Log LOG = LogFactory.getLog(AnsweringMessageListener.class);

    // As JMS has it; absent with providers of JMS 1.1.
    private static final String DELIVERY_COUNT = "JMSXDeliveryCount";

    @Override
    public void onMessage(Message message, Session session) throws JMSException {
        ContainerCall before = ContainerCall.bind(plain ? null : new ContainerCall());
        try {
            call(message, session);
        } catch (JMSException | RuntimeException failure) {
            switch (ListenerAnswer.of(failure)) {
                case REDELIVER -> {
                    warnIfLost(session);
                    Redelivery.pause(settings, failure, deliveries(message), () -> !container.isRunning());
                    throw failure;
                }
                case DEAD_LETTER -> {
                    if (deadLetters == null) {
                        throw failure;
                    }
                    deadLetters.send(message, session, failure);
                }
                case POLICY -> throw failure;
            }
        } finally {
            ContainerCall.bind(before);
        }
    }

    // A container accepts no listener of another type, nor with other messages than its broker's.
    @SuppressWarnings("unchecked")
    private void call(Message message, Session session) throws JMSException {
        if (listener instanceof SessionAwareMessageListener<?> aware) {
            ((SessionAwareMessageListener<Message>) aware).onMessage(message, session);
        } else {
            ((MessageListener) listener).onMessage(message);
        }
    }

    private static void warnIfLost(Session session) throws JMSException {
        int mode = session.getAcknowledgeMode();
        if (mode == Session.AUTO_ACKNOWLEDGE || mode == Session.DUPS_OK_ACKNOWLEDGE) {
            LOG.warn("A message that is to be delivered again is lost, since its session acknowledges each message,"
                    + " whether its listener fails or not; let the container's sessions be transacted, or acknowledge"
                    + " by CLIENT_ACKNOWLEDGE");
        }
    }

    private static long deliveries(Message message) throws JMSException {
        return message.propertyExists(DELIVERY_COUNT) ? message.getIntProperty(DELIVERY_COUNT) : 1;
    }
}
