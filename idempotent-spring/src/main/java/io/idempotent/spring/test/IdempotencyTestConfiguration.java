package io.idempotent.spring.test;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Imported by a test, {@code @Import(IdempotencyTestConfiguration.class)}, it adds a {@link FakeTicker}, by which the
 * Caffeine store that the library makes counts, and a {@link CallCounter}. That store is a bean too, to be cleared
 * between tests: {@link io.idempotent.store.caffeine.CaffeineIdempotencyStore#clear()}.
 */
@Configuration(proxyBeanMethods = false)
public class IdempotencyTestConfiguration {

    /** For Spring. */
    public IdempotencyTestConfiguration() {}

    @Bean
    static FakeTicker idempotencyFakeTicker() {
        return new FakeTicker();
    }

    @Bean
    static CallCounter idempotencyCallCounter() {
        return new CallCounter();
    }
}
