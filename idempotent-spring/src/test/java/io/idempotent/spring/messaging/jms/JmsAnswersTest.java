package io.idempotent.spring.messaging.jms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.IdempotencyKeyException;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import jakarta.jms.ConnectionFactory;
import jakarta.jms.ExceptionListener;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.TextMessage;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.jms.autoconfigure.DefaultJmsListenerContainerFactoryConfigurer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jms.annotation.JmsListener;
import org.springframework.jms.config.DefaultJmsListenerContainerFactory;
import org.springframework.jms.connection.JmsTransactionManager;
import org.springframework.jms.support.JmsHeaders;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.SendTo;

/** What a container of Spring JMS does with each answer of an idempotent method, as Spring Boot configures it. */
@OnOneJdk("what a container does is no question of the JDK")
class JmsAnswersTest {

    private static final String TRANSACTED = "spring.jms.listener.session.transacted=true";
    private static final String CLIENT = "spring.jms.listener.session.transacted=false";

    private final JmsApplication application = new JmsApplication();

    @AfterEach
    void close() {
        application.close();
    }

    private JmsApplication sessions(String transacted) {
        return application.with(transacted, "spring.jms.listener.session.acknowledge-mode=client");
    }

    @ParameterizedTest
    @ValueSource(strings = {TRANSACTED, CLIENT})
    void aKeyInProgressForLongerThanTenDeliveriesTakeIsNoDeadLetter(String session) {
        Slow listener = sessions(session).with(CountingStore.class).start(Slow.class);
        CountingStore store = application.bean(CountingStore.class);
        application.send("same", "key");
        await().until(() -> listener.begun.get() == 1);
        application.send("same", "key");
        // The first, and as many as the broker would allow, and more.
        await().until(() -> store.claims.get() > 2 * ArtemisBroker.MAXIMUM_DELIVERIES);
        listener.end.countDown();

        assertHandledOnce(listener.done);
    }

    @ParameterizedTest
    @ValueSource(strings = {TRANSACTED, CLIENT})
    void aMessageWhoseFirstOwnerFailsIsHandledByTheOtherDelivery(String session) {
        Slow listener = sessions(session).start(Slow.class);
        listener.fails.set(1);
        application.send("same", "key");
        await().until(() -> listener.begun.get() == 1);
        application.send("same", "key");
        listener.end.countDown();

        assertHandledOnce(listener.done);
    }

    @ParameterizedTest
    @ValueSource(strings = {TRANSACTED, CLIENT})
    void aMessageOfAListenerThatIsNotIdempotentItselfIsRolledBackAfterAPause(String session) {
        Calling listener = sessions(session).with(Service.class).start(Calling.class);
        Service service = application.bean(Service.class);
        application.send("same", "key");
        await().until(() -> service.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> listener.calls.get() > 5);
        service.end.countDown();

        assertHandledOnce(service.done);
    }

    @Test
    void theBrokerGivesUpAMessageOfSuchAListenerAfterItsTenDeliveries() {
        Calling listener = application.with(Service.class).start(Calling.class);
        Service service = application.bean(Service.class);
        application.send("same", "key");
        await().until(() -> service.begun.get() == 1);
        application.send("same", "key");

        await().until(() -> application.givenUp() == 1);
        assertThat(listener.calls).hasValue(1 + ArtemisBroker.MAXIMUM_DELIVERIES);
        service.end.countDown();
    }

    @ParameterizedTest
    @ValueSource(strings = {TRANSACTED, CLIENT})
    void aMessageThatNoRedeliveryHelpsIsSentToTheDeadLetterQueueWithWhatHappened(String session) throws Exception {
        String dead = application.queue() + "-dead";
        Slow listener = sessions(session)
                .with("idempotent.messaging.jms-dead-letter-queue=" + dead)
                .start(Slow.class);
        listener.end.countDown();
        application.send("no key", null);

        TextMessage letter = (TextMessage) application.receive(dead);
        await().until(application::isDone);
        assertThat(letter.getText()).isEqualTo("no key");
        assertThat(letter.getIntProperty("amount")).isEqualTo(5);
        assertThat(letter.getStringProperty(IdempotencyErrorHandlers.EXCEPTION))
                .isEqualTo(IdempotencyKeyException.class.getName());
        assertThat(letter.getStringProperty(IdempotencyErrorHandlers.OPERATION)).isEqualTo("slow-on");
        assertThat(letter.getStringProperty(IdempotencyErrorHandlers.ORIGINAL_ID))
                .startsWith("ID:")
                .isNotEqualTo(letter.getJMSMessageID());
        assertThat(letter.getStringProperty(IdempotencyErrorHandlers.ORIGINAL_DESTINATION))
                .contains(application.queue());
        assertThat(listener.begun).hasValue(0);
        assertThat(application.givenUp()).isZero();
    }

    @Test
    void aMessageWithTheKeyOfAnotherIsADeadLetterThatKeepsItsKey() throws Exception {
        String dead = application.queue() + "-dead";
        Slow listener = application
                .with("idempotent.messaging.jms-dead-letter-queue=" + dead)
                .start(Slow.class);
        listener.end.countDown();
        application.send("first", "key");
        await().until(() -> listener.done.get() == 1);
        application.send("second", "key");

        TextMessage letter = (TextMessage) application.receive(dead);
        assertThat(letter.getText()).isEqualTo("second");
        assertThat(letter.getStringProperty("Idempotency_Key")).isEqualTo("key");
        assertThat(letter.getStringProperty(IdempotencyErrorHandlers.EXCEPTION))
                .isEqualTo(IdempotencyKeyReusedException.class.getName());
        assertHandledOnce(listener.done);
    }

    @Test
    void withoutADeadLetterQueueTheBrokerGivesUpWhatNoRedeliveryHelps() {
        Slow listener = application.start(Slow.class);
        application.send("no key", null);

        await().until(() -> application.givenUp() == 1);
        assertThat(listener.begun).hasValue(0);
    }

    @Test
    void aDeadLetterThatCannotBeSentIsNotLost() {
        String dead = application.queue() + "-dead";
        ArtemisBroker.refuse(dead);
        Slow listener = application
                .with("idempotent.messaging.jms-dead-letter-queue=" + dead)
                .with(Refusals.class)
                .start(Slow.class);
        Refusals refusals = application.bean(Refusals.class);
        application.send("no key", null);

        await().until(() -> refusals.count.get() > 0);
        assertThat(application.isDone()).isFalse();
        assertThat(listener.begun).hasValue(0);
    }

    @Test
    void aFailureOfTheListenerIsRolledBackAsItIsWithoutThis() {
        Failing listener = application.start(Failing.class);
        listener.fails.set(4);
        application.send("same", "key");

        assertHandledOnce(listener.done);
        assertThat(listener.calls).hasValue(5);
    }

    @Test
    void aMessageWhoseOutcomeIsUnknownIsADeadLetterOnItsRedelivery() throws Exception {
        String dead = application.queue() + "-dead";
        Unknown listener = application
                .with("idempotent.messaging.jms-dead-letter-queue=" + dead)
                .start(Unknown.class);
        application.send("same", "key");

        assertThat(((TextMessage) application.receive(dead)).getText()).isEqualTo("same");
        assertThat(listener.runs).hasValue(1);
    }

    @Test
    void inATransactionOfAManagerItIsRolledBackAndADeadLetterIsSentWithIt() throws Exception {
        String dead = application.queue() + "-dead";
        Calling listener = application
                .with("idempotent.messaging.jms-dead-letter-queue=" + dead)
                .with(Service.class, Managed.class)
                .start(Calling.class);
        Service service = application.bean(Service.class);
        application.send("same", "key");
        await().until(() -> service.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> listener.calls.get() > 5);
        service.end.countDown();
        await().until(application::isDone);
        application.send("another", "key");

        assertThat(((TextMessage) application.receive(dead)).getText()).isEqualTo("another");
        assertHandledOnce(service.done);
    }

    @Test
    void aMessageIsHeldNoLongerWhenTheApplicationCloses() {
        Slow listener = application.start(Slow.class);
        application.send("same", "key");
        await().until(() -> listener.begun.get() == 1);
        application.send("same", "key");
        Thread closing = new Thread(application::close);
        closing.start();
        await().until(application.context()::isClosed);
        listener.fails.set(1);
        listener.end.countDown();

        await().atMost(Duration.ofSeconds(20)).until(() -> !closing.isAlive());
        assertThat(listener.done).hasValue(0);
        assertThat(ArtemisBroker.count(application.queue())).isEqualTo(2);
    }

    @Test
    void whatAListenerCallsIsNotDroppedThoughAContainerWouldCallItToo() {
        CallingListener listener = application
                .with("idempotent.messaging.replayed-failures=drop", "other=" + application.queue() + "-other")
                .with(Declining.class)
                .start(CallingListener.class);
        application.send("same", "key");
        application.send("same", "key");

        await().until(application::isDone);
        assertThat(listener.declined).hasValue(2);
    }

    @Test
    void aReplySentAgainIsTheRecordedOne() throws Exception {
        String replies = application.queue() + "-replies";
        Replying listener = application.with("replies=" + replies).start(Replying.class);
        application.send("same", "key");
        application.send("same", "key");

        assertThat(((TextMessage) application.receive(replies)).getText()).isEqualTo("same, run 1");
        assertThat(((TextMessage) application.receive(replies)).getText()).isEqualTo("same, run 1");
        assertHandledOnce(listener.runs);
    }

    private void assertHandledOnce(AtomicInteger handled) {
        await().until(() -> handled.get() == 1);
        await().until(application::isDone);
        assertThat(handled).hasValue(1);
        assertThat(application.givenUp()).isZero();
    }

    /** Runs until it is told to end. */
    static class Slow {

        private final AtomicInteger begun = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private final AtomicInteger fails = new AtomicInteger();
        private final CountDownLatch end = new CountDownLatch(1);

        @JmsListener(destination = "${queue}")
        @Idempotent(key = "@messageKeys.header(#message)", operation = "slow-on")
        public void on(Message message) throws InterruptedException {
            begun.incrementAndGet();
            end.await();
            if (fails.getAndDecrement() > 0) {
                throw new IllegalStateException("fails");
            }
            done.incrementAndGet();
        }
    }

    static class Service {

        private final AtomicInteger begun = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private final CountDownLatch end = new CountDownLatch(1);

        @Idempotent(key = "#key")
        public void run(String key, String body) throws InterruptedException {
            begun.incrementAndGet();
            end.await();
            done.incrementAndGet();
        }
    }

    static class Calling {

        private final AtomicInteger calls = new AtomicInteger();
        private final Service service;

        Calling(Service service) {
            this.service = service;
        }

        @JmsListener(destination = "${queue}")
        public void on(String body, @Header("Idempotency_Key") String key) throws InterruptedException {
            calls.incrementAndGet();
            service.run(key, body);
        }
    }

    static class CallingListener {

        private final AtomicInteger declined = new AtomicInteger();
        private final Declining other;

        CallingListener(Declining other) {
            this.other = other;
        }

        @JmsListener(destination = "${queue}")
        public void on(String body) {
            try {
                other.on(body);
            } catch (IllegalStateException failure) {
                declined.incrementAndGet();
            }
        }
    }

    static class Declining {

        @JmsListener(destination = "${other}")
        @Idempotent(key = "#body", recordFailures = IllegalStateException.class)
        public void on(String body) {
            throw new IllegalStateException("declined");
        }
    }

    static class Failing {

        private final AtomicInteger calls = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private final AtomicInteger fails = new AtomicInteger();

        @JmsListener(destination = "${queue}")
        @Idempotent(key = "#id")
        public void on(String body, @Header(JmsHeaders.MESSAGE_ID) String id) {
            calls.incrementAndGet();
            if (fails.getAndDecrement() > 0) {
                throw new IllegalStateException("fails");
            }
            done.incrementAndGet();
        }
    }

    static class Unknown {

        private final AtomicInteger runs = new AtomicInteger();

        @JmsListener(destination = "${queue}")
        @Idempotent(
                key = "@messageKeys.of(#message)",
                unknownOn = IllegalStateException.class,
                whenAbandoned = WhenAbandoned.REFUSE)
        public void on(TextMessage message) {
            runs.incrementAndGet();
            throw new IllegalStateException("timed out");
        }
    }

    static class Replying {

        private final AtomicInteger runs = new AtomicInteger();

        @JmsListener(destination = "${queue}")
        @SendTo("${replies}")
        @Idempotent(key = "@messageKeys.of(#message)")
        public String on(org.springframework.messaging.Message<String> message) {
            return message.getPayload() + ", run " + runs.incrementAndGet();
        }
    }

    static class Refusals implements ExceptionListener {

        private final AtomicInteger count = new AtomicInteger();

        @Override
        public void onException(JMSException refusal) {
            count.incrementAndGet();
        }
    }

    static class CountingStore extends ForwardingIdempotencyStore {

        final AtomicInteger claims = new AtomicInteger();

        CountingStore() {
            super(CaffeineIdempotencyStore.create());
        }

        @Override
        public ClaimResult claim(ClaimRequest request) {
            claims.incrementAndGet();
            return super.claim(request);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Managed {

        @Bean
        DefaultJmsListenerContainerFactory jmsListenerContainerFactory(
                DefaultJmsListenerContainerFactoryConfigurer configurer, ConnectionFactory connections) {
            DefaultJmsListenerContainerFactory factory = new DefaultJmsListenerContainerFactory();
            configurer.configure(factory, connections);
            factory.setTransactionManager(new JmsTransactionManager(connections));
            return factory;
        }
    }
}
