package io.idempotent.spring.messaging.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.messaging.MessageKeys;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.BackOff;
import org.springframework.kafka.annotation.DltHandler;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.annotation.RetryableTopic;
import org.springframework.kafka.core.KafkaOperations;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.BatchListenerFailedException;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.messaging.handler.annotation.SendTo;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/** What listeners of Kafka may be, beside those of one record each. */
@OnOneJdk("what a container does is no question of the JDK")
class KafkaListenersTest {

    private static final KafkaBroker KAFKA = KafkaBroker.shared();

    private final ListenerApplication application = new ListenerApplication(2);

    private final String topic = application.topic();

    @AfterEach
    void close() {
        application.close();
    }

    @ParameterizedTest
    @ValueSource(classes = {BatchOfRecords.class, BatchOfMessages.class, BatchByPoll.class, BatchDeclared.class})
    void anIdempotentMethodThatGetsBatchesIsRefused(Class<?> listener) {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> application.start(listener))
                .withMessageContaining("gets batches of messages")
                .satisfies(refusal -> assertThat(refusal.action()).contains("BatchListenerFailedException"));
    }

    @Test
    void aBatchListenerThatCallsAnIdempotentBeanForEachRecordRunsEachOnceAndPutsAsideWhatIsRefused() {
        Batches listener = application.with(Each.class).start(Batches.class);
        for (int number = 0; number < 6; number++) {
            KAFKA.send(topic, 0, "a", "value " + number % 3, number == 4 ? null : "key " + number % 3);
        }

        application.awaitDone();
        assertThat(application.bean(Each.class).handled).containsExactlyInAnyOrder("value 0", "value 1", "value 2");
        assertThat(application.deadLetters()).extracting(ConsumerRecord::value).containsExactly("value 1");
        assertThat(listener.batches).hasPositiveValue();
    }

    @Test
    void theReplyOfAReplayIsTheRecordedOne() {
        String replies = KAFKA.topic(1);
        Replying listener = application.with("replies=" + replies).start(Replying.class);
        KAFKA.send(topic, 0, "a", "same", "key");
        KAFKA.send(topic, 0, "a", "same", "key");

        application.awaitDone();
        await().until(() -> KAFKA.read(replies, 1).size() == 2);
        assertThat(KAFKA.read(replies, 1)).extracting(ConsumerRecord::value).containsExactly("run 1", "run 1");
        assertThat(listener.runs).hasValue(1);
    }

    @Test
    void whatAnExecutionSendsBearsAKeyThatIsTheSameWithEachAttempt() {
        String sent = KAFKA.topic(1);
        Sending listener = application.with("sent=" + sent).start(Sending.class);
        KAFKA.send(topic, 0, "a", "value", "key");

        application.awaitDone();
        List<ConsumerRecord<String, String>> records = KAFKA.read(sent, 1);
        assertThat(listener.runs).hasValue(2);
        assertThat(records).extracting(ConsumerRecord::value).containsExactly("one", "two", "own", "one", "two", "own");
        List<String> keys = records.stream().map(KafkaListenersTest::key).toList();
        assertThat(keys.subList(0, 3)).isEqualTo(keys.subList(3, 6)).doesNotHaveDuplicates();
        assertThat(keys.get(2)).isEqualTo("mine");
    }

    @Test
    void whatIsSentOutsideOfAnExecutionBearsNoKey() {
        Sending listener = application.start(Sending.class);
        String sent = KAFKA.topic(1);
        listener.template.send(sent, "value").join();

        assertThat(KAFKA.read(sent, 1).get(0).headers().lastHeader(MessageKeys.HEADER))
                .isNull();
    }

    @Test
    void pausesThatAreLongerThanKafkaWaitsForTheNextPollAreRefused() {
        assertThatExceptionOfType(RuntimeException.class)
                .isThrownBy(() -> application
                        .with(
                                "spring.kafka.consumer.max-poll-interval=10s",
                                "idempotent.messaging.redelivery-max-delay=10s")
                        .start(Sending.class))
                .withRootCauseInstanceOf(IdempotencyConfigurationException.class)
                .withStackTraceContaining("max.poll.interval.ms = 10000");
    }

    @Test
    void aTombstoneIsARequestLikeAnother() {
        Tombstones listener = application.start(Tombstones.class);
        KAFKA.send(topic, 0, "gone", null, null);
        KAFKA.send(topic, 0, "gone", null, null);
        KAFKA.send(topic, 0, "gone", "no tombstone", null);

        application.awaitDone();
        assertThat(listener.deleted).containsExactly("gone");
        assertThat(application.deadLetters()).extracting(ConsumerRecord::value).containsExactly("no tombstone");
    }

    @Test
    void aRecordThatCannotBeReadIsTheContainersAndNoKeyIsAskedFor() {
        Numbers listener = application
                .with(
                        "spring.kafka.consumer.value-deserializer="
                                + "org.springframework.kafka.support.serializer.ErrorHandlingDeserializer",
                        "spring.kafka.consumer.properties.spring.deserializer.value.delegate.class="
                                + "org.apache.kafka.common.serialization.IntegerDeserializer")
                .start(Numbers.class);
        KAFKA.send(topic, 0, "a", "no number", "key");
        KAFKA.send(topic, 0, "a", "four", "other");

        application.awaitDone();
        assertThat(listener.runs).hasValue(1);
        assertThat(application.deadLetters()).isEmpty();
    }

    @Test
    void twoGroupsAreTwoOperations() {
        TwoGroups listener = application.start(TwoGroups.class);
        KAFKA.send(topic, 0, "a", "same", "key");
        KAFKA.send(topic, 1, "a", "same", "key");

        application.awaitDone();
        await().until(() -> KAFKA.lag(topic + "-other", topic, 2) == 0);
        assertThat(listener.first).hasValue(1);
        assertThat(listener.second).hasValue(1);
    }

    @Test
    void retryTopicsTakeARecordInProgressAwayAndItIsHandledFromThere() {
        Retried listener = application.with(RetryTopics.class).start(Retried.class);
        KAFKA.send(topic, 0, "a", "same", "key");
        await().until(() -> listener.begun.get() == 1);
        KAFKA.send(topic, 1, "a", "same", "key");
        KAFKA.send(topic, 1, "a", "behind it", "other");
        KAFKA.send(topic, 1, "a", "no key", null);

        // What stands behind it need not wait.
        await().until(() -> listener.done.contains("behind it"));
        await().until(() -> listener.refused.get() == 1);
        listener.end.countDown();

        await().until(() -> listener.done.contains("same"));
        assertThat(listener.done).containsExactly("behind it", "same");
    }

    @Test
    void inAKafkaTransactionARecordInProgressIsDeliveredAgainAfterTheRollback() {
        String sent = KAFKA.topic(1);
        InTransaction listener = application
                .with("sent=" + sent, "spring.kafka.producer.transaction-id-prefix=" + topic)
                .start(InTransaction.class);
        KAFKA.send(topic, 0, "a", "same", "key");
        await().until(() -> listener.begun.get() == 1);
        KAFKA.send(topic, 1, "a", "same", "key");
        KAFKA.send(topic, 1, "a", "no key", null);
        await().until(() -> application.deliveries() > 15);
        listener.end.countDown();

        await().until(() -> KAFKA.readCommitted(sent, 1).size() == 1);
        // A commit of a transaction is a place of its own behind the last record.
        await().until(() -> KAFKA.lag(topic, topic, 2) == 0);
        assertThat(listener.begun).hasValue(2);
        assertThat(KAFKA.readCommitted(sent, 1))
                .extracting(ConsumerRecord::value)
                .containsExactly("attempt 2");
        await().until(() -> KAFKA.readCommitted(topic + "-dlt", 2).size() == 1);
        assertThat(application.deadLetters()).extracting(ConsumerRecord::value).containsExactly("no key");
    }

    private static String key(ConsumerRecord<String, String> sent) {
        return new String(sent.headers().lastHeader(MessageKeys.HEADER).value(), StandardCharsets.UTF_8);
    }

    static class BatchOfRecords {
        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "#all[0].key()")
        public void on(List<ConsumerRecord<String, String>> all) {}
    }

    static class BatchOfMessages {
        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "#all.size()")
        public void on(List<Message<String>> all) {}
    }

    static class BatchByPoll {
        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "#all.count()", fingerprint = Idempotent.NONE)
        public void on(ConsumerRecords<String, String> all) {}
    }

    static class BatchDeclared {
        @KafkaListener(topics = "${topic}", batch = "true")
        @Idempotent(key = "#all[0]")
        public void on(List<String> all) {}
    }

    static class Batches {
        final AtomicInteger batches = new AtomicInteger();
        private final Each each;

        Batches(Each each) {
            this.each = each;
        }

        @KafkaListener(topics = "${topic}", batch = "true")
        public void on(List<ConsumerRecord<String, String>> all) {
            batches.incrementAndGet();
            for (ConsumerRecord<String, String> one : all) {
                try {
                    each.handle(one);
                } catch (IdempotencyKeyException refused) {
                    throw new BatchListenerFailedException("refused", refused, one);
                }
            }
        }
    }

    static class Each {
        final Queue<String> handled = new ConcurrentLinkedQueue<>();

        @Idempotent(key = "@messageKeys.of(#one)")
        public void handle(ConsumerRecord<String, String> one) {
            handled.add(one.value());
        }
    }

    static class Replying {
        final AtomicInteger runs = new AtomicInteger();

        @KafkaListener(topics = "${topic}")
        @SendTo("${replies}")
        @Idempotent(key = "#key")
        public String on(String value, @Header("Idempotency-Key") String key) {
            return "run " + runs.incrementAndGet();
        }
    }

    static class Sending {
        final AtomicInteger runs = new AtomicInteger();
        private final KafkaTemplate<String, String> template;
        private final String sent;

        Sending(KafkaTemplate<String, String> template, @Value("${sent:none}") String sent) {
            this.template = template;
            this.sent = sent;
        }

        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "@messageKeys.of(#delivered)")
        public void on(ConsumerRecord<String, String> delivered) {
            template.send(sent, "one").join();
            template.send(sent, "two").join();
            ProducerRecord<String, String> own = new ProducerRecord<String, String>(sent, "own");
            own.headers().add(MessageKeys.HEADER, "mine".getBytes(StandardCharsets.UTF_8));
            template.send(own).join();
            if (runs.incrementAndGet() == 1) {
                throw new IllegalStateException("the first attempt fails");
            }
        }
    }

    static class Tombstones {
        final Queue<String> deleted = new ConcurrentLinkedQueue<>();

        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "#id")
        public void on(@Payload(required = false) String value, @Header("kafka_receivedMessageKey") String id) {
            deleted.add(id);
        }
    }

    static class Numbers {
        final AtomicInteger runs = new AtomicInteger();

        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "@messageKeys.of(#delivered)")
        public void on(ConsumerRecord<String, Integer> delivered) {
            runs.incrementAndGet();
        }
    }

    static class TwoGroups {
        final AtomicInteger first = new AtomicInteger();
        final AtomicInteger second = new AtomicInteger();

        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "@messageKeys.of(#delivered)")
        public void one(ConsumerRecord<String, String> delivered) {
            first.incrementAndGet();
        }

        @KafkaListener(topics = "${topic}", groupId = "${topic}-other")
        @Idempotent(key = "@messageKeys.of(#delivered)")
        public void other(ConsumerRecord<String, String> delivered) {
            second.incrementAndGet();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class RetryTopics {

        @Bean
        TaskScheduler scheduler() {
            return new ThreadPoolTaskScheduler();
        }
    }

    static class Retried {
        final AtomicInteger begun = new AtomicInteger();
        final AtomicInteger refused = new AtomicInteger();
        final Queue<String> done = new ConcurrentLinkedQueue<>();
        final CountDownLatch end = new CountDownLatch(1);

        @RetryableTopic(
                attempts = "20",
                backOff = @BackOff(delay = 200),
                exclude = IdempotencyKeyException.class,
                autoCreateTopics = "true")
        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "@messageKeys.of(#delivered)")
        public void on(ConsumerRecord<String, String> delivered) throws InterruptedException {
            if (delivered.value().equals("same") && begun.incrementAndGet() == 1) {
                end.await();
                throw new IllegalStateException("the first owner fails");
            }
            done.add(delivered.value());
        }

        @DltHandler
        public void refused(ConsumerRecord<String, String> delivered) {
            refused.incrementAndGet();
        }
    }

    static class InTransaction {
        final AtomicInteger begun = new AtomicInteger();
        final CountDownLatch end = new CountDownLatch(1);
        private final KafkaOperations<String, String> template;
        private final String sent;

        InTransaction(KafkaOperations<String, String> template, @Value("${sent}") String sent) {
            this.template = template;
            this.sent = sent;
        }

        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "@messageKeys.of(#delivered)")
        public void on(ConsumerRecord<String, String> delivered) throws InterruptedException {
            int attempt = begun.incrementAndGet();
            template.send(sent, "attempt " + attempt).join();
            if (attempt == 1) {
                end.await();
                throw new IllegalStateException("the first owner fails");
            }
        }
    }
}
