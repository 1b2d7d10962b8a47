package io.idempotent.spring.messaging.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.awspring.cloud.sqs.annotation.SqsListener;
import io.awspring.cloud.sqs.listener.acknowledgement.Acknowledgement;
import io.awspring.cloud.sqs.listener.errorhandler.AsyncErrorHandler;
import io.awspring.cloud.sqs.listener.interceptor.AsyncMessageInterceptor;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.messaging.MessageKeys;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.annotation.Header;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/** What a container of Spring Cloud AWS does with each answer of an idempotent method. */
@OnOneJdk("what a container does is no question of the JDK")
class SqsAnswersTest {

    private static final int MAXIMUM_DELIVERIES = 3;

    private SqsApplication application = new SqsApplication(MAXIMUM_DELIVERIES);

    @AfterEach
    void close() {
        application.close();
    }

    @Test
    void aMessageThatIsHeldForLongerThanItsVisibilityTimeoutIsOneDelivery() {
        Slow listener = application
                .with("visibility=1", "idempotent.messaging.redelivery-max-delay=1s")
                .with(CountingStore.class, Deliveries.class)
                .start(Slow.class);
        CountingStore store = application.bean(CountingStore.class);
        Thread owner = owner(() -> application.context().getBean(Slow.class).on(application.message("same", "key")));
        await().until(() -> listener.begun.get() == 1);
        application.send("same", "key");
        // The pauses double from 5 ms to a second: in all, they are more than the timeouts of as many deliveries.
        await().until(() -> store.claims.get() > 13);
        listener.end.countDown();

        assertHandledOnce(listener.done);
        await().until(() -> !owner.isAlive());
        assertThat(application.bean(Deliveries.class).count).hasValue(1);
    }

    @Test
    void aMessageWhoseFirstOwnerFailsIsHandledByTheOtherDelivery() {
        Slow listener = application.start(Slow.class);
        listener.fails.set(1);
        application.send("same", "key");
        await().until(() -> listener.begun.get() == 1);
        application.send("same", "key");
        listener.end.countDown();

        await().until(() -> listener.done.get() == 1);
        assertThat(listener.begun).hasValue(2);
    }

    @Test
    void aMessageOfAListenerThatIsNotIdempotentItselfComesAgainAfterAPause() {
        Calling listener = application.with(Service.class).start(Calling.class);
        Service service = application.bean(Service.class);
        application.send("same", "key");
        await().until(() -> service.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> listener.calls.get() == MAXIMUM_DELIVERIES);
        service.end.countDown();

        assertHandledOnce(service.done);
    }

    @Test
    void theRedrivePolicyTakesAMessageOfSuchAListenerAfterItsDeliveries() {
        Calling listener = application.with(Service.class).start(Calling.class);
        Service service = application.bean(Service.class);
        application.send("same", "key");
        await().until(() -> service.begun.get() == 1);
        application.send("same", "key");

        await().until(() -> application.givenUp() == 1);
        assertThat(listener.calls).hasValue(1 + MAXIMUM_DELIVERIES);
        service.end.countDown();
    }

    @Test
    void aBatchWithAMessageThatIsInProgressComesAgain() {
        Batch listener = application.with(Service.class).start(Batch.class);
        Service service = application.bean(Service.class);
        owner(() -> application.context().getBean(Service.class).run("key", "same"));
        await().until(() -> service.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> listener.calls.get() == 2);
        service.end.countDown();

        assertHandledOnce(service.done);
    }

    @Test
    void aMessageThatNoRedeliveryHelpsIsSentToTheDeadLetterQueueWithWhatHappened() {
        Slow listener = application.withDeadLetters().start(Slow.class);
        listener.end.countDown();
        application.send("no key", null);

        var letter = ElasticMq.receive(application.dead());
        await().until(application::isDone);
        assertThat(letter.body()).isEqualTo("no key");
        assertThat(attribute(letter, "amount")).isEqualTo("5");
        assertThat(attribute(letter, IdempotencyErrorHandlers.EXCEPTION))
                .isEqualTo(IdempotencyKeyException.class.getName());
        assertThat(attribute(letter, IdempotencyErrorHandlers.OPERATION)).isEqualTo("slow-on");
        assertThat(attribute(letter, IdempotencyErrorHandlers.ORIGINAL_ID))
                .isNotBlank()
                .isNotEqualTo(letter.messageId());
        assertThat(attribute(letter, IdempotencyErrorHandlers.ORIGINAL_QUEUE)).isEqualTo(application.queue());
        assertThat(listener.begun).hasValue(0);
        assertThat(application.givenUp()).isZero();
    }

    @Test
    void aMessageWithTheKeyOfAnotherIsADeadLetterThatKeepsItsKey() {
        Slow listener = application.withDeadLetters().start(Slow.class);
        listener.end.countDown();
        application.send("first", "key");
        await().until(() -> listener.done.get() == 1);
        application.send("second", "key");

        var letter = ElasticMq.receive(application.dead());
        assertThat(letter.body()).isEqualTo("second");
        assertThat(attribute(letter, MessageKeys.HEADER)).isEqualTo("key");
        assertThat(attribute(letter, IdempotencyErrorHandlers.EXCEPTION))
                .isEqualTo(IdempotencyKeyReusedException.class.getName());
        assertHandledOnce(listener.done);
    }

    @Test
    void withoutADeadLetterQueueTheRedrivePolicyTakesWhatNoRedeliveryHelps() {
        Slow listener = application.with("visibility=1").start(Slow.class);
        application.send("no key", null);

        await().until(() -> application.givenUp() == 1);
        assertThat(listener.begun).hasValue(0);
    }

    @Test
    void aDeadLetterThatCannotBeSentIsNotLost() {
        Slow listener = application
                .with("visibility=1", "idempotent.messaging.sqs-dead-letter-queue=is-not-there")
                .start(Slow.class);
        application.send("no key", null);

        await().until(() -> application.givenUp() == 1);
        assertThat(listener.begun).hasValue(0);
    }

    @Test
    void onlyFailuresOfTheListenerReachTheApplicationsErrorHandlerAndItsInterceptorsSeeAll() {
        Failing listener = application
                .withDeadLetters()
                .with("visibility=1")
                .with(Policy.class, Deliveries.class)
                .start(Failing.class);
        listener.fails.set(1);
        application.send("no key", null);
        application.send("same", "key");

        assertHandledOnce(listener.done);
        assertThat(application.bean(Policy.class).failures)
                .singleElement()
                .satisfies(failure -> assertThat(failure).hasRootCauseMessage("fails"));
        assertThat(application.bean(Deliveries.class).count).hasValue(3);
        assertThat(ElasticMq.count(application.dead())).isOne();
    }

    @Test
    void aMessageWhoseOutcomeIsUnknownIsADeadLetterOnItsRedelivery() {
        Unknown listener = application.withDeadLetters().start(Unknown.class);
        application.send("same", "key");

        assertThat(ElasticMq.receive(application.dead()).body()).isEqualTo("same");
        assertThat(listener.runs).hasValue(1);
    }

    @Test
    void aMessageIsHeldNoLongerWhenTheApplicationCloses() {
        Slow listener = application.with(CountingStore.class).start(Slow.class);
        CountingStore store = application.bean(CountingStore.class);
        Thread owner = owner(() -> application.context().getBean(Slow.class).on(application.message("same", "key")));
        await().until(() -> listener.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> store.claims.get() > 2);
        Thread closing = new Thread(application::close);
        closing.start();

        assertThat(ElasticMq.receive(application.queue()).body()).isEqualTo("same");
        assertThat(listener.done).hasValue(0);
        // What runs is waited for.
        listener.end.countDown();
        await().until(() -> !owner.isAlive() && !closing.isAlive());
    }

    @Test
    void whatAListenerDoesNotSeeIsAcknowledgedWhereItAcknowledgesItself() {
        Manual listener = application.withDeadLetters().start(Manual.class);
        application.send("same", "key");
        await().until(() -> application.isDone() && listener.done.get() == 1);
        application.send("same", "key");
        await().until(application::isDone);
        application.send("another", "key");

        assertThat(ElasticMq.receive(application.dead()).body()).isEqualTo("another");
        assertHandledOnce(listener.done);
    }

    @Test
    void whatAManualListenerDoesNotAcknowledgeComesAgain() {
        Manual listener = application.with("visibility=1").start(Manual.class);
        listener.forgets.set(1);
        application.send("same", "key");

        // Its redelivery is a replay.
        assertHandledOnce(listener.done);
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void aContainerThatAcknowledgesFailuresLosesWhatIsToComeAgainAndSaysSo(CapturedOutput output) {
        Always listener = application
                .with("logging.level.io.idempotent.spring.messaging.sqs=warn")
                .with(Service.class)
                .start(Always.class);
        Service service = application.bean(Service.class);
        owner(() -> application.context().getBean(Service.class).run("key", "same"));
        await().until(() -> service.begun.get() == 1);
        application.send("same", "key");

        await().until(() -> listener.calls.get() == 1 && application.isDone());
        assertThat(output).contains("let the acknowledgement mode be ON_SUCCESS or MANUAL");
        service.end.countDown();
    }

    @Test
    void aQueueInOrderPassesByWhatIsRefusedAndItsDeduplicationIdIsNoKey() {
        application = new SqsApplication(MAXIMUM_DELIVERIES, ".fifo");
        InOrder listener = application.withDeadLetters().start(InOrder.class);
        application.send("first", "one");
        application.send("no key", null);
        application.send("first", "one");
        application.send("last", "two");

        await().until(() -> listener.bodies.size() == 2);
        await().until(application::isDone);
        assertThat(listener.bodies).containsExactly("first", "last");
        assertThat(ElasticMq.receive(application.dead()).attributes())
                .containsEntry(MessageSystemAttributeName.MESSAGE_GROUP_ID, "group");
    }

    private static String attribute(software.amazon.awssdk.services.sqs.model.Message letter, String name) {
        return letter.messageAttributes().get(name).stringValue();
    }

    /** Makes a call that is no container's. */
    private static Thread owner(Call call) {
        Thread owner = new Thread(() -> {
            try {
                call.make();
            } catch (InterruptedException failure) {
                throw new IllegalStateException(failure);
            }
        });
        owner.start();
        return owner;
    }

    @FunctionalInterface
    private interface Call {
        void make() throws InterruptedException;
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

        @SqsListener(value = "${queue}", messageVisibilitySeconds = "${visibility:30}")
        @Idempotent(key = "@messageKeys.header(#message)", operation = "slow-on")
        public void on(Message<String> message) throws InterruptedException {
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

        @SqsListener("${queue}")
        public void on(String body, @Header("Idempotency-Key") String key) throws InterruptedException {
            calls.incrementAndGet();
            service.run(key, body);
        }
    }

    static class Always {

        private final AtomicInteger calls = new AtomicInteger();
        private final Service service;

        Always(Service service) {
            this.service = service;
        }

        @SqsListener(value = "${queue}", acknowledgementMode = "ALWAYS")
        public void on(String body, @Header("Idempotency-Key") String key) throws InterruptedException {
            calls.incrementAndGet();
            service.run(key, body);
        }
    }

    static class Batch {

        private final AtomicInteger calls = new AtomicInteger();
        private final Service service;

        Batch(Service service) {
            this.service = service;
        }

        @SqsListener("${queue}")
        public void on(List<Message<String>> messages) throws InterruptedException {
            calls.incrementAndGet();
            for (Message<String> message : messages) {
                service.run(message.getHeaders().get(MessageKeys.HEADER, String.class), message.getPayload());
            }
        }
    }

    static class Failing {

        private final AtomicInteger done = new AtomicInteger();
        private final AtomicInteger fails = new AtomicInteger();

        @SqsListener(value = "${queue}", messageVisibilitySeconds = "${visibility}")
        @Idempotent(key = "@messageKeys.header(#message)")
        public void on(Message<String> message) {
            if (fails.getAndDecrement() > 0) {
                throw new IllegalStateException("fails");
            }
            done.incrementAndGet();
        }
    }

    static class Unknown {

        private final AtomicInteger runs = new AtomicInteger();

        @SqsListener(value = "${queue}", messageVisibilitySeconds = "1")
        @Idempotent(
                key = "@messageKeys.of(#message)",
                unknownOn = IllegalStateException.class,
                whenAbandoned = WhenAbandoned.REFUSE)
        public void on(Message<String> message) {
            runs.incrementAndGet();
            throw new IllegalStateException("timed out");
        }
    }

    static class Manual {

        private final AtomicInteger done = new AtomicInteger();
        private final AtomicInteger forgets = new AtomicInteger();

        @SqsListener(value = "${queue}", acknowledgementMode = "MANUAL", messageVisibilitySeconds = "${visibility:30}")
        @Idempotent(key = "#key")
        public void on(String body, @Header("Idempotency-Key") String key, Acknowledgement acknowledgement) {
            done.incrementAndGet();
            if (forgets.getAndDecrement() <= 0) {
                acknowledgement.acknowledge();
            }
        }
    }

    static class InOrder {

        private final Queue<String> bodies = new ConcurrentLinkedQueue<>();

        @SqsListener("${queue}")
        @Idempotent(key = "@messageKeys.header(#message)")
        public void on(Message<String> message) {
            bodies.add(message.getPayload());
        }
    }

    /** Fails, too, as an error handler of an application may. */
    static class Policy implements AsyncErrorHandler<Object> {

        private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

        @Override
        public CompletableFuture<Void> handle(Message<Object> message, Throwable failure) {
            failures.add(failure);
            return CompletableFuture.failedFuture(failure);
        }
    }

    /** Counts what listeners get, and leaves the container's threads. */
    static class Deliveries implements AsyncMessageInterceptor<Object> {

        private final AtomicInteger count = new AtomicInteger();

        @Override
        public CompletableFuture<Message<Object>> intercept(Message<Object> message) {
            count.incrementAndGet();
            return CompletableFuture.supplyAsync(
                    () -> message, CompletableFuture.delayedExecutor(10, TimeUnit.MILLISECONDS));
        }
    }

    static class CountingStore extends ForwardingIdempotencyStore {

        private final AtomicInteger claims = new AtomicInteger();

        CountingStore() {
            super(CaffeineIdempotencyStore.create());
        }

        @Override
        public ClaimResult claim(ClaimRequest request) {
            claims.incrementAndGet();
            return super.claim(request);
        }
    }
}
