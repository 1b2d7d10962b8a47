package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Many calls that no thread waits for: what they share, what they cost, and that none is forgotten. */
final class ManyCallsTest {

    private static final Operation<String> WAITS = Operation.builder("payment-service-pay", String.class)
            .waitAtMost(Duration.ofHours(1))
            .build();
    private static final IdempotencyKey KEY = WAITS.key("4711");
    private static final Fingerprint NONE = Fingerprint.none();

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final RecordedEvents events = new RecordedEvents("waiting", "completed", "completionFailed");
    private final AtomicInteger begun = new AtomicInteger();
    private final CompletableFuture<String> work = new CompletableFuture<>();
    private @Nullable IdempotencyEngine engine;

    private IdempotencyEngine engine(Pacing pacing) {
        engine = IdempotencyEngine.builder(store)
                .ticker(ticker)
                .listener(events)
                .errorHandler(events)
                .asyncThreads(2)
                .maxWaiters(20_000)
                .pacing(pacing)
                .build();
        return engine;
    }

    @AfterEach
    void close() {
        work.complete("too late");
        if (engine != null) {
            engine.close();
        }
    }

    private StageCall<String> call(IdempotencyKey key) {
        return engine.executeAsync(WAITS, key, NONE, execution -> {
            begun.incrementAndGet();
            return work;
        });
    }

    private List<StageCall<String>> call(int number) {
        return IntStream.range(0, number)
                .mapToObj(each -> call(WAITS.key("key-" + each)))
                .toList();
    }

    private static void assertAnswered(List<StageCall<String>> calls, String answer) throws Exception {
        for (StageCall<String> call : calls) {
            assertThat(Callers.get(call.future())).isEqualTo(answer);
        }
    }

    /** No thread pauses in what a call without a thread must not pause in. A lock, which is soon free, is no pause. */
    private static void assertThatNoThreadIsParked() {
        List<String> engines = Stream.of(Waiting.class, Settlement.class, Owners.class, OpenExecution.class)
                .map(Class::getName)
                .toList();
        List<String> pauses = List.of("park", "sleep", "sleep0", "wait", "wait0");
        Thread.getAllStackTraces().forEach((thread, stack) -> {
            List<String> frames =
                    Stream.of(stack).map(StackTraceElement::getClassName).toList();
            if (stack.length > 0
                    && pauses.contains(stack[0].getMethodName())
                    && !frames.contains("java.util.concurrent.locks.AbstractQueuedSynchronizer")) {
                assertThat(frames).as(thread.getName()).doesNotContainAnyElementsOf(engines);
            }
        });
    }

    // duplicates

    @Test
    void aThousandDuplicatesWaitForOneOwnerAndParkNoThread() throws Exception {
        engine(new Pacing() {});
        List<StageCall<String>> calls = new ArrayList<>(List.of(call(KEY)));
        Callers.until(() -> begun.get() == 1);
        calls.addAll(Stream.generate(() -> call(KEY)).limit(999).toList());
        Callers.until(() -> events.named("waiting").size() == 999);
        int before = store.count(Request.CLAIM);
        assertThatNoThreadIsParked();
        work.complete("paid");
        assertAnswered(calls, "paid");
        assertThat(begun).hasValue(1);
        // One when each came, one when each was woken.
        assertThat(before).isEqualTo(1_000);
        assertThat(store.count(Request.CLAIM)).isEqualTo(1_999);
    }

    @Test
    void aThousandDuplicatesWaitForAnOwnerElsewhereAndParkNoThread() throws Exception {
        engine(new Pacing() {});
        Claim elsewhere = ((ClaimResult.Claimed)
                        store.claim(new ClaimRequest(KEY, UUID.randomUUID(), NONE, WAITS.lease(), false)))
                .claim();
        List<StageCall<String>> calls =
                Stream.generate(() -> call(KEY)).limit(1_000).toList();
        Callers.until(() -> events.named("waiting").size() == 1_000);
        assertThatNoThreadIsParked();
        // They look again and again.
        int before = store.count(Request.CLAIM);
        Callers.until(() -> store.count(Request.CLAIM) > before + 500);
        assertThatNoThreadIsParked();
        RecordedOutcome outcome = new RecordedOutcome.ByReference(new Outcome.Value("the other's"));
        assertThat(store.complete(elsewhere, outcome, WAITS.retention())).isTrue();
        assertAnswered(calls, "the other's");
        assertThat(begun).hasValue(0);
    }

    // no wake-up is lost

    /** A pause that nobody ends would last until the lease's end, which is longer than this test has patience. */
    @Test
    void whoeverBeginsToWaitWhileTheOwnerEndsIsWoken() throws Exception {
        engine(new Pacing() {});
        long until = System.nanoTime() + Duration.ofSeconds(1).toNanos();
        int round = 0;
        for (; System.nanoTime() < until; round++) {
            CompletableFuture<String> ends = new CompletableFuture<>();
            IdempotencyKey key = WAITS.key("round-" + round);
            List<StageCall<String>> calls = Stream.generate(
                            () -> engine.executeAsync(WAITS, key, NONE, execution -> ends))
                    .limit(4)
                    .toList();
            for (int spins = ThreadLocalRandom.current().nextInt(200); spins > 0; spins--) {
                Thread.onSpinWait();
            }
            ends.complete("paid");
            for (StageCall<String> call : calls) {
                assertThat(call.future().get(20, TimeUnit.SECONDS)).isEqualTo("paid");
            }
        }
        System.out.println("Owners that ended while others began to wait: " + round + ", waits: "
                + events.named("waiting").size());
    }

    @Test
    void anOwnerForgetsWhoeverNoLongerWaits() throws Exception {
        engine(new Pacing() {});
        StageCall<String> owner = call(KEY);
        Callers.until(() -> begun.get() == 1);
        StageCall<String> waiter = call(KEY);
        Callers.until(() -> events.named("waiting").size() == 1);
        WeakReference<Object> left = new WeakReference<>(waiter);
        waiter.cancel();
        waiter = null;
        Callers.until(() -> {
            System.gc();
            return left.get() == null;
        });
        work.complete("paid");
        assertThat(Callers.get(owner.future())).isEqualTo("paid");
    }

    // an outage

    /** Pauses that end when the test says so. */
    private static final class Pauses implements Pacing {

        private final Queue<CompletableFuture<@Nullable Void>> pauses = new ConcurrentLinkedQueue<>();

        @Override
        public CompletableFuture<@Nullable Void> timer(long nanos) {
            CompletableFuture<@Nullable Void> pause = new CompletableFuture<>();
            pauses.add(pause);
            return pause;
        }

        void endAll(int number) {
            Callers.until(() -> pauses.size() == number);
            List<CompletableFuture<@Nullable Void>> ended = new ArrayList<>(pauses);
            pauses.clear();
            ended.forEach(pause -> pause.complete(null));
        }
    }

    @Test
    void whateverEndsWhileTheStoreIsAwayIsRecordedWhenItIsBackAndParksNoThread() throws Exception {
        Pauses pauses = new Pauses();
        engine(pauses);
        List<StageCall<String>> calls = call(500);
        Callers.until(() -> begun.get() == 500);
        store.fail(Request.COMPLETE);
        work.complete("paid");
        for (int second = 0; second < 3; second++) {
            pauses.endAll(500);
            ticker.elapse(Duration.ofSeconds(1));
        }
        Callers.until(() -> pauses.pauses.size() == 500);
        assertThatNoThreadIsParked();
        assertThat(calls).allMatch(call -> !call.future().isDone());
        store.heal(Request.COMPLETE);
        pauses.endAll(500);
        assertAnswered(calls, "paid");
        assertThat(events.named("completed")).hasSize(500);
        assertThat(events.named("completionFailed")).isEmpty();
    }

    // memory

    @Test
    void aCallInFlightTakesLittleMemory() throws Exception {
        engine(new Pacing() {});
        int number = 10_000;
        long empty = used();
        List<StageCall<String>> running = call(number);
        Callers.until(() -> begun.get() == number);
        events.forget();
        long withOwners = used();
        List<StageCall<String>> waiting = call(number);
        Callers.until(() -> events.named("waiting").size() == number);
        events.forget();
        long withWaiters = used();
        long perOwner = (withOwners - empty) / number;
        long perWaiter = (withWaiters - withOwners) / number;
        System.out.println(
                "Bytes of a running call, its key and its record: " + perOwner + ", of a waiting call: " + perWaiter);
        assertThat(perOwner).isLessThan(2_048);
        assertThat(perWaiter).isLessThan(2_048);
        work.complete("paid");
        assertAnswered(running, "paid");
        assertAnswered(waiting, "paid");
        assertThat(begun).hasValue(number);
    }

    private static long used() {
        System.gc();
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
