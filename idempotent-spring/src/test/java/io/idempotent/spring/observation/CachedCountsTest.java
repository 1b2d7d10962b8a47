package io.idempotent.spring.observation;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.store.RecordCounts;
import io.idempotent.store.RecordCounts.InProgress;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class CachedCountsTest {

    private final AtomicInteger asked = new AtomicInteger();

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);

    private CachedCounts counts(RecordCounts counts) {
        return new CachedCounts(counts, Duration.ofNanos(10), Duration.ofSeconds(30), now::get);
    }

    @Test
    void asksOnceInAnIntervalHoweverOftenItIsScraped() {
        CachedCounts counts = counts(() -> new InProgress(asked.incrementAndGet(), 7, Duration.ofSeconds(3)));
        for (int scrape = 0; scrape < 5; scrape++) {
            assertThat(counts.value(InProgress::live)).isEqualTo(1);
            assertThat(counts.value(InProgress::abandoned)).isEqualTo(7);
        }
        now.addAndGet(9);
        assertThat(counts.value(InProgress::live)).isEqualTo(1);
        now.addAndGet(1);
        assertThat(counts.value(InProgress::live)).isEqualTo(2);
    }

    @Test
    void aCountThatFailedIsNotKnownAndIsRepeatedAfterTheInterval() {
        CachedCounts counts = counts(() -> {
            if (asked.incrementAndGet() == 1) {
                throw new IllegalStateException("gone");
            }
            return new InProgress(1, 0, Duration.ZERO);
        });
        assertThat(counts.value(InProgress::live)).isNaN();
        assertThat(counts.value(InProgress::live)).isNaN();
        assertThat(asked).hasValue(1);
        now.addAndGet(10);
        assertThat(counts.value(InProgress::live)).isEqualTo(1);
    }

    @Test
    void aCountThatTakesTooLongIsNotKnown() {
        CountDownLatch never = new CountDownLatch(1);
        CachedCounts counts = new CachedCounts(
                () -> {
                    await(never);
                    return new InProgress(1, 0, Duration.ZERO);
                },
                Duration.ofNanos(10),
                Duration.ofMillis(20),
                now::get);
        assertThat(counts.value(InProgress::live)).isNaN();
        never.countDown();
    }

    @Test
    void whoAsksMeanwhileGetsTheCountBefore() throws Exception {
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        CachedCounts counts = counts(() -> {
            int count = asked.incrementAndGet();
            if (count == 2) {
                began.countDown();
                await(goOn);
            }
            return new InProgress(count, 0, Duration.ZERO);
        });
        assertThat(counts.value(InProgress::live)).isEqualTo(1);
        now.addAndGet(10);
        FutureTask<Double> slow = new FutureTask<>(() -> counts.value(InProgress::live));
        new Thread(slow).start();
        await(began);
        assertThat(counts.value(InProgress::live)).isEqualTo(1);
        goOn.countDown();
        assertThat(slow.get(30, TimeUnit.SECONDS)).isEqualTo(2);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interruption) {
            throw new AssertionError(interruption);
        }
    }
}
