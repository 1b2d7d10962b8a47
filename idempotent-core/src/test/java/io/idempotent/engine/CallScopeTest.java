package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.Fingerprint;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the threads of an engine know of the caller that they work for. */
@Timeout(30)
final class CallScopeTest {

    private static final Operation<String> PAY =
            Operation.builder("pay", String.class).build();

    private final RecordedEvents events = new RecordedEvents();
    private final IdempotencyEngine engine = IdempotencyEngine.builder(
                    CaffeineIdempotencyStore.builder().build())
            .listener(events)
            .errorHandler(events)
            .build();

    @AfterEach
    void close() {
        engine.close();
    }

    private String pay(StageWork<String> work) throws Exception {
        return engine.executeAsync(PAY, PAY.key("4711"), Fingerprint.none(), work)
                .future()
                .get(20, TimeUnit.SECONDS);
    }

    private static StageWork<String> in(CallScope scope) {
        return new StageWork<>() {
            @Override
            public CompletionStage<String> begin(Execution execution) {
                return CompletableFuture.completedFuture("paid");
            }

            @Override
            public CallScope scope() {
                return scope;
            }
        };
    }

    @Test
    void aScopeThatCannotBeEnteredBreaksNoCall() throws Exception {
        assertThat(pay(in(part -> {
                    throw new IllegalStateException("no scope");
                })))
                .isEqualTo("paid");
        assertThat(events.names()).contains("claimed", "completed");
    }

    @Test
    void aScopeThatCannotBeLeftBreaksNoCall() throws Exception {
        assertThat(pay(in(part -> {
                    part.run();
                    throw new IllegalStateException("no way out");
                })))
                .isEqualTo("paid");
        assertThat(events.names()).containsOnlyOnce("claimed", "completed");
    }

    @Test
    void workLooksUpClassesByTheLoaderOfWhoMadeTheEngine() throws Exception {
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        ClassLoader own = new ClassLoader(before) {};
        Thread.currentThread().setContextClassLoader(own);
        IdempotencyEngine made;
        try {
            made = IdempotencyEngine.builder(CaffeineIdempotencyStore.builder().build())
                    .build();
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
        CompletableFuture<ClassLoader> seen = new CompletableFuture<>();
        made.executeAsync(PAY, PAY.key("4712"), Fingerprint.none(), execution -> {
                    seen.complete(Thread.currentThread().getContextClassLoader());
                    return CompletableFuture.completedFuture("paid");
                })
                .future()
                .get(20, TimeUnit.SECONDS);
        assertThat(seen).isCompletedWithValue(own);
        made.close();
    }
}
