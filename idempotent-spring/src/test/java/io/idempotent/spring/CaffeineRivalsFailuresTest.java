package io.idempotent.spring;

import io.idempotent.spring.test.FakeTicker;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.time.Duration;

/** In the memory of this JVM, whose time the test moves. */
class CaffeineRivalsFailuresTest extends RivalsFailuresContract {

    private final FakeTicker ticker = new FakeTicker();
    private final IdempotencyStore store =
            CaffeineIdempotencyStore.builder().ticker(ticker).build();
    private final IdempotencyStore otherStore =
            CaffeineIdempotencyStore.builder().ticker(ticker).build();

    @Override
    IdempotencyStore store() {
        return store;
    }

    @Override
    IdempotencyStore otherStore() {
        return otherStore;
    }

    @Override
    Duration lease() {
        return Duration.ofMillis(500);
    }

    @Override
    void elapse(Duration time) {
        ticker.advance(time);
    }
}
