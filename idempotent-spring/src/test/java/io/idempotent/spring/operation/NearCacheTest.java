package io.idempotent.spring.operation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.github.benmanes.caffeine.cache.Ticker;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.RecordedOutcome;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.ReferenceStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import io.idempotent.store.caffeine.CompletedRecordCache;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;

class NearCacheTest {

    record Receipt(String id, int run) {}

    static class Service {
        private int runs;

        @Idempotent(key = "#id", operation = "pay")
        public Receipt pay(String id, int amount) {
            return new Receipt(id, ++runs);
        }
    }

    /** Keeps values, and counts the requests that are made of it. */
    static final class CountedStore extends ReferenceStore {
        private final AtomicInteger requests = new AtomicInteger();

        @Override
        public ClaimResult claim(ClaimRequest request) {
            requests.incrementAndGet();
            return super.claim(request);
        }

        @Override
        public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
            requests.incrementAndGet();
            return super.complete(claim, outcome, retention);
        }

        @Override
        public boolean release(Claim claim) {
            requests.incrementAndGet();
            return super.release(claim);
        }

        @Override
        public @Nullable IdempotencyRecord find(IdempotencyKey key) {
            requests.incrementAndGet();
            return super.find(key);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    private static final Receipt FIRST = new Receipt("a", 1);

    private final CountedStore store = new CountedStore();

    private final ApplicationContextRunner plain = new ApplicationContextRunner()
            .withUserConfiguration(Enabled.class)
            .withBean(Service.class)
            .withBean("ledger", IdempotencyStore.class, () -> store);

    private final ApplicationContextRunner near = plain.withPropertyValues("idempotent.near-cache.maximum-size=100");

    private int requestsOf(Runnable call) {
        int before = store.requests.get();
        call.run();
        return store.requests.get() - before;
    }

    @Test
    void aReplayCostsNoRequest() {
        near.run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(requestsOf(() -> assertThat(service.pay("a", 1)).isEqualTo(FIRST)))
                    .isEqualTo(2);
            assertThat(requestsOf(() -> assertThat(service.pay("a", 1)).isEqualTo(FIRST)))
                    .isZero();
        });
    }

    @Test
    void aReplayCostsOneRequestUnlessItIsSwitchedOn() {
        plain.withPropertyValues("idempotent.near-cache.time-to-live=1h").run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(requestsOf(() -> assertThat(service.pay("a", 1)).isEqualTo(FIRST)))
                    .isEqualTo(2);
            assertThat(requestsOf(() -> assertThat(service.pay("a", 1)).isEqualTo(FIRST)))
                    .isEqualTo(1);
            assertThat(context.getBean(OperationRegistry.class).store(null)).isSameAs(store);
        });
    }

    @Test
    void aKeyThatIsUsedAgainForSomethingElseIsRefusedWithoutARequest() {
        near.run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(service.pay("a", 1)).isEqualTo(FIRST);
            assertThat(requestsOf(() -> assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                            .isThrownBy(() -> service.pay("a", 2))))
                    .isZero();
        });
    }

    @Test
    void whatIsForgottenThroughTheStoreThatOperationsUseRunsAgainAtOnce() {
        near.run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(service.pay("a", 1)).isEqualTo(FIRST);
            IdempotencyStore used = context.getBean(OperationRegistry.class).store("ledger");
            IdempotencyRecord record = used.find(IdempotencyKey.of("pay", "a"));
            assertThat(record).isNotNull();
            assertThat(used.forget(record.key(), record.fencingToken())).isTrue();

            assertThat(service.pay("a", 1)).isEqualTo(new Receipt("a", 2));
        });
    }

    @Test
    void itsTimeToLiveIsCountedByTheApplicationsTicker() {
        AtomicLong nanoseconds = new AtomicLong();
        near.withPropertyValues("idempotent.near-cache.time-to-live=10s")
                .withBean(Ticker.class, () -> nanoseconds::get)
                .run(context -> {
                    Service service = context.getBean(Service.class);
                    assertThat(service.pay("a", 1)).isEqualTo(FIRST);
                    nanoseconds.addAndGet(Duration.ofSeconds(10).toNanos() - 1);
                    assertThat(requestsOf(() -> service.pay("a", 1))).isZero();
                    nanoseconds.incrementAndGet();
                    assertThat(requestsOf(() -> service.pay("a", 1))).isEqualTo(1);
                });
    }

    @Test
    void itIsAsLargeAsTheSettingsSay() {
        plain.withPropertyValues("idempotent.near-cache.maximum-size=1").run(context -> {
            Service service = context.getBean(Service.class);
            service.pay("a", 1);
            service.pay("b", 1);
            assertThat(requestsOf(() -> {
                        service.pay("a", 1);
                        service.pay("b", 1);
                    }))
                    .isPositive();
        });
    }

    @Test
    void aStoreThatKeepsReferencesHasNone() {
        near.withPropertyValues("idempotent.operations.pay.store=caffeine").run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(service.pay("a", 1)).isSameAs(service.pay("a", 1));
            OperationRegistry operations = context.getBean(OperationRegistry.class);
            assertThat(operations.store("caffeine")).isInstanceOf(CaffeineIdempotencyStore.class);
            assertThat(operations.store(null)).isInstanceOf(CompletedRecordCache.class);
        });
    }
}
