package io.idempotent.spring.messaging.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.awspring.cloud.sqs.annotation.SqsListener;
import io.awspring.cloud.sqs.listener.MessageListenerContainerRegistry;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.annotation.Idempotent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.messaging.handler.annotation.Header;

/**
 * Each message is sent three times, the listener fails at random, and its container is stopped while it runs. {@code
 * -Dmessages=2000} makes it a longer one.
 */
@OnOneJdk("what a container does is no question of the JDK")
class SqsLoadTest {

    private static final int MESSAGES = Integer.getInteger("messages", 60);
    private static final int DELIVERIES = 3;
    private static final int WITHOUT_KEY = 5;
    private static final int STOPS = 2;
    private static final long SEED = Long.getLong("seed", 20_261_130L);

    // So many failures in a row do not happen in a thousand years.
    private final SqsApplication application = new SqsApplication(15);

    @AfterEach
    void close() {
        application.close();
    }

    @Test
    void eachMessageHasOneEffectAndNoneIsLost() {
        Effects effects = application.withDeadLetters().start(Effects.class);
        List<Integer> numbers = new ArrayList<>();
        for (int delivery = 0; delivery < DELIVERIES; delivery++) {
            IntStream.range(-WITHOUT_KEY, MESSAGES).forEach(numbers::add);
        }
        Collections.shuffle(numbers, new Random(SEED));
        application.sendAll(numbers.stream()
                .map(number -> application.message("m" + number, number < 0 ? " " : "k" + number))
                .toList());

        var containers = application.context().getBean(MessageListenerContainerRegistry.class);
        for (int stop = 1; stop <= STOPS; stop++) {
            int part = stop * MESSAGES / (STOPS + 1);
            await().atMost(Duration.ofMinutes(2)).until(() -> effects.counts.size() >= part);
            containers.stop();
            containers.start();
        }
        await().atMost(Duration.ofMinutes(2)).until(() -> effects.counts.size() == MESSAGES && application.isDone());

        assertThat(effects.counts)
                .hasSize(MESSAGES)
                .allSatisfy((body, count) -> assertThat(count).as(body).hasValue(1));
        // One may be sent twice, where its message comes again before it is acknowledged.
        Set<String> dead = new HashSet<>();
        while (ElasticMq.count(application.dead()) > 0) {
            dead.add(ElasticMq.receive(application.dead())
                    .messageAttributes()
                    .get(IdempotencyErrorHandlers.ORIGINAL_ID)
                    .stringValue());
        }
        assertThat(dead).hasSize(WITHOUT_KEY * DELIVERIES);
        assertThat(application.givenUp()).isZero();
    }

    static class Effects {

        private final Map<String, AtomicInteger> counts = new ConcurrentHashMap<>();
        private final Random chance = new Random(SEED);

        @SqsListener(value = "${queue}", messageVisibilitySeconds = "2")
        @Idempotent(key = "#key")
        public void on(String body, @Header("Idempotency-Key") String key) {
            if (chance.nextInt(8) == 0) {
                throw new IllegalStateException("fails by chance");
            }
            counts.computeIfAbsent(body, name -> new AtomicInteger()).incrementAndGet();
        }
    }
}
