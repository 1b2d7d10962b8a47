package io.idempotent.spring.messaging.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.spring.annotation.Idempotent;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.springframework.kafka.annotation.KafkaListener;

/** Listeners of Kafka on virtual threads. */
@EnabledForJreRange(min = JRE.JAVA_21)
class KafkaVirtualThreadsTest {

    @Test
    void aRecordIsDeliveredAgainHandledAndReplayed() {
        KafkaBroker kafka = KafkaBroker.shared();
        try (ListenerApplication application = new ListenerApplication(2)) {
            Slow listener =
                    application.with("spring.threads.virtual.enabled=true").start(Slow.class);
            kafka.send(application.topic(), 0, "a", "same", "key");
            await().until(() -> listener.begun.get() == 1);
            kafka.send(application.topic(), 1, "a", "same", "key");
            await().until(() -> application.deliveries() > 10);
            listener.end.countDown();
            await().until(() -> listener.done.get() == 1);
            kafka.send(application.topic(), 0, "a", "same", "key");

            application.awaitDone();
            assertThat(listener.done).hasValue(1);
            assertThat(listener.groups).containsExactly("VirtualThreads");
            assertThat(application.deadLetters()).isEmpty();
        }
    }

    /** Its first run waits, and fails; the next is done. */
    static class Slow {
        final AtomicInteger begun = new AtomicInteger();
        final AtomicInteger done = new AtomicInteger();
        final CountDownLatch end = new CountDownLatch(1);
        final Set<String> groups = ConcurrentHashMap.newKeySet();

        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "@messageKeys.of(#delivered)")
        public void on(ConsumerRecord<String, String> delivered) throws InterruptedException {
            groups.add(Thread.currentThread().getThreadGroup().getName());
            if (begun.incrementAndGet() == 1) {
                end.await();
                throw new IllegalStateException("the first owner fails");
            }
            done.incrementAndGet();
        }
    }
}
