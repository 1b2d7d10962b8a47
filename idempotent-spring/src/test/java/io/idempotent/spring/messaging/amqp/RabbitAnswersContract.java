package io.idempotent.spring.messaging.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.RecordedOutcome;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitHandler;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.support.AmqpHeaders;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.amqp.autoconfigure.SimpleRabbitListenerContainerFactoryConfigurer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.SendTo;

/** What a container of Spring AMQP does with each answer of an idempotent method, as Spring Boot configures it. */
abstract class RabbitAnswersContract {

    private static final String[] RETRY = {
        "spring.rabbitmq.listener.simple.retry.enabled=true",
        "spring.rabbitmq.listener.simple.retry.max-retries=2",
        "spring.rabbitmq.listener.simple.retry.initial-interval=1ms",
        "spring.rabbitmq.listener.direct.retry.enabled=true",
        "spring.rabbitmq.listener.direct.retry.max-retries=2",
        "spring.rabbitmq.listener.direct.retry.initial-interval=1ms"
    };

    private static final String[] STATEFUL = {"spring.rabbitmq.listener.simple.retry.stateless=false"};

    private static final String[] REJECTING = {
        "spring.rabbitmq.listener.simple.default-requeue-rejected=false",
        "spring.rabbitmq.listener.direct.default-requeue-rejected=false"
    };

    private static final String[] MANUAL = {
        "spring.rabbitmq.listener.simple.acknowledge-mode=manual",
        "spring.rabbitmq.listener.direct.acknowledge-mode=manual"
    };

    final RabbitApplication application;

    RabbitAnswersContract(AmqpBroker broker) {
        application = new RabbitApplication(broker);
    }

    @AfterEach
    void remove() {
        application.remove();
    }

    private static String type(String type) {
        return "spring.rabbitmq.listener.type=" + type;
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "direct"})
    void aMessageWhoseKeyIsInProgressIsHeldAndReplayedThoughTheContainerRejectsFailures(String type) {
        Slow listener = application.with(type(type)).with(RETRY).with(REJECTING).start(Slow.class);
        application.send("same", "key");
        await().until(() -> listener.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> application.deliveries() == 2);
        listener.end.countDown();

        assertHandledOnce(listener.done);
        assertThat(application.deliveries()).isEqualTo(2);
    }

    @Test
    void aMessageWhoseFirstOwnerFailsIsHandledByTheOtherDelivery() {
        Slow listener = application.start(Slow.class);
        listener.fails.set(1);
        application.send("same", "key");
        await().until(() -> listener.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> application.deliveries() == 2);
        listener.end.countDown();

        assertHandledOnce(listener.done);
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "direct"})
    void aMessageOfAListenerThatIsNotIdempotentItselfGoesBackToItsQueueAndIsNoFailedAttempt(String type) {
        Calling listener = application
                .with(type(type))
                .with(RETRY)
                .with(REJECTING)
                .with(Slow.Service.class)
                .start(Calling.class);
        Slow.Service service = application.bean(Slow.Service.class);
        application.send("same", "key");
        await().until(() -> service.begun.get() == 1);
        application.send("same", "key");
        // One delivery that runs, and more than a retry or its recoverer would allow.
        await().until(() -> listener.calls.get() > 10);
        service.end.countDown();

        assertHandledOnce(service.done);
    }

    @Test
    void statefulRetryDoesNotCountWhatGoesBackEvenWithoutAMessageId() {
        Calling listener = application
                .with(RETRY)
                .with(STATEFUL)
                .with(REJECTING)
                .with(Slow.Service.class)
                .start(Calling.class);
        Slow.Service service = application.bean(Slow.Service.class);
        application.send("same", "key");
        await().until(() -> service.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> listener.calls.get() > 10);
        service.end.countDown();

        assertHandledOnce(service.done);
    }

    @Test
    void aKeyInProgressOnALaterAttemptOfARetryIsNoFailedAttemptEither() {
        FirstFailing listener =
                application.with(RETRY).with(REJECTING).with(Slow.Service.class).start(FirstFailing.class);
        Slow.Service service = application.bean(Slow.Service.class);
        application.send("same", "key");
        await().until(() -> service.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> listener.calls.get() > 10);
        service.end.countDown();

        assertHandledOnce(service.done);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2m", "0"})
    void aMessageWhoseStoreFailsIsHeldOrGoesBackUntilTheStoreWorks(String holdAtMost) {
        Slow listener = application
                .with("idempotent.messaging.hold-at-most=" + holdAtMost)
                .with(REJECTING)
                .with(UnreliableStore.class)
                .start(Slow.class);
        listener.end.countDown();
        application.send("same", "key");

        assertHandledOnce(listener.done);
        assertThat(UnreliableStore.FAILURES).hasValueLessThan(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "direct"})
    void aMessageWithoutAKeyIsADeadLetterAtOnceAndIsNotRun(String type) {
        Slow listener = application.with(type(type)).with(RETRY).start(Slow.class);
        listener.end.countDown();
        application.send("no key", null);
        application.send("another", "key");

        assertDeadLetter("no key");
        assertThat(application.deliveries()).isEqualTo(2);
        assertThat(listener.done).hasValue(1);
    }

    @Test
    void aMessageWithTheKeyOfAnotherIsADeadLetterAtOnce() {
        Slow listener = application.start(Slow.class);
        listener.end.countDown();
        application.send("first", "key");
        await().until(() -> listener.done.get() == 1);
        application.send("second", "key");

        assertDeadLetter("second");
        assertThat(application.deliveries()).isEqualTo(2);
    }

    @Test
    void aMessageThatWasADeadLetterBeforeIsOneAgainAndIsNotDropped() {
        Slow listener = application.start(Slow.class);
        application.send("no key", null, message -> {
            message.getMessageProperties()
                    .setHeader("x-death", List.of(Map.of("queue", application.queue(), "count", 1L)));
            return message;
        });

        assertDeadLetter("no key");
        assertThat(listener.begun).hasValue(0);
    }

    @Test
    void aMessageWhoseOutcomeIsUnknownIsADeadLetterAtOnce() {
        Unknown listener = application.start(Unknown.class);
        application.send("same", "key");

        // Its first run ends unknown, the container delivers it again, and that is refused.
        assertDeadLetter("same");
        assertThat(listener.runs).hasValue(1);
        assertThat(application.deliveries()).isEqualTo(2);
    }

    @Test
    void aFailureOfTheListenerGoesBackAsItDoesWithoutThis() {
        Failing listener = application.start(Failing.class);
        listener.fails.set(20);
        application.send("same", "key");

        assertHandledOnce(listener.done);
        assertThat(application.deliveries()).isEqualTo(21);
    }

    @Test
    void aFailureOfTheListenerIsRetriedAndRejectedAsSpringBootConfiguresIt() {
        Failing listener = application.with(RETRY).start(Failing.class);
        listener.fails.set(20);
        application.send("same", "key");

        assertDeadLetter("same");
        assertThat(listener.fails).hasValue(20 - 3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "direct"})
    void aReplayIsAcknowledgedInPlaceOfAListenerThatAcknowledgesItself(String type) {
        Acknowledging listener = application.with(type(type)).with(MANUAL).start(Acknowledging.class);
        application.send("same", "key");
        application.send("same", "key");
        application.send("same", "key");
        await().until(() -> application.deliveries() == 3);

        assertHandledOnce(listener.runs);
        assertThat(application.failedConsumers()).isZero();
    }

    @Test
    void aReplayIsAcknowledgedWhereTheAnnotationSaysThatTheListenerAcknowledges() {
        AcknowledgingByAnnotation listener = application.start(AcknowledgingByAnnotation.class);
        application.send("same", "key");
        application.send("same", "key");
        await().until(() -> application.deliveries() == 2);

        assertHandledOnce(listener.runs);
        assertThat(application.failedConsumers()).isZero();
    }

    @Test
    void aHandlerOfAListenerClassIsAnswered() {
        Handlers listener = application.with(MANUAL).start(Handlers.class);
        application.send("same", "key");
        application.send("same", "key");
        await().until(() -> application.deliveries() == 2);

        assertHandledOnce(listener.runs);
        assertThat(application.failedConsumers()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "direct"})
    void aReplayIsAcknowledgedOnceWhereTheContainerAcknowledges(String type) {
        WithChannel listener = application.with(type(type)).start(WithChannel.class);
        application.send("same", "key");
        application.send("same", "key");
        application.send("same", "key");
        await().until(() -> application.deliveries() == 3);

        assertHandledOnce(listener.runs);
        // A second acknowledgement closes the channel, and the next message is delivered again.
        assertThat(application.deliveries()).isEqualTo(3);
        assertThat(application.failedConsumers()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "direct"})
    void aMessageThatIsToBeDeliveredAgainGoesBackWhereTheListenerAcknowledges(String type) {
        AcknowledgingCaller listener = application
                .with(type(type))
                .with(MANUAL)
                .with(Slow.Service.class)
                .start(AcknowledgingCaller.class);
        Slow.Service service = application.bean(Slow.Service.class);
        application.send("same", "key");
        await().until(() -> service.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> listener.calls.get() > 10);
        service.end.countDown();

        assertHandledOnce(service.done);
        assertThat(application.failedConsumers()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "direct"})
    void aMessageThatNoRedeliveryHelpsIsRejectedAloneWhereTheListenerAcknowledges(String type) {
        Acknowledging listener = application.with(type(type)).with(MANUAL).start(Acknowledging.class);
        application.send("no key", null);
        application.send("same", "key");

        assertDeadLetter("no key");
        assertThat(listener.runs).hasValue(1);
        assertThat(application.failedConsumers()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "direct"})
    void whatTheMethodAcknowledgedIsLeftWhenItsClaimIsLostAfterwards(String type) {
        Acknowledging listener = application
                .with(type(type))
                .with(MANUAL)
                .with(LosingStore.class)
                .start(Acknowledging.class);
        application.send("same", "key");
        application.send("other", "other");
        await().until(() -> listener.runs.get() == 2);
        await().until(application::isDrained);

        assertThat(application.left()).isZero();
        assertThat(application.deliveries()).isEqualTo(2);
        assertThat(application.failedConsumers()).isZero();
    }

    @Test
    void aListenerThatCallsAMethodOfAnotherListenerIsNotAcknowledgedInItsPlace() {
        CallingListener listener = application
                .with(MANUAL)
                .with("other=" + next())
                .with(OtherListener.class)
                .start(CallingListener.class);
        application.send("same", "key");
        application.send("same", "key");
        await().until(() -> listener.calls.get() == 2);
        assertThat(application.bean(OtherListener.class).runs).hasValue(1);

        assertThat(application.left()).isEqualTo(2);
    }

    @Test
    void aKeyInProgressIsNotDroppedThoughAllFailuresAreRecordedAndDropped() {
        Recording listener = application
                .with("idempotent.messaging.replayed-failures=drop", "idempotent.messaging.hold-at-most=0")
                .start(Recording.class);
        application.send("same", "key");
        await().until(() -> listener.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> application.deliveries() > 10);
        listener.end.countDown();

        assertHandledOnce(listener.done);
    }

    @Test
    void anErrorHandlerOfTheApplicationStaysAndSeesTheFailures() {
        Slow listener = application.with(OwnErrorHandler.class).start(Slow.class);
        OwnErrorHandler handler = application.bean(OwnErrorHandler.class);
        application.send("no key", null);

        assertDeadLetter("no key");
        assertThat(handler.seen).hasValue(1);
        assertThat(listener.begun).hasValue(0);
    }

    @Test
    void aMessageIsHeldNoLongerWhenTheApplicationCloses() {
        Slow listener = application.start(Slow.class);
        application.send("same", "key");
        await().until(() -> listener.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> application.deliveries() == 2);
        Thread closing = new Thread(application::close);
        closing.start();
        // The first delivery ends by itself, the second would be held for two minutes.
        await().until(() -> !application.context().isActive());
        listener.fails.set(1);
        listener.end.countDown();

        await().atMost(Duration.ofSeconds(4)).until(() -> !closing.isAlive());
        assertThat(listener.done).hasValue(0);
        assertThat(application.left()).isEqualTo(2);
    }

    @Test
    void aReplySentAgainIsTheRecordedOne() {
        String replies = application.declare(new Queue("replies-" + application.queue()));
        Replying listener = application.with("replies=" + replies).start(Replying.class);
        application.send("same", "key");
        application.send("same", "key");
        await().until(() -> application.deliveries() == 2);

        List<String> received = List.of(
                new String(application.template().receive(replies, 10_000).getBody(), StandardCharsets.UTF_8),
                new String(application.template().receive(replies, 10_000).getBody(), StandardCharsets.UTF_8));
        assertThat(received).containsExactly("same, run 1", "same, run 1");
        assertHandledOnce(listener.runs);
    }

    @Test
    void whatAnExecutionSendsBySpringBootsTemplateBearsItsKey() {
        Sending listener = application.with("next=" + next()).start(Sending.class);
        application.send("same", "key");

        Message sent = application.template().receive(next(), 10_000);
        assertThat((String) sent.getMessageProperties().getHeader("Idempotency-Key"))
                .isNotEmpty()
                .isNotEqualTo("key");
        assertHandledOnce(listener.runs);
    }

    private String next() {
        return application.declare(new Queue("next-" + application.queue()));
    }

    final void assertHandledOnce(AtomicInteger handled) {
        await().until(() -> handled.get() == 1);
        await().until(application::isDrained);
        assertThat(application.left()).isZero();
        assertThat(handled).hasValue(1);
        assertThat(application.deadLetters()).isEmpty();
    }

    final void assertDeadLetter(String body) {
        await().untilAsserted(() -> assertThat(application.deadLetters()).containsExactly(body));
        assertThat(application.left()).isZero();
        assertThat(application.deadLetters()).isEmpty();
    }

    /** Runs until it is told to end. */
    static class Slow {

        private final AtomicInteger begun = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private final AtomicInteger fails = new AtomicInteger();
        private final CountDownLatch end = new CountDownLatch(1);

        @RabbitListener(queues = "${queue}")
        @Idempotent(key = "@messageKeys.header(#message)")
        public void on(Message message) throws InterruptedException {
            run();
        }

        void run() throws InterruptedException {
            begun.incrementAndGet();
            end.await();
            if (fails.getAndDecrement() > 0) {
                throw new IllegalStateException("fails");
            }
            done.incrementAndGet();
        }

        /** The same where a listener calls it. */
        static class Service {

            final AtomicInteger begun = new AtomicInteger();
            final AtomicInteger done = new AtomicInteger();
            final CountDownLatch end = new CountDownLatch(1);

            @Idempotent(key = "#key")
            public void run(String key, String body) throws InterruptedException {
                begun.incrementAndGet();
                end.await();
                done.incrementAndGet();
            }
        }
    }

    /** Records whatever fails. */
    static class Recording extends Slow.Service {

        @RabbitListener(queues = "${queue}")
        @Idempotent(key = "@messageKeys.header(#message)", recordFailures = RuntimeException.class)
        public void on(Message message) throws InterruptedException {
            run("key", "body");
        }
    }

    static class Calling {

        private final AtomicInteger calls = new AtomicInteger();
        private final Slow.Service service;

        Calling(Slow.Service service) {
            this.service = service;
        }

        @RabbitListener(queues = "${queue}")
        public void on(String body, @Header("Idempotency-Key") String key) throws InterruptedException {
            calls.incrementAndGet();
            service.run(key, body);
        }
    }

    static class FirstFailing {

        private final AtomicInteger calls = new AtomicInteger();
        private final Slow.Service service;

        FirstFailing(Slow.Service service) {
            this.service = service;
        }

        @RabbitListener(queues = "${queue}")
        public void on(String body, @Header("Idempotency-Key") String key) throws InterruptedException {
            if (calls.incrementAndGet() % 2 == 1) {
                throw new IllegalStateException("The first attempt fails");
            }
            service.run(key, body);
        }
    }

    static class Unknown {

        private final AtomicInteger runs = new AtomicInteger();

        @RabbitListener(queues = "${queue}")
        @Idempotent(
                key = "@messageKeys.header(#message)",
                unknownOn = IllegalStateException.class,
                whenAbandoned = WhenAbandoned.REFUSE)
        public void on(Message message) {
            runs.incrementAndGet();
            throw new IllegalStateException("timed out");
        }
    }

    static class Failing {

        private final AtomicInteger done = new AtomicInteger();
        private final AtomicInteger fails = new AtomicInteger();

        @RabbitListener(queues = "${queue}")
        @Idempotent(key = "@messageKeys.header(#message)")
        public void on(Message message) {
            if (fails.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                throw new IllegalStateException("fails");
            }
            done.incrementAndGet();
        }
    }

    static class Acknowledging {

        private final AtomicInteger runs = new AtomicInteger();

        @RabbitListener(queues = "${queue}")
        @Idempotent(key = "@messageKeys.header(#message)")
        public void on(Message message, Channel channel, @Header(AmqpHeaders.DELIVERY_TAG) long tag)
                throws IOException {
            runs.incrementAndGet();
            channel.basicAck(tag, false);
        }
    }

    /** Keeps its messages. */
    static class CallingListener {

        private final AtomicInteger calls = new AtomicInteger();
        private final OtherListener other;

        CallingListener(OtherListener other) {
            this.other = other;
        }

        @RabbitListener(queues = "${queue}")
        public void on(Message message) {
            other.on(message);
            calls.incrementAndGet();
        }
    }

    static class OtherListener {

        private final AtomicInteger runs = new AtomicInteger();

        @RabbitListener(queues = "${other}")
        @Idempotent(key = "@messageKeys.header(#message)")
        public void on(Message message) {
            runs.incrementAndGet();
        }
    }

    static class AcknowledgingByAnnotation {

        private final AtomicInteger runs = new AtomicInteger();

        @RabbitListener(queues = "${queue}", ackMode = "MANUAL")
        @Idempotent(key = "#key")
        public void on(
                String body,
                Channel channel,
                @Header("Idempotency-Key") String key,
                @Header(AmqpHeaders.DELIVERY_TAG) long tag)
                throws IOException {
            runs.incrementAndGet();
            channel.basicAck(tag, false);
        }
    }

    @RabbitListener(queues = "${queue}")
    static class Handlers {

        private final AtomicInteger runs = new AtomicInteger();

        @RabbitHandler
        @Idempotent(key = "#key")
        public void on(
                String body,
                Channel channel,
                @Header("Idempotency-Key") String key,
                @Header(AmqpHeaders.DELIVERY_TAG) long tag)
                throws IOException {
            runs.incrementAndGet();
            channel.basicAck(tag, false);
        }
    }

    static class WithChannel {

        private final AtomicInteger runs = new AtomicInteger();

        @RabbitListener(queues = "${queue}")
        @Idempotent(key = "@messageKeys.header(#message)")
        public void on(Message message, Channel channel, @Header(AmqpHeaders.DELIVERY_TAG) long tag) {
            runs.incrementAndGet();
        }
    }

    static class AcknowledgingCaller {

        final AtomicInteger calls = new AtomicInteger();
        private final Slow.Service service;
        private final boolean acknowledges;

        AcknowledgingCaller(Slow.Service service, @Value("${mode:manual}") String mode) {
            this.service = service;
            this.acknowledges = mode.equals("manual");
        }

        @RabbitListener(queues = "${queue}")
        public void on(Message message, Channel channel) throws IOException, InterruptedException {
            calls.incrementAndGet();
            service.run(
                    message.getMessageProperties().getHeader("Idempotency-Key"),
                    new String(message.getBody(), StandardCharsets.UTF_8));
            if (acknowledges) {
                channel.basicAck(message.getMessageProperties().getDeliveryTag(), false);
            }
        }
    }

    static class Sending {

        private final AtomicInteger runs = new AtomicInteger();
        private final RabbitTemplate template;
        private final String next;

        Sending(RabbitTemplate template, @Value("${next}") String next) {
            this.template = template;
            this.next = next;
        }

        @RabbitListener(queues = "${queue}")
        @Idempotent(key = "@messageKeys.header(#message)")
        public void on(Message message) {
            template.convertAndSend(next, "sent");
            runs.incrementAndGet();
        }
    }

    static class Replying {

        private final AtomicInteger runs = new AtomicInteger();

        @RabbitListener(queues = "${queue}")
        @SendTo("${replies}")
        @Idempotent(key = "@messageKeys.header(#message)")
        public String on(Message message) {
            return new String(message.getBody(), StandardCharsets.UTF_8) + ", run " + runs.incrementAndGet();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class UnreliableStore {

        static final AtomicInteger FAILURES = new AtomicInteger();

        @Bean
        IdempotencyStore unreliable() {
            FAILURES.set(5);
            return new ForwardingIdempotencyStore(CaffeineIdempotencyStore.create()) {
                @Override
                public ClaimResult claim(ClaimRequest request) {
                    if (FAILURES.getAndDecrement() > 0) {
                        throw new IdempotencyStoreException(
                                "The store is down", request.key(), new IllegalStateException("down"));
                    }
                    return super.claim(request);
                }
            };
        }
    }

    /** Loses the first claim when it is to be completed. */
    @Configuration(proxyBeanMethods = false)
    static class LosingStore {

        @Bean
        IdempotencyStore losing() {
            AtomicInteger completions = new AtomicInteger();
            return new ForwardingIdempotencyStore(CaffeineIdempotencyStore.create()) {
                @Override
                public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
                    return completions.incrementAndGet() > 1 && super.complete(claim, outcome, retention);
                }
            };
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnErrorHandler {

        final AtomicInteger seen = new AtomicInteger();

        @Bean
        SimpleRabbitListenerContainerFactory rabbitListenerContainerFactory(
                SimpleRabbitListenerContainerFactoryConfigurer configurer, ConnectionFactory connections) {
            SimpleRabbitListenerContainerFactory factory = new SimpleRabbitListenerContainerFactory();
            configurer.configure(factory, connections);
            factory.setErrorHandler(failure -> seen.incrementAndGet());
            return factory;
        }
    }
}
