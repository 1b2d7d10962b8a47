package io.idempotent.spring.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.junit.jupiter.SpringJUnitConfig;

@SpringJUnitConfig
class IdempotencyTestConfigurationTest {

    private static final String OPERATION = "counter-count";

    @Autowired
    private Counter counter;

    @Autowired
    private FakeTicker ticker;

    @Autowired
    private CallCounter calls;

    @Autowired
    private CaffeineIdempotencyStore store;

    @BeforeEach
    void forgetEverything() {
        store.clear();
        calls.reset();
    }

    @Test
    void timePassesOnlyWhenATestLetsIt() {
        assertThat(counter.count("a", 1)).isEqualTo(counter.count("a", 1));

        ticker.advance(Duration.ofHours(24));
        counter.count("a", 1);

        assertThat(calls.executions(OPERATION)).isEqualTo(2);
        assertThat(calls.replays(OPERATION)).isEqualTo(1);
    }

    @Test
    void aClearedStoreKnowsNoKey() {
        counter.count("a", 1);
        store.clear();
        counter.count("a", 2);

        assertThat(calls.executions(OPERATION)).isEqualTo(2);
        assertThat(calls.refusals(OPERATION)).isZero();
    }

    @Test
    void refusalsAreCounted() {
        counter.count("a", 1);

        assertThatExceptionOfType(IdempotencyKeyReusedException.class).isThrownBy(() -> counter.count("a", 2));
        assertThat(calls.refusals(OPERATION)).isEqualTo(1);
        assertThat(calls.executions("another")).isZero();
    }

    @Test
    void timeDoesNotGoBack() {
        assertThatIllegalArgumentException().isThrownBy(() -> ticker.advance(Duration.ofNanos(-1)));
    }

    static class Counter {

        private final AtomicInteger count = new AtomicInteger();

        @Idempotent(key = "#key")
        public int count(String key, int content) {
            return count.addAndGet(content);
        }
    }

    @Configuration
    @EnableIdempotency
    @Import(IdempotencyTestConfiguration.class)
    static class Application {

        @Bean
        Counter counter() {
            return new Counter();
        }
    }
}
