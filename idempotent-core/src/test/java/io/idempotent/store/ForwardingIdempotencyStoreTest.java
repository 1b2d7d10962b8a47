package io.idempotent.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A store behind another one keeps all promises, and all abilities. */
final class ForwardingIdempotencyStoreTest extends IdempotencyStoreContract {

    private static final class Forwarding extends ForwardingIdempotencyStore {

        Forwarding(IdempotencyStore store) {
            super(store);
        }
    }

    private final AtomicLong nanoseconds = new AtomicLong();
    private final CaffeineIdempotencyStore behind =
            CaffeineIdempotencyStore.builder().ticker(nanoseconds::get).build();
    private final IdempotencyStore store = new Forwarding(new Forwarding(behind));

    @Override
    protected IdempotencyStore store() {
        return store;
    }

    @Override
    protected void elapse(Duration time) {
        nanoseconds.addAndGet(time.toNanos());
    }

    @Override
    protected boolean answersNearby() {
        return true;
    }

    @Test
    void everyRequestIsPassedOn() throws NoSuchMethodException {
        for (Method request : IdempotencyStore.class.getMethods()) {
            assertThat(ForwardingIdempotencyStore.class
                            .getMethod(request.getName(), request.getParameterTypes())
                            .getDeclaringClass())
                    .as(request.toString())
                    .isEqualTo(ForwardingIdempotencyStore.class);
        }
    }

    @Test
    void anAbilityIsItsOwnOrThatOfTheStoreBehindItOrThereIsNone() {
        assertThat(store.unwrap(Forwarding.class)).isSameAs(store);
        assertThat(store.unwrap(CaffeineIdempotencyStore.class)).isSameAs(behind);
        assertThat(store.unwrap(NearbyOutcomes.class)).isSameAs(behind);
        assertThat(store.unwrap(TransactionalCompletion.class)).isNull();
    }
}
