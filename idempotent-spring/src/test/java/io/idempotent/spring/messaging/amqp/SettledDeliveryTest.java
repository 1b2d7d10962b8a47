package io.idempotent.spring.messaging.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.rabbitmq.client.Channel;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.RecordedOutcome;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.store.Claim;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.listener.ListenerExecutionFailedException;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.RabbitResourceHolder;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.api.ChannelAwareMessageListener;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** A delivery to a listener that acknowledges itself is acknowledged or rejected once, whoever does it. */
class SettledDeliveryTest {

    private final AnnotationConfigApplicationContext context =
            new AnnotationConfigApplicationContext(Application.class);
    private final Listener listener = context.getBean(Listener.class);
    private final CachingConnectionFactory connections = new CachingConnectionFactory("localhost", 1);
    private final SimpleMessageListenerContainer container = new SimpleMessageListenerContainer(connections);

    // What is done with the one message, which has the tag 7.
    private final List<String> done = new ArrayList<>();
    private final Message message = new Message(new byte[0], new MessageProperties());

    SettledDeliveryTest() {
        message.getMessageProperties().setDeliveryTag(7);
        container.setAcknowledgeMode(AcknowledgeMode.MANUAL);
    }

    @AfterEach
    void close() {
        context.close();
        connections.destroy();
    }

    @Test
    void whatTheMethodAcknowledgedIsNotRejectedWhenItsClaimIsLostAfterwards() {
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> deliver(
                        (message, channel) -> {
                            listener.on("key");
                            throw new AssertionError("not reached");
                        },
                        true));
        assertThat(done).isEmpty();
    }

    @Test
    void whatAListenerAcknowledgedBeforeAnIdempotentBeanRefusedIsNotRejected() {
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> deliver(
                        (message, channel) -> {
                            channel.basicAck(7, false);
                            listener.on(null);
                        },
                        false));
        assertThat(done).containsExactly("basicAck [7, false]");
    }

    @Test
    void whatAListenerAcknowledgedWithLaterMessagesIsNotRejected() {
        assertThatExceptionOfType(IdempotencyKeyException.class)
                .isThrownBy(() -> deliver(
                        (message, channel) -> {
                            channel.basicNack(9, true, false);
                            listener.on(null);
                        },
                        false));
        assertThat(done).containsExactly("basicNack [9, true, false]");
    }

    @Test
    void whatAListenerDidNotAcknowledgeIsRejected() {
        assertThatExceptionOfType(ListenerExecutionFailedException.class)
                .isThrownBy(() -> deliver(
                        (message, channel) -> {
                            channel.basicAck(6, true);
                            listener.on(null);
                        },
                        false));
        assertThat(done).containsExactly("basicAck [6, true]", "basicReject [7, false]");
    }

    @Test
    void aReplayIsAcknowledgedOnceWhereTheCallerOfTheMethodAcknowledges() throws Exception {
        listener.on("key");
        deliver(
                (message, channel) -> {
                    listener.on("key");
                    assertThat(done).isEmpty();
                    channel.basicAck(7, false);
                },
                false);

        assertThat(done).containsExactly("basicAck [7, false]");
    }

    @Test
    void aReplayIsAcknowledgedInPlaceOfTheMethod() throws Exception {
        listener.on("key");
        deliver((message, channel) -> listener.on("key"), false);

        assertThat(done).containsExactly("basicAck [7, false]");
    }

    @Test
    void aReplayIsLeftToATransactionThatNobodyElseKnowsOf() throws Exception {
        listener.on("key");
        // As RabbitTransactionManager does it.
        TransactionSynchronizationManager.bindResource(connections, new RabbitResourceHolder());
        try {
            deliver((message, channel) -> listener.on("key"), false);
        } finally {
            TransactionSynchronizationManager.unbindResource(connections);
        }

        assertThat(done).isEmpty();
    }

    @Test
    void aReplayIsAcknowledgedInTheTransactionOfAChannel() throws Exception {
        listener.on("key");
        Channel channel = channel();
        TransactionSynchronizationManager.bindResource(connections, new RabbitResourceHolder(channel, false));
        try {
            deliver((message, unused) -> listener.on("key"), false);
        } finally {
            TransactionSynchronizationManager.unbindResource(connections);
        }

        assertThat(done).containsExactly("basicAck [7, false]");
    }

    private void deliver(ChannelAwareMessageListener delegate, boolean losesClaims) throws Exception {
        Application.loseClaims = losesClaims;
        container.setMessageListener(delegate);
        IdempotencyErrorHandlers.configure(
                container, context.getBean(OperationRegistry.class).settings().messaging());
        ((ChannelAwareMessageListener) container.getMessageListener()).onMessage(message, channel());
    }

    private Channel channel() {
        return (Channel) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Channel.class}, (proxy, method, arguments) -> {
                    if (method.getName().startsWith("basic")) {
                        done.add(method.getName() + " " + Arrays.toString(arguments));
                    }
                    return method.getName().equals("equals") ? proxy == arguments[0] : null;
                });
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Application {

        private static volatile boolean loseClaims;

        @Bean
        Listener listener() {
            return new Listener();
        }

        @Bean
        IdempotencyStore store() {
            return new ForwardingIdempotencyStore(CaffeineIdempotencyStore.create()) {
                @Override
                public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
                    return !loseClaims && super.complete(claim, outcome, retention);
                }
            };
        }
    }

    static class Listener {

        /** Acknowledges later, in another thread. */
        @RabbitListener(queues = "none")
        @Idempotent(key = "#key")
        public void on(String key) {}
    }
}
