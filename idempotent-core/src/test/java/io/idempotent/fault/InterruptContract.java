package io.idempotent.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.engine.Operation;
import io.idempotent.engine.WhenStoreFails;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordQuery;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What becomes of calls whose threads are interrupted before or at any moment of them: for every store, on a real one.
 *
 * <ol>
 *   <li>Nobody competes for the keys, and so every call runs, or gets what was recorded.
 *   <li>An operation runs once, though it would run unprotected if the store failed.
 *   <li>No listener is told that anything failed.
 *   <li>Afterwards the thread's flag is set.
 * </ol>
 */
public abstract class InterruptContract {

    private static final long LATEST_MICROSECONDS = 1_500;
    private static final long SEED = 4711;

    private static final Operation<String> PAY = Operation.builder("pay", String.class)
            .lease(Duration.ofMinutes(10))
            .whenStoreFails(WhenStoreFails.RUN)
            .build();

    private final Random random = new Random(SEED);
    private final ConcurrentHashMap<String, AtomicInteger> runs = new ConcurrentHashMap<>();
    private final List<String> failures = new CopyOnWriteArrayList<>();

    private @Nullable IdempotencyEngine engine;

    /** The store, always the same; not empty. */
    protected abstract IdempotencyStore store();

    /** The threads of this JVM that can make calls. */
    static Stream<Kind> kinds() {
        return Stream.of(Kind.values())
                .filter(kind -> kind != Kind.VIRTUAL || Runtime.version().feature() >= 21);
    }

    private IdempotencyEngine engine() {
        IdempotencyEngine made = engine;
        if (made == null) {
            IdempotencyEngine.Builder builder = IdempotencyEngine.builder(store())
                    .listener(new Failures())
                    .errorHandler((message, failure) -> failures.add(message + ": " + failure));
            made = store().keepsReferences()
                    ? builder.build()
                    : builder.codec(JacksonOutcomeCodec.create()).build();
            engine = made;
        }
        return made;
    }

    @AfterEach
    void close() {
        engine().close();
        assertThat(failures).isEmpty();
    }

    // before the call

    @ParameterizedTest
    @MethodSource("kinds")
    void aCallOfAnInterruptedThreadRunsAndSeesTheFlag(Kind kind) throws Exception {
        String value = newValue();
        AtomicBoolean seen = new AtomicBoolean();
        Interrupted<String> call = kind.interruptBefore(() -> engine().execute(PAY, value, Fingerprint.none(), () -> {
            seen.set(Thread.currentThread().isInterrupted());
            return "receipt-" + run(value);
        }));
        requireReceipt(call);
        assertThat(seen).isTrue();
        requireReplayed(value);
        requireReceipt(kind.interruptBefore(() -> pay(value)));
        assertThat(runs.get(value)).hasValue(1);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aCallOfAnInterruptedThreadThatFailsFreesItsKey(Kind kind) throws Exception {
        String value = newValue();
        Interrupted<String> call = kind.interruptBefore(() -> decline(value));
        assertThat(call.failure()).isInstanceOf(Declined.class).hasNoSuppressedExceptions();
        assertThat(call.flag()).isTrue();
        assertThat(pay(value)).isEqualTo("receipt-2");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aDuplicateOfAnInterruptedThreadWaitsNoLongerAndKeepsTheFlag(Kind kind) throws Exception {
        String value = newValue();
        Operation<String> patient = Operation.builder("pay", String.class)
                .waitAtMost(Duration.ofMinutes(1))
                .build();
        IdempotencyKey key = PAY.key(value);
        assertThat(store().claim(new ClaimRequest(key, UUID.randomUUID(), Fingerprint.none(), PAY.lease(), true)))
                .isInstanceOf(ClaimResult.Claimed.class);
        Interrupted<String> call =
                kind.interruptBefore(() -> engine().execute(patient, value, Fingerprint.none(), () -> "never"));
        assertThat(call.failure())
                .isInstanceOfSatisfying(
                        IdempotencyInProgressException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(Reason.INTERRUPTED));
        assertThat(call.flag()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void anInterruptedThreadLooksAtRecordsAndResolvesThem(Kind kind) throws Exception {
        String value = newValue();
        assertThat(pay(value)).isEqualTo("receipt-1");
        var operations = engine().records(name -> PAY);
        Interrupted<Boolean> call = kind.interruptBefore(() -> {
            assertThat(operations.list(RecordQuery.abandoned())).isEmpty();
            return operations.forget(
                    PAY.key(value), operations.find(PAY.key(value)).fencingToken(), "me", "a test");
        });
        assertThat(call.failure()).isNull();
        assertThat(call.answer()).isTrue();
        assertThat(call.flag()).isTrue();
        assertThat(pay(value)).isEqualTo("receipt-2");
    }

    // during the call

    @ParameterizedTest
    @MethodSource("kinds")
    @Timeout(120)
    void aCallThatIsInterruptedAtAnyMomentRunsOnceAndItsKeyDoesNotStick(Kind kind) throws Exception {
        for (int call = 0; call < kind.calls; call++) {
            String value = newValue();
            requireReceipt(kind.interruptAt(moment(), () -> pay(value)));
            requireReplayed(value);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    @Timeout(120)
    void aCallThatFailsAndIsInterruptedAtAnyMomentFreesItsKey(Kind kind) throws Exception {
        for (int call = 0; call < kind.calls; call++) {
            String value = newValue();
            Interrupted<String> declined = kind.interruptAt(moment(), () -> decline(value));
            assertThat(declined.failure()).isInstanceOf(Declined.class).hasNoSuppressedExceptions();
            assertThat(declined.flag()).isTrue();
            assertThat(pay(value)).isEqualTo("receipt-2");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    @Timeout(120)
    void aCompletedKeyIsReplayedWheneverItsCallerIsInterrupted(Kind kind) throws Exception {
        String value = newValue();
        requireReceipt(new Interrupted<>(pay(value), null, true));
        for (int call = 0; call < kind.calls; call++) {
            requireReceipt(kind.interruptAt(moment(), () -> pay(value)));
        }
        assertThat(runs.get(value)).hasValue(1);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    @Timeout(120)
    void stepsAreRecordedOnceWheneverTheirThreadIsInterrupted(Kind kind) throws Exception {
        for (int call = 0; call < kind.calls / 3; call++) {
            String value = newValue();
            Interrupted<String> declined = kind.interruptAt(moment(), () -> payInSteps(value, true));
            assertThat(declined.failure()).isInstanceOf(Declined.class).hasNoSuppressedExceptions();
            assertThat(declined.flag()).isTrue();
            requireReceipt(kind.interruptAt(moment(), () -> payInSteps(value, false)));
            assertThat(runs.get(value)).hasValue(1);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    @Timeout(120)
    void aThreadThatIsInterruptedAgainAndAgainGetsItsAnswer(Kind kind) throws Exception {
        for (int call = 0; call < 10; call++) {
            String value = newValue();
            requireReceipt(kind.interruptAgainAndAgain(() -> pay(value)));
            requireReplayed(value);
            requireReceipt(kind.interruptAgainAndAgain(() -> pay(value)));
            assertThat(runs.get(value)).hasValue(1);
        }
    }

    // words

    private String pay(String value) throws Exception {
        return engine().execute(PAY, value, Fingerprint.none(), () -> "receipt-" + run(value));
    }

    private String decline(String value) throws Exception {
        return engine().execute(PAY, value, Fingerprint.none(), () -> {
            run(value);
            throw new Declined();
        });
    }

    private String payInSteps(String value, boolean fails) throws Exception {
        return engine().execute(PAY, value, Fingerprint.none(), () -> {
            String receipt = IdempotencyContext.current().steps().run("pay", () -> "receipt-" + run(value));
            if (fails) {
                throw new Declined();
            }
            return receipt;
        });
    }

    private int run(String value) {
        return runs.computeIfAbsent(value, unused -> new AtomicInteger()).incrementAndGet();
    }

    private void requireReplayed(String value) throws Exception {
        assertThat(pay(value)).isEqualTo("receipt-1");
        assertThat(runs.get(value)).hasValue(1);
    }

    private static void requireReceipt(Interrupted<String> call) {
        if (call.failure() != null) {
            throw new AssertionError("The call failed", call.failure());
        }
        assertThat(call.answer()).isEqualTo("receipt-1");
        assertThat(call.flag()).as("the thread's flag").isTrue();
    }

    private long moment() {
        return TimeUnit.MICROSECONDS.toNanos(random.nextLong(LATEST_MICROSECONDS));
    }

    private static String newValue() {
        return UUID.randomUUID().toString();
    }

    private static final class Declined extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** What became of a call. */
    private record Interrupted<T>(
            @Nullable T answer, @Nullable Throwable failure, boolean flag) {}

    /** The kinds of threads that make calls. */
    enum Kind {
        PLATFORM(150),
        // Their interrupts break connections, and to open another takes its time.
        VIRTUAL(30);

        private final int calls;

        Kind(int calls) {
            this.calls = calls;
        }

        private <T> Interrupted<T> interruptBefore(Callable<T> call) throws Exception {
            Caller<T> caller = new Caller<>(() -> {
                Thread.currentThread().interrupt();
                return call.call();
            });
            start(caller);
            caller.delivered = true;
            return caller.result();
        }

        private <T> Interrupted<T> interruptAt(long nanoseconds, Callable<T> call) throws Exception {
            Caller<T> caller = new Caller<>(call);
            Thread thread = start(caller);
            caller.begun.await();
            long moment = System.nanoTime() + nanoseconds;
            while (System.nanoTime() - moment < 0) {
                Thread.onSpinWait();
            }
            thread.interrupt();
            caller.delivered = true;
            return caller.result();
        }

        private <T> Interrupted<T> interruptAgainAndAgain(Callable<T> call) throws Exception {
            Caller<T> caller = new Caller<>(call);
            Thread thread = start(caller);
            caller.begun.await();
            do {
                thread.interrupt();
                TimeUnit.MICROSECONDS.sleep(20);
            } while (!caller.answered);
            caller.delivered = true;
            return caller.result();
        }

        private Thread start(Runnable caller) throws ReflectiveOperationException {
            if (this == PLATFORM) {
                Thread thread = new Thread(caller, "caller");
                thread.start();
                return thread;
            }
            // By reflection, since the tests are compiled for Java 17.
            return (Thread)
                    Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, caller);
        }
    }

    /** Makes a call, and looks at its thread's flag when the interrupt has been delivered. */
    private static final class Caller<T> implements Runnable {

        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch ended = new CountDownLatch(1);
        private final Callable<T> call;
        private volatile boolean answered;
        private volatile boolean delivered;
        private volatile @Nullable Interrupted<T> result;

        Caller(Callable<T> call) {
            this.call = call;
        }

        @Override
        public void run() {
            begun.countDown();
            T answer = null;
            Throwable failure = null;
            try {
                answer = call.call();
            } catch (Throwable thrown) {
                failure = thrown;
            }
            answered = true;
            while (!delivered) {
                // Not a latch, which an interrupt would end.
                LockSupport.parkNanos(1_000);
            }
            result = new Interrupted<>(answer, failure, Thread.interrupted());
            ended.countDown();
        }

        Interrupted<T> result() throws InterruptedException {
            ended.await();
            return result;
        }
    }

    /** What no listener is to be told. */
    private final class Failures implements IdempotencyListener {

        @Override
        public void unprotected(IdempotencyKey key, IdempotencyStoreException failure) {
            failures.add("unprotected: " + failure);
        }

        @Override
        public void renewalFailed(int claims, IdempotencyStoreException failure) {
            failures.add("renewalFailed: " + failure);
        }

        @Override
        public void completionFailed(IdempotencyContext execution, IdempotencyStoreException failure) {
            failures.add("completionFailed: " + failure);
        }

        @Override
        public void stepNotRecorded(IdempotencyContext execution, String step, IdempotencyStoreException failure) {
            failures.add("stepNotRecorded: " + failure);
        }

        @Override
        public void abandoned(IdempotencyContext execution) {
            failures.add("abandoned: " + execution.key());
        }
    }
}
