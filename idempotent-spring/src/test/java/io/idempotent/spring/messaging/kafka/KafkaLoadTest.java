package io.idempotent.spring.messaging.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ContainerCustomizer;
import org.springframework.kafka.config.KafkaListenerEndpointRegistry;
import org.springframework.kafka.listener.ConcurrentMessageListenerContainer;

/**
 * Many messages, each delivered three times, to three consumers of one group that are stopped and started at random, by
 * a listener that fails at random, and whose first owner of one key stands still until its partitions are taken away.
 * Each message has its effect once. {@code -Dmessages=500} sets how many there are.
 */
@OnOneJdk("what a container does is no question of the JDK")
class KafkaLoadTest {

    private static final int MESSAGES = Integer.getInteger("messages", 150);
    private static final int DELIVERIES = 3;
    private static final int REFUSED = 5;
    private static final int KILLS = 6;
    private static final int PARTITIONS = 4;
    private static final String STALLED = "message-7";

    private static final KafkaBroker KAFKA = KafkaBroker.shared();

    private final String topic = KAFKA.topic(PARTITIONS);

    private final List<ListenerApplication> consumers = new ArrayList<>();

    @BeforeEach
    void reset() {
        Handler.effects.clear();
        Handler.attempts.clear();
        Handler.stall = new CountDownLatch(1);
        Handler.place = null;
        Moved.consumers.clear();
        Store.store = CaffeineIdempotencyStore.create();
    }

    @AfterEach
    void close() {
        Handler.stall.countDown();
        consumers.forEach(ListenerApplication::close);
    }

    @Test
    void eachMessageHasItsEffectOnceAndOnlyWhatIsRefusedIsPutAside() throws Exception {
        Random random = new Random(17);
        for (int number = 0; number < 3; number++) {
            ListenerApplication consumer = new ListenerApplication(topic, PARTITIONS)
                    .with(Store.class, Moved.class)
                    .with(
                            "spring.kafka.listener.concurrency=1",
                            "spring.kafka.listener.immediate-stop=true",
                            "spring.kafka.consumer.max-poll-records=5",
                            "spring.kafka.consumer.max-poll-interval=4s");
            consumers.add(consumer);
            consumer.start(Handler.class);
        }
        send(random);

        // The stalled owner's partitions are taken away, and another consumer finds its key in progress.
        await().atMost(Duration.ofSeconds(60)).until(Moved::hasMoved);
        Handler.stall.countDown();
        for (int kill = 0; kill < KILLS; kill++) {
            int before = Handler.effects.size();
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> Handler.effects.size() >= Math.min(MESSAGES, before + MESSAGES / KILLS));
            KafkaListenerEndpointRegistry containers =
                    consumers.get(random.nextInt(consumers.size())).bean(KafkaListenerEndpointRegistry.class);
            containers.stop();
            containers.start();
        }

        await().atMost(Duration.ofMinutes(2)).until(() -> KAFKA.lag(topic, topic, PARTITIONS) == 0);
        assertThat(Handler.effects)
                .hasSize(MESSAGES)
                .allSatisfy(
                        (message, effects) -> assertThat(effects).as(message).hasValue(1));
        assertThat(KAFKA.read(topic + "-dlt", PARTITIONS))
                .extracting(ConsumerRecord::value)
                .containsExactlyInAnyOrderElementsOf(IntStream.range(0, REFUSED)
                        .boxed()
                        .flatMap(number -> IntStream.range(0, DELIVERIES).mapToObj(delivery -> "no key " + number))
                        .toList());
    }

    private void send(Random random) {
        List<Runnable> all = new ArrayList<>();
        for (int delivery = 0; delivery < DELIVERIES; delivery++) {
            for (int number = 0; number < MESSAGES; number++) {
                String message = "message-" + number;
                int partition = random.nextInt(PARTITIONS);
                all.add(() -> KAFKA.send(topic, partition, message, message, message));
            }
            for (int number = 0; number < REFUSED; number++) {
                String message = "no key " + number;
                int partition = random.nextInt(PARTITIONS);
                all.add(() -> KAFKA.send(topic, partition, message, message, null));
            }
        }
        Collections.shuffle(all, random);
        all.forEach(Runnable::run);
    }

    /** The one store of all consumers. */
    @Configuration(proxyBeanMethods = false)
    static class Store {

        private static CaffeineIdempotencyStore store = CaffeineIdempotencyStore.create();

        @Bean(destroyMethod = "")
        CaffeineIdempotencyStore store() {
            return store;
        }
    }

    /** Notes which consumers get the record whose first owner stands still. */
    @Configuration(proxyBeanMethods = false)
    static class Moved {

        private static final Map<String, Set<Object>> consumers = new ConcurrentHashMap<>();

        @Bean
        static ContainerCustomizer<Object, Object, ConcurrentMessageListenerContainer<Object, Object>> moved() {
            return container -> container.setRecordInterceptor((delivered, consumer) -> {
                consumers
                        .computeIfAbsent(place(delivered), first -> ConcurrentHashMap.newKeySet())
                        .add(consumer);
                return delivered;
            });
        }

        static boolean hasMoved() {
            String place = Handler.place;
            return place != null && consumers.get(place).size() > 1;
        }

        static String place(ConsumerRecord<?, ?> delivered) {
            return delivered.partition() + "-" + delivered.offset();
        }
    }

    static class Handler {

        private static final Map<String, AtomicInteger> effects = new ConcurrentHashMap<>();
        private static final Map<String, AtomicInteger> attempts = new ConcurrentHashMap<>();
        private static volatile CountDownLatch stall = new CountDownLatch(1);
        private static volatile String place;

        @KafkaListener(topics = "${topic}")
        @Idempotent(key = "@messageKeys.of(#delivered)")
        public void on(ConsumerRecord<String, String> delivered) throws InterruptedException {
            String message = delivered.value();
            int attempt = attempts.computeIfAbsent(message, first -> new AtomicInteger())
                    .incrementAndGet();
            if (message.equals(STALLED) && attempt == 1) {
                place = Moved.place(delivered);
                stall.await();
            }
            // Up to three failures of one message in five.
            if (message.hashCode() % 5 == 0 && attempt <= 1 + Math.floorMod(message.hashCode(), 3)) {
                throw new IllegalStateException("attempt " + attempt + " fails");
            }
            effects.computeIfAbsent(message, first -> new AtomicInteger()).incrementAndGet();
        }
    }
}
