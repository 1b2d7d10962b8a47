package io.idempotent.spring.messaging.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.KafkaHandler;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.KafkaOperations;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.kafka.support.Acknowledgment;
import org.springframework.kafka.support.KafkaHeaders;
import org.springframework.messaging.Message;

/** What Kafka's container does with each answer of an idempotent listener, as Spring Boot configures it. */
@OnOneJdk("what a container does is no question of the JDK")
class KafkaAnswersTest {

    private static final KafkaBroker KAFKA = KafkaBroker.shared();

    private final ListenerApplication application = new ListenerApplication(2);

    private final String topic = application.topic();

    @AfterEach
    void close() {
        application.close();
    }

    @Test
    void aRecordWhoseKeyIsInProgressIsDeliveredAgainUntilItsFirstOwnerFailedAndIsHandledThen() {
        Slow listener = application.start(Slow.class);
        KAFKA.send(topic, 0, "a", "same", "key");
        await().until(() -> listener.begun.get() == 1);
        KAFKA.send(topic, 1, "a", "same", "key");

        // Spring Kafka gives up after ten tries.
        await().until(() -> application.deliveries() > 20);
        listener.end.countDown();

        application.awaitDone();
        assertThat(listener.done).hasValue(1);
        assertThat(application.deadLetters()).isEmpty();
    }

    @Test
    void withSpringKafkasOwnHandlerThatRecordIsLost() {
        Slow listener = application.with(OwnHandler.class).start(Slow.class);
        KAFKA.send(topic, 0, "a", "same", "key");
        await().until(() -> listener.begun.get() == 1);
        KAFKA.send(topic, 1, "a", "same", "key");

        await().until(() -> KAFKA.lag(topic, topic, 2) == 1);

        assertThat(listener.done).hasValue(0);
        listener.end.countDown();
    }

    @Test
    void aReplayIsAcknowledgedThoughTheListenerAcknowledgesItself() {
        Manual listener =
                application.with("spring.kafka.listener.ack-mode=manual").start(Manual.class);
        KAFKA.send(topic, 0, "a", "same", "key");
        KAFKA.send(topic, 0, "a", "same", "key");
        KAFKA.send(topic, 1, "a", "same", "key");

        application.awaitDone();
        assertThat(listener.runs).hasValue(1);
    }

    @Test
    void aMessageThatIsSentAgainIsReplayedThoughItsHeadersAreNew() {
        Messages listener = application.start(Messages.class);
        KAFKA.send(topic, 0, "a", "same", "key");
        KAFKA.send(topic, 0, "a", "same", "key");
        KAFKA.send(topic, 1, "other", "same", "key");

        application.awaitDone();
        assertThat(listener.runs).hasValue(1);
        assertThat(application.deadLetters()).isEmpty();
    }

    @Test
    void aContainerOfTheApplicationsOwnFactoryDoesWhatIsAnsweredToo() {
        Messages listener = application.with(OwnFactory.class).start(Messages.class);
        KAFKA.send(topic, 0, "a", "no key", null);
        KAFKA.send(topic, 0, "a", "behind it", "key");

        application.awaitDone();
        assertThat(application.deadLetters()).extracting(ConsumerRecord::value).containsExactly("no key");
        assertThat(listener.runs).hasValue(1);
    }

    @Test
    void aReplayIsAcknowledgedByTheHeaderAndForAHandlerOfAClass() {
        Handlers listener =
                application.with("spring.kafka.listener.ack-mode=manual").start(Handlers.class);
        KAFKA.send(topic, 0, "a", "same", "key");
        KAFKA.send(topic, 0, "a", "same", "key");

        application.awaitDone();
        assertThat(listener.runs).hasValue(1);
    }

    @Test
    void aRecordWithoutAKeyGoesToTheDeadLettersAtOnceAndIsNotRun() {
        Messages listener = application.start(Messages.class);
        KAFKA.send(topic, 0, "a", "no key", null);
        KAFKA.send(topic, 0, "a", "behind it", "key");

        application.awaitDone();
        assertThat(application.deadLetters()).extracting(ConsumerRecord::value).containsExactly("no key");
        assertThat(listener.runs).hasValue(1);
        assertThat(application.deliveries()).isEqualTo(2);
    }

    @Test
    void aRecordWithTheKeyOfAnotherGoesToTheDeadLettersAtOnce() {
        Messages listener = application.start(Messages.class);
        KAFKA.send(topic, 0, "a", "first", "key");
        KAFKA.send(topic, 0, "a", "second", "key");

        application.awaitDone();
        assertThat(application.deadLetters()).extracting(ConsumerRecord::value).containsExactly("second");
        assertThat(listener.runs).hasValue(1);
        assertThat(application.deliveries()).isEqualTo(2);
    }

    @Test
    void aRecordWhoseOutcomeIsUnknownGoesToTheDeadLettersAtOnce() {
        Unknown listener = application.start(Unknown.class);
        KAFKA.send(topic, 0, "a", "same", "key");

        // Its first run ends unknown, the container's policy delivers it again, and that is refused.
        application.awaitDone();
        assertThat(application.deadLetters()).hasSize(1);
        assertThat(listener.runs).hasValue(1);
        assertThat(application.deliveries()).isEqualTo(2);
    }

    @Test
    void aFailureOfTheListenerIsRepeatedAsOftenAsTheContainerDoesByItself() {
        Failing listener = application.start(Failing.class);
        KAFKA.send(topic, 0, "a", "same", "key");

        application.awaitDone();
        assertThat(listener.runs).hasValue(10);
        assertThat(application.deadLetters()).isEmpty();
    }

    @Test
    void theApplicationsOwnRecovererGetsWhatIsGivenUpForWhateverReason() {
        Failing listener = application.with(OwnRecoverer.class).start(Failing.class);
        KAFKA.send(topic, 0, "a", "fails", "key");
        KAFKA.send(topic, 0, "a", "no key", null);

        application.awaitDone();
        assertThat(application.deadLetters()).extracting(ConsumerRecord::value).containsExactly("fails", "no key");
        assertThat(listener.runs).hasValue(10);
    }

    @Test
    void aRecordedFailureIsThrownAgainWhenItsRecordIsDeliveredAgain() {
        Declined listener = application.with(OwnRecoverer.class).start(Declined.class);
        KAFKA.send(topic, 0, "a", "same", "key");

        application.awaitDone();
        assertThat(listener.runs).hasValue(1);
        assertThat(application.deliveries()).isEqualTo(10);
        assertThat(application.deadLetters()).hasSize(1);
    }

    @Test
    void aRecordedFailureIsAcknowledgedWhereThatIsConfigured() {
        Declined listener = application
                .with(OwnRecoverer.class)
                .with("idempotent.messaging.replayed-failures=drop")
                .start(Declined.class);
        KAFKA.send(topic, 0, "a", "same", "key");

        application.awaitDone();
        assertThat(listener.runs).hasValue(1);
        assertThat(application.deliveries()).isEqualTo(2);
        assertThat(application.deadLetters()).isEmpty();
    }

    @Test
    void aRecordWhoseStoreFailsIsDeliveredAgainUntilTheStoreIsBack() {
        Messages listener = application.with(FailingStore.class).start(Messages.class);
        application.bean(FailingStore.Store.class).failures.set(30);
        KAFKA.send(topic, 0, "a", "same", "key");

        application.awaitDone();
        assertThat(listener.runs).hasValue(1);
        // More often than Spring Kafka tries by itself; a claim is asked for several times with each delivery.
        assertThat(application.deliveries()).isGreaterThan(10);
        assertThat(application.deadLetters()).isEmpty();
    }

    @Test
    void theAnswerOfABeanThatTheListenerCallsCountsLikeItsOwn() {
        Calling listener = application.with(Called.class).start(Calling.class);
        KAFKA.send(topic, 0, "a", "first", "key");
        KAFKA.send(topic, 0, "a", "second", "key");
        KAFKA.send(topic, 0, "a", "first", "key");

        application.awaitDone();
        assertThat(application.deadLetters()).extracting(ConsumerRecord::value).containsExactly("second");
        assertThat(application.bean(Called.class).runs).hasValue(1);
        assertThat(listener.calls).hasValue(3);
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnHandler {

        @Bean
        DefaultErrorHandler handler() {
            return new DefaultErrorHandler();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnRecoverer {

        @Bean
        DeadLetterPublishingRecoverer recoverer(KafkaOperations<?, ?> operations) {
            return new DeadLetterPublishingRecoverer(operations);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class FailingStore {

        @Bean
        Store store() {
            return new Store(CaffeineIdempotencyStore.create());
        }

        static final class Store extends ForwardingIdempotencyStore {

            private final AtomicInteger failures = new AtomicInteger();

            Store(IdempotencyStore store) {
                super(store);
            }

            @Override
            public ClaimResult claim(ClaimRequest request) {
                if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                    throw new IdempotencyStoreException("planted", request.key(), new IllegalStateException("away"));
                }
                return super.claim(request);
            }
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnFactory {

        @Bean
        ConcurrentKafkaListenerContainerFactory<Object, Object> kafkaListenerContainerFactory(
                ConsumerFactory<Object, Object> consumers) {
            ConcurrentKafkaListenerContainerFactory<Object, Object> factory =
                    new ConcurrentKafkaListenerContainerFactory<>();
            factory.setConsumerFactory(consumers);
            factory.setConcurrency(2);
            return factory;
        }
    }

    @KafkaListener(topics = "${topic}")
    static class Handlers {
        final AtomicInteger runs = new AtomicInteger();

        @KafkaHandler
        @Idempotent(key = "@messageKeys.header(#message)", fingerprint = "#text")
        public void on(String text, Message<String> message) {
            runs.incrementAndGet();
            message.getHeaders()
                    .get(KafkaHeaders.ACKNOWLEDGMENT, Acknowledgment.class)
                    .acknowledge();
        }
    }

    /** Its first run waits, and fails; the next is done. */
    static class Slow {
        final AtomicInteger begun = new AtomicInteger();
        final AtomicInteger done = new AtomicInteger();
        final CountDownLatch end = new CountDownLatch(1);

        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "@messageKeys.of(#delivered)")
        public void on(ConsumerRecord<String, String> delivered) throws InterruptedException {
            if (begun.incrementAndGet() == 1) {
                end.await();
                throw new IllegalStateException("the first owner fails");
            }
            done.incrementAndGet();
        }
    }

    static class Manual {
        final AtomicInteger runs = new AtomicInteger();

        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "@messageKeys.header(#delivered)")
        public void on(ConsumerRecord<String, String> delivered, Acknowledgment acknowledgment) {
            runs.incrementAndGet();
            acknowledgment.acknowledge();
        }
    }

    static class Messages {
        final AtomicInteger runs = new AtomicInteger();

        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "@messageKeys.header(#message)")
        public void on(Message<String> message) {
            runs.incrementAndGet();
        }
    }

    static class Unknown {
        final AtomicInteger runs = new AtomicInteger();

        @KafkaListener(topics = "${topic}")
        @Idempotent(
                key = "@messageKeys.header(#message)",
                unknownOn = IllegalStateException.class,
                whenAbandoned = WhenAbandoned.REFUSE)
        public void on(Message<String> message) {
            runs.incrementAndGet();
            throw new IllegalStateException("nobody knows what was done");
        }
    }

    static class Failing {
        final AtomicInteger runs = new AtomicInteger();

        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "@messageKeys.header(#message)")
        public void on(Message<String> message) {
            runs.incrementAndGet();
            throw new IllegalStateException("fails");
        }
    }

    static class Declined {
        final AtomicInteger runs = new AtomicInteger();

        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "@messageKeys.header(#message)", recordFailures = IllegalStateException.class)
        public void on(Message<String> message) {
            runs.incrementAndGet();
            throw new IllegalStateException("declined");
        }
    }

    static class Calling {
        final AtomicInteger calls = new AtomicInteger();
        private final Called called;

        Calling(Called called) {
            this.called = called;
        }

        @KafkaListener(topics = "${topic}")
        public void on(ConsumerRecord<String, String> delivered) {
            calls.incrementAndGet();
            called.handle("one", delivered.value());
        }
    }

    static class Called {
        final AtomicInteger runs = new AtomicInteger();

        @Idempotent(key = "#id")
        public void handle(String id, String value) {
            runs.incrementAndGet();
        }
    }
}
