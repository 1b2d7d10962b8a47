package io.idempotent.spring.web;

import io.idempotent.engine.RecordedEvents;
import io.idempotent.spring.test.FakeTicker;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What endpoints have around them on every stack: time that a test moves, a store that can be down. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
class StoreSurroundings {

    @Bean
    static RecordedEvents told() {
        return new RecordedEvents();
    }

    @Bean
    static FakeTicker ticker() {
        return new FakeTicker();
    }

    @Bean
    static ObservedStore observed(FakeTicker ticker) {
        return new ObservedStore(
                CaffeineIdempotencyStore.builder().ticker(ticker).build());
    }

    @Bean
    static IdempotencyStore observedIdempotencyStore(ObservedStore observed) {
        return observed.store();
    }
}
