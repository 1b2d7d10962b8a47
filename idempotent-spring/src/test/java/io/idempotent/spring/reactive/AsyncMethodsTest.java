package io.idempotent.spring.reactive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.IdempotencyContext;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.util.AopTestUtils;
import reactor.core.publisher.Mono;

/** Methods that return a future or a {@code Mono}, by their proxy. */
final class AsyncMethodsTest {

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Application {}

    static class Payments {

        final AtomicInteger runs = new AtomicInteger();

        @Idempotent(key = "#id")
        public CompletableFuture<String> pay(String id) {
            return CompletableFuture.supplyAsync(() -> "receipt " + runs.incrementAndGet());
        }

        @Idempotent(key = "#id")
        public Mono<String> payLater(String id) {
            return Mono.fromSupplier(() -> "receipt " + runs.incrementAndGet());
        }

        @Idempotent(key = "#id")
        public Mono<Void> nothing(String id) {
            return Mono.fromRunnable(runs::incrementAndGet);
        }

        @Idempotent(key = "#id", retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms"))
        public Mono<String> flaky(String id) {
            return Mono.fromSupplier(() -> {
                if (runs.incrementAndGet() < 3) {
                    throw new IllegalStateException("run " + runs.get());
                }
                return "receipt " + runs;
            });
        }

        @Idempotent(key = "#id", retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms"))
        public CompletableFuture<String> fatal(String id) {
            return CompletableFuture.supplyAsync(() -> {
                runs.incrementAndGet();
                throw new NoClassDefFoundError("gone");
            });
        }

        @Idempotent(key = "#id")
        public Mono<String> seesItself(String id) {
            return ReactiveIdempotencyContext.current()
                    .map(context -> context.key().value() + " " + IdempotencyContext.currentOrNull());
        }
    }

    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    private final Payments payments;

    AsyncMethodsTest() {
        context.register(Application.class, Payments.class);
        context.refresh();
        payments = context.getBean(Payments.class);
    }

    @AfterEach
    void close() {
        context.close();
    }

    @Test
    void aFutureIsMadeOnceAndReplayed() {
        assertThat(payments.pay("a").join()).isEqualTo("receipt 1");
        assertThat(payments.pay("a").join()).isEqualTo("receipt 1");
    }

    @Test
    void nothingIsClaimedWhileNobodySubscribes() {
        Mono<String> never = payments.payLater("a");
        assertThat(payments.payLater("a").block()).isEqualTo("receipt 1");
        assertThat(never.block()).isEqualTo("receipt 1");
        assertThat(never.block()).isEqualTo("receipt 1");
    }

    @Test
    void anEmptyMonoIsReplayedAsEmpty() {
        assertThat(payments.nothing("a").blockOptional()).isEmpty();
        assertThat(payments.nothing("a").blockOptional()).isEmpty();
        assertThat(context.getBean(Payments.class)).isNotNull();
    }

    @Test
    void aMonoIsRetried() {
        assertThat(payments.flaky("a").block()).isEqualTo("receipt 3");
        assertThat(payments.flaky("a").block()).isEqualTo("receipt 3");
    }

    @Test
    @Timeout(30)
    void anErrorThatReactorThrowsEndsARetriedCallAndFreesItsKey() {
        for (int call = 1; call <= 2; call++) {
            assertThatThrownBy(() -> payments.fatal("a").join())
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(NoClassDefFoundError.class);
            assertThat(AopTestUtils.<Payments>getUltimateTargetObject(payments).runs)
                    .hasValue(call);
        }
    }

    @Test
    void theContextIsTheSubscribers() {
        assertThat(payments.seesItself("a").block()).startsWith("a ");
    }

    @Test
    void aBadKeyIsInTheFuture() {
        assertThatThrownBy(() -> payments.pay(" ").join())
                .isInstanceOf(CompletionException.class)
                .hasMessageContaining("blank");
    }
}
