package io.idempotent.spring.messaging.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.spring.annotation.Idempotent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;

/**
 * Each message is sent three times, the listener fails at random, and the consumers' connection is closed while it
 * runs. The container is as Spring Boot configures it. {@code -Dmessages=2000} makes it a longer one.
 */
abstract class RabbitLoadContract {

    private static final int MESSAGES = Integer.getInteger("messages", 200);
    private static final int DELIVERIES = 3;
    private static final int WITHOUT_KEY = 5;
    private static final int CUTS = 4;
    private static final long SEED = Long.getLong("seed", 20_261_130L);

    private final RabbitApplication application;

    RabbitLoadContract(AmqpBroker broker) {
        application = new RabbitApplication(broker);
    }

    @AfterEach
    void remove() {
        application.remove();
    }

    @Test
    void eachMessageHasOneEffectAndNoneIsLost() {
        Effects effects = application
                .with("spring.rabbitmq.listener.simple.concurrency=4")
                .start(Effects.class);
        send();

        CachingConnectionFactory connections = application.context().getBean(CachingConnectionFactory.class);
        for (int cut = 1; cut <= CUTS; cut++) {
            int part = cut * MESSAGES / (CUTS + 1);
            await().atMost(Duration.ofMinutes(2)).until(() -> effects.counts.size() >= part);
            connections.resetConnection();
        }
        await().atMost(Duration.ofMinutes(2)).until(() -> effects.counts.size() == MESSAGES);
        List<String> dead = new ArrayList<>();
        await().atMost(Duration.ofMinutes(2)).until(() -> {
            dead.addAll(application.deadLetters());
            return dead.size() >= WITHOUT_KEY * DELIVERIES && application.isDrained();
        });

        assertThat(application.left()).isZero();
        assertThat(effects.counts)
                .hasSize(MESSAGES)
                .allSatisfy((body, count) -> assertThat(count).as(body).hasValue(1));
        assertThat(dead.stream().collect(Collectors.groupingBy(body -> body, Collectors.counting())))
                .isEqualTo(IntStream.range(0, WITHOUT_KEY)
                        .boxed()
                        .collect(Collectors.toMap(number -> "no key " + number, number -> (long) DELIVERIES)));
    }

    private void send() {
        List<Integer> numbers = new ArrayList<>();
        for (int delivery = 0; delivery < DELIVERIES; delivery++) {
            IntStream.range(-WITHOUT_KEY, MESSAGES).forEach(numbers::add);
        }
        Collections.shuffle(numbers, new Random(SEED));
        numbers.forEach(number -> application.send(
                number < 0 ? "no key " + -(number + 1) : "m" + number, number < 0 ? null : "k" + number));
    }

    static class Effects {

        private final Map<String, AtomicInteger> counts = new ConcurrentHashMap<>();
        private final Random chance = new Random(SEED);

        @RabbitListener(queues = "${queue}")
        @Idempotent(key = "@messageKeys.header(#message)")
        public void on(Message message) {
            if (chance.nextInt(3) == 0) {
                throw new IllegalStateException("fails by chance");
            }
            counts.computeIfAbsent(new String(message.getBody(), StandardCharsets.UTF_8), body -> new AtomicInteger())
                    .incrementAndGet();
        }
    }
}
