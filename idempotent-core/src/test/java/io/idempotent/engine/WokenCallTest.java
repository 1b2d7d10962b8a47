package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.Fingerprint;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A call that waits without a thread, and whose owner ends while it begins to pause. */
final class WokenCallTest {

    private static final Operation<String> PAY = Operation.builder("pay", String.class)
            .waitAtMost(Duration.ofHours(1))
            .build();

    @Test
    @Timeout(30)
    void aWaiterIsWokenByAnOwnerThatEndsWhileItPausesForItOnceMore() throws Exception {
        CompletableFuture<String> work = new CompletableFuture<>();
        CompletableFuture<StageCall<String>> owner = new CompletableFuture<>();
        CompletableFuture<CompletableFuture<@Nullable Void>> firstPause = new CompletableFuture<>();
        AtomicInteger pauses = new AtomicInteger();
        Pacing pacing = new Pacing() {
            @Override
            public CompletableFuture<@Nullable Void> timer(long nanos) {
                // Ends only if somebody ends it.
                CompletableFuture<@Nullable Void> pause = new CompletableFuture<>();
                if (pauses.incrementAndGet() == 1) {
                    firstPause.complete(pause);
                } else {
                    work.complete("paid");
                    owner.join().future().join();
                }
                return pause;
            }
        };
        try (IdempotencyEngine engine = IdempotencyEngine.builder(
                        CaffeineIdempotencyStore.builder().build())
                .pacing(pacing)
                .build()) {
            CompletableFuture<@Nullable Void> begun = new CompletableFuture<>();
            owner.complete(engine.executeAsync(PAY, PAY.key("4711"), Fingerprint.none(), execution -> {
                begun.complete(null);
                return work;
            }));
            begun.get(10, TimeUnit.SECONDS);
            StageCall<String> waiter = engine.executeAsync(
                    PAY, PAY.key("4711"), Fingerprint.none(), execution -> CompletableFuture.completedFuture("again"));
            firstPause.get(10, TimeUnit.SECONDS).complete(null);

            assertThat(waiter.future().get(10, TimeUnit.SECONDS)).isEqualTo("paid");
            assertThat(pauses).hasValue(2);
        }
    }
}
