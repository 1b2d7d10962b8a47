package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import java.lang.management.LockInfo;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

final class WaitingTest {

    private static final Operation<String> PAY = operation(Duration.ZERO);
    private static final Operation<String> WAITS = operation(Duration.ofHours(1));

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final RecordedEvents events = new RecordedEvents();
    private final IdempotencyEngine engine = engine(IdempotencyEngine.DEFAULT_MAX_WAITERS);
    private final IdempotencyEngine otherNode = engine(IdempotencyEngine.DEFAULT_MAX_WAITERS);
    private final Callers callers = new Callers();
    private final Callers.Gate gate = new Callers.Gate();
    private final AtomicInteger runs = new AtomicInteger();

    private static Operation<String> operation(Duration waitAtMost) {
        return Operation.builder("payment-service-pay", String.class)
                .waitAtMost(waitAtMost)
                .build();
    }

    private IdempotencyEngine engine(int maxWaiters) {
        return engine(new WaitingRoom(maxWaiters, maxWaiters));
    }

    private IdempotencyEngine engine(WaitingRoom room) {
        return IdempotencyEngine.builder(store)
                .waitingRoom(room)
                .ticker(ticker)
                .listener(events)
                .errorHandler(events)
                .build();
    }

    @AfterEach
    void close() {
        gate.open();
        callers.close();
        engine.close();
        otherNode.close();
    }

    /** Begins a call that is in progress until the gate is opened. */
    private Future<String> begin(IdempotencyEngine node) {
        Future<String> first = callers.call(() -> node.execute(PAY, "4711", Fingerprint.none(), () -> {
            runs.incrementAndGet();
            return gate.pass("receipt");
        }));
        gate.awaitEntered();
        return first;
    }

    private String call(IdempotencyEngine node, Operation<String> operation) throws Exception {
        return node.execute(operation, "4711", Fingerprint.none(), () -> "receipt of run " + runs.incrementAndGet());
    }

    private IdempotencyInProgressException refused(Operation<String> operation) {
        return catchThrowableOfType(IdempotencyInProgressException.class, () -> call(engine, operation));
    }

    // refused at once

    @Test
    void aDuplicateOfARunningCallIsRefusedAtOnce() throws Exception {
        Future<String> first = begin(engine);
        ticker.elapse(Duration.ofMillis(1_234));

        IdempotencyInProgressException refusal = refused(PAY);
        assertThat(refusal)
                .hasMessage(
                        "Idempotency key 'payment-service-pay:4711' is in progress (claimed 1.2 s ago, lease ends in"
                                + " 28.7 s); retry in 1.2 s, or set waitAtMost");
        assertThat(refusal.key()).isEqualTo(PAY.key("4711"));
        assertThat(refusal.reason()).isEqualTo(Reason.NOT_WAITING);
        assertThat(refusal.claimedSince()).isEqualTo(Duration.ofMillis(1_234));
        assertThat(refusal.leaseRemaining()).isEqualTo(Duration.ofMillis(28_766));
        assertThat(refusal.retryAfter()).isEqualTo(Duration.ofMillis(1_234));
        assertThat(events.named("refused"))
                .singleElement()
                .satisfies(event -> assertThat(event.detail()).isSameAs(refusal));

        gate.open();
        assertThat(Callers.get(first)).isEqualTo("receipt");
        assertThat(runs).hasValue(1);
    }

    // waiting

    @Test
    void aWaiterIsWokenByTheOwnerAndReplaysWithoutHavingAskedMeanwhile() throws Exception {
        Future<String> first = begin(engine);
        int before = store.count(Request.CLAIM);
        List<Future<String>> waiters = callers.call(10, () -> call(engine, WAITS));
        callers.awaitWaiting(10);
        assertThat(store.count(Request.CLAIM) - before).isEqualTo(10);

        gate.open();
        for (Future<String> waiter : waiters) {
            assertThat(Callers.get(waiter)).isEqualTo("receipt");
        }
        // One when each came, one when each was woken.
        assertThat(store.count(Request.CLAIM) - before).isEqualTo(20);
        assertThat(Callers.get(first)).isEqualTo("receipt");
        assertThat(runs).hasValue(1);
        assertThat(events.named("replayed")).hasSize(10);
        assertThat(events.named("refused")).isEmpty();
    }

    @Test
    void whenTheOwnerFailsExactlyOneWaiterRunsNext() throws Exception {
        Future<String> first = callers.call(() -> engine.execute(PAY, "4711", Fingerprint.none(), () -> {
            gate.pass("");
            throw new IllegalStateException("declined");
        }));
        gate.awaitEntered();
        AtomicInteger running = new AtomicInteger();
        AtomicBoolean together = new AtomicBoolean();
        List<Future<String>> waiters = callers.call(
                20,
                () -> engine.execute(WAITS, "4711", Fingerprint.none(), () -> {
                    together.compareAndSet(false, running.incrementAndGet() > 1);
                    try {
                        return "receipt of run " + runs.incrementAndGet();
                    } finally {
                        running.decrementAndGet();
                    }
                }));
        callers.awaitWaiting(20);
        gate.open();

        for (Future<String> waiter : waiters) {
            assertThat(Callers.get(waiter)).isEqualTo("receipt of run 1");
        }
        assertThatThrownBy(() -> Callers.get(first)).hasRootCauseMessage("declined");
        assertThat(runs).hasValue(1);
        assertThat(together).isFalse();
    }

    @Test
    void aWaiterGivesUpWhenItsTimeIsOverAndNotBefore() throws Exception {
        Duration waitAtMost = Duration.ofMillis(20);
        var unused = begin(engine);
        int before = store.count(Request.CLAIM);
        Future<IdempotencyInProgressException> waiter = callers.call(() -> refused(operation(waitAtMost)));
        // The clock stands, so it looks again and again.
        Callers.until(() -> store.count(Request.CLAIM) >= before + 3);
        assertThat(waiter).isNotDone();

        ticker.elapse(waitAtMost);
        IdempotencyInProgressException refusal = Callers.get(waiter);
        assertThat(refusal.reason()).isEqualTo(Reason.WAITED);
        assertThat(refusal.claimedSince()).isEqualTo(waitAtMost);
        assertThat(refusal.leaseRemaining()).isEqualTo(PAY.lease().minus(waitAtMost));
        assertThat(refusal.retryAfter()).isEqualTo(Duration.ofSeconds(1));
        assertThat(runs).hasValue(1);
    }

    @Test
    void aWaiterBeyondTheNumberAllowedIsRefusedAtOnce() throws Exception {
        var unused = begin(otherNode);
        try (IdempotencyEngine small = engine(2)) {
            List<Future<String>> waiters = callers.call(2, () -> call(small, WAITS));
            callers.awaitWaiting(2);
            for (int time = 0; time < 2; time++) {
                assertThatExceptionOfType(IdempotencyInProgressException.class)
                        .isThrownBy(() -> call(small, WAITS))
                        .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.TOO_MANY_WAITERS));
            }
            gate.open();
            for (Future<String> waiter : waiters) {
                assertThat(Callers.get(waiter)).isEqualTo("receipt");
            }
        }
    }

    @Test
    void waitersForOneKeyKeepNobodyFromWaitingForAnother() throws Exception {
        var unused = begin(otherNode);
        Callers.Gate own = new Callers.Gate();
        try (IdempotencyEngine shared = engine(new WaitingRoom(3, 2));
                IdempotencyEngine narrow = engine(new WaitingRoom(3, 0))) {
            Future<String> other =
                    callers.call(() -> shared.execute(PAY, "another", Fingerprint.none(), () -> own.pass("done")));
            own.awaitEntered();
            for (int time = 0; time < 2; time++) {
                List<Future<String>> waiters = new ArrayList<>(callers.call(2, () -> call(shared, WAITS)));
                callers.awaitWaiting(2);
                assertThatExceptionOfType(IdempotencyInProgressException.class)
                        .isThrownBy(() -> call(shared, WAITS))
                        .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.TOO_MANY_WAITERS));
                waiters.add(callers.call(() -> shared.execute(WAITS, "another", Fingerprint.none(), () -> "never")));
                callers.awaitWaiting(3);
                // Whoever leaves makes room for the next round. One that looks just now is interrupted later.
                Callers.until(() -> {
                    callers.waiting().forEach(Thread::interrupt);
                    return waiters.stream().allMatch(Future::isDone);
                });
                waiters.forEach(waiter -> assertThatThrownBy(() -> Callers.get(waiter))
                        .hasCauseInstanceOf(IdempotencyInProgressException.class));
            }
            own.open();
            assertThat(Callers.get(other)).isEqualTo("done");
            assertThatExceptionOfType(IdempotencyInProgressException.class)
                    .isThrownBy(() -> call(narrow, WAITS))
                    .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.TOO_MANY_WAITERS));
        }
    }

    @Test
    void enginesInOneWaitingRoomShareItsPlaces() throws Exception {
        var unused = begin(otherNode);
        WaitingRoom room = new WaitingRoom(1, 1);
        try (IdempotencyEngine one = engine(room);
                IdempotencyEngine two = engine(room)) {
            Future<String> waiter = callers.call(() -> call(one, WAITS));
            callers.awaitWaiting(1);
            assertThatExceptionOfType(IdempotencyInProgressException.class)
                    .isThrownBy(() -> two.execute(WAITS, "4711", Fingerprint.none(), () -> "never"))
                    .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.TOO_MANY_WAITERS));
            gate.open();
            assertThat(Callers.get(waiter)).isEqualTo("receipt");
        }
    }

    @Test
    void whoeverWaitedInVainLeavesItsPlaceToOthers() throws Exception {
        var unused = begin(engine);
        try (IdempotencyEngine small = engine(1)) {
            for (int time = 0; time < 3; time++) {
                Future<String> waiter = callers.call(() -> call(small, operation(Duration.ofMillis(1))));
                Callers.until(() -> {
                    ticker.elapse(Duration.ofMillis(1));
                    return waiter.isDone();
                });
                assertThatExceptionOfType(ExecutionException.class)
                        .isThrownBy(() -> Callers.get(waiter))
                        .havingCause()
                        .isInstanceOfSatisfying(
                                IdempotencyInProgressException.class,
                                refusal -> assertThat(refusal.reason()).isEqualTo(Reason.WAITED));
            }
        }
    }

    @Test
    void listenersAreToldOnceThatACallWaitsAndNotOfOneWithoutAPlace() throws Exception {
        var unused = begin(otherNode);
        try (IdempotencyEngine impatient = engine(0)) {
            assertThatExceptionOfType(IdempotencyInProgressException.class).isThrownBy(() -> call(impatient, WAITS));
        }
        assertThat(events.named("waiting")).isEmpty();
        Future<String> waiter = callers.call(() -> call(engine, WAITS));
        int asked = store.count(Request.CLAIM);
        Callers.until(() -> store.count(Request.CLAIM) > asked + 3);
        assertThat(events.named("waiting"))
                .singleElement()
                .satisfies(event -> assertThat(event.detail()).isEqualTo(PAY.key("4711")));
        gate.open();
        assertThat(Callers.get(waiter)).isEqualTo("receipt");
    }

    @Test
    void withNoWaitersAllowedNoneWaits() throws Exception {
        var unused = begin(otherNode);
        try (IdempotencyEngine impatient = engine(0)) {
            assertThatExceptionOfType(IdempotencyInProgressException.class)
                    .isThrownBy(() -> call(impatient, WAITS))
                    .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.TOO_MANY_WAITERS));
        }
    }

    @Test
    void anInterruptedWaiterIsRefusedWithItsFlagSet() throws Exception {
        for (IdempotencyEngine owner : List.of(engine, otherNode)) {
            Callers.Gate own = new Callers.Gate();
            String key = owner == engine ? "same" : "other";
            Future<String> first =
                    callers.call(() -> owner.execute(PAY, key, Fingerprint.none(), () -> own.pass("receipt")));
            own.awaitEntered();
            Future<Boolean> waiter = callers.call(() -> {
                IdempotencyInProgressException refusal = catchThrowableOfType(
                        IdempotencyInProgressException.class,
                        () -> engine.execute(WAITS, key, Fingerprint.none(), () -> "never"));
                assertThat(refusal.reason()).isEqualTo(Reason.INTERRUPTED);
                return Thread.interrupted();
            });
            callers.awaitWaiting(1);
            callers.waiting().forEach(Thread::interrupt);
            assertThat(Callers.get(waiter)).isTrue();
            assertThat(first).isNotDone();
            own.open();
            assertThat(Callers.get(first)).isEqualTo("receipt");
        }
    }

    @Test
    void aWaiterOnAnotherNodeAsksUntilItGetsTheOutcome() throws Exception {
        Future<String> first = begin(engine);
        int before = store.count(Request.CLAIM);
        Future<String> waiter = callers.call(() -> call(otherNode, WAITS));
        Callers.until(() -> store.count(Request.CLAIM) >= before + 4);
        assertThat(waiter).isNotDone();
        gate.open();
        assertThat(Callers.get(waiter)).isEqualTo("receipt");
        assertThat(Callers.get(first)).isEqualTo("receipt");
        assertThat(runs).hasValue(1);
    }

    @Test
    void aWaiterTakesOverWhenTheOwnersLeaseIsOverAndNotBefore() throws Exception {
        store.claim(new ClaimRequest(PAY.key("4711"), UUID.randomUUID(), Fingerprint.none(), PAY.lease(), false));
        Future<Integer> waiter = callers.call(() -> engine.execute(
                Operation.builder("payment-service-pay", Integer.class)
                        .waitAtMost(Duration.ofHours(1))
                        .build(),
                "4711",
                Fingerprint.none(),
                () -> IdempotencyContext.current().takeovers()));
        ticker.elapse(PAY.lease().minusNanos(1));
        int before = store.count(Request.CLAIM);
        Callers.until(() -> store.count(Request.CLAIM) >= before + 3);
        assertThat(waiter).isNotDone();
        ticker.elapse(Duration.ofNanos(1));
        assertThat(Callers.get(waiter)).isEqualTo(1);
    }

    @Test
    void aWaiterWhoseStoreFailsIsRefusedEvenWhereOthersMayRunUnprotected() throws Exception {
        Operation<String> failOpen = Operation.builder("payment-service-pay", String.class)
                .waitAtMost(Duration.ofHours(1))
                .whenStoreFails(WhenStoreFails.RUN)
                .build();
        var unused = begin(otherNode);
        Future<String> waiter = callers.call(() -> call(engine, failOpen));
        callers.awaitWaiting(1);
        store.fail(Request.CLAIM);
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(() -> Callers.get(waiter))
                .withCauseInstanceOf(IdempotencyStoreException.class);
        assertThat(runs).hasValue(1);
        assertThat(events.names()).contains("refused").doesNotContain("unprotected");
    }

    @Test
    void aWaiterWhoseClaimWasMadeAndItsAnswerLostRunsWithinThatClaim() throws Exception {
        ClaimRequest another =
                new ClaimRequest(PAY.key("4711"), UUID.randomUUID(), Fingerprint.none(), PAY.lease(), true);
        Claim owner = ((ClaimResult.Claimed) store.claim(another)).claim();
        Future<String> waiter = callers.call(() -> call(engine, WAITS));
        callers.awaitWaiting(1);
        AtomicInteger lost = new AtomicInteger();
        store.meet(Request.CLAIM, request -> {
            Object answer = request.get();
            if (answer instanceof ClaimResult.Claimed && lost.getAndIncrement() == 0) {
                throw TroubledStore.failure();
            }
            return answer;
        });
        assertThat(store.release(owner)).isTrue();

        assertThat(Callers.get(waiter)).isEqualTo("receipt of run 1");
        assertThat(lost).hasValueGreaterThan(1);
        assertThat(store.find(PAY.key("4711")).takeovers()).isZero();
        assertThat(events.names()).containsExactly("waiting", "claimed", "completed");
    }

    @Test
    void aWaiterHoldsNoLockAndIsInTheMidstOfNoRequest() throws Exception {
        var unused = begin(engine);
        var unusedToo = callers.call(() -> call(engine, WAITS));
        callers.awaitWaiting(1);
        Thread waiter = callers.waiting().get(0);
        ThreadInfo info = ManagementFactory.getThreadMXBean().getThreadInfo(new long[] {waiter.getId()}, true, true)[0];
        assertThat(info.getLockedMonitors()).isEmpty();
        assertThat(info.getLockedSynchronizers())
                .extracting(LockInfo::getClassName)
                .allMatch(name -> name.equals("java.util.concurrent.ThreadPoolExecutor$Worker"));
        assertThat(info.getStackTrace())
                .extracting(StackTraceElement::getClassName)
                .noneMatch(name -> name.equals(TroubledStore.class.getName()));
    }

    // many callers

    @Test
    void of200ConcurrentCallersThatWaitOneRunsAndAllGetItsResult() throws Exception {
        CountDownLatch together = new CountDownLatch(200);
        List<Future<String>> answers = callers.call(200, () -> {
            together.countDown();
            Callers.await(together);
            return call(engine, WAITS);
        });
        for (Future<String> answer : answers) {
            assertThat(Callers.get(answer)).isEqualTo("receipt of run 1");
        }
        assertThat(runs).hasValue(1);
    }

    @Test
    void of200ConcurrentCallersOnTwoNodesThatDoNotWaitOneRuns() throws Exception {
        CountDownLatch together = new CountDownLatch(200);
        AtomicInteger number = new AtomicInteger();
        List<Future<String>> answers = callers.call(200, () -> {
            IdempotencyEngine node = number.getAndIncrement() % 2 == 0 ? engine : otherNode;
            together.countDown();
            Callers.await(together);
            try {
                return call(node, PAY);
            } catch (IdempotencyInProgressException refused) {
                return "refused";
            }
        });
        for (Future<String> answer : answers) {
            assertThat(Callers.get(answer)).isIn("receipt of run 1", "refused");
        }
        assertThat(runs).hasValue(1);
    }

    @Test
    void callersAllAlongARunOfManyLeasesOnTwoNodesNeverStartAnother() throws Exception {
        Duration lease = Duration.ofMillis(60);
        Operation<String> impatient = Operation.builder("payment-service-pay", String.class)
                .lease(lease)
                .build();
        Operation<String> patient = Operation.builder("payment-service-pay", String.class)
                .lease(lease)
                .waitAtMost(Duration.ofMillis(5))
                .build();
        Future<String> first = callers.call(() -> engine.execute(impatient, "4711", Fingerprint.none(), () -> {
            runs.incrementAndGet();
            return gate.pass("receipt");
        }));
        gate.awaitEntered();
        AtomicInteger refusals = new AtomicInteger();
        List<Future<String>> others = Stream.of(engine, engine, otherNode, otherNode)
                .map(node -> callers.call((Callable<String>) () -> {
                    for (int call = 0; ; call++) {
                        try {
                            return call(node, call % 2 == 0 ? impatient : patient);
                        } catch (IdempotencyInProgressException inProgress) {
                            refusals.incrementAndGet();
                        }
                    }
                }))
                .toList();
        // Ten leases, each in steps of a third, none made before the owner has asked for the next renewal.
        for (int step = 0; step < 30; step++) {
            int before = store.count(Request.RENEW);
            int refusedBefore = refusals.get();
            ticker.elapse(lease.dividedBy(3));
            Callers.until(() -> store.count(Request.RENEW) > before && refusals.get() > refusedBefore);
        }
        gate.open();
        assertThat(Callers.get(first)).isEqualTo("receipt");
        for (Future<String> other : others) {
            assertThat(Callers.get(other)).isEqualTo("receipt");
        }
        assertThat(runs).hasValue(1);
        assertThat(events.named("leaseLost")).isEmpty();
    }

    @Test
    @EnabledForJreRange(min = JRE.JAVA_21)
    void aThousandVirtualThreadsWaitForOneKey() throws Exception {
        Future<String> first = begin(engine);
        int before = store.count(Request.CLAIM);
        // By reflection, since the tests are compiled for Java 17.
        ExecutorService virtual = (ExecutorService)
                Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
        try {
            ConcurrentHashMap<Thread, Boolean> threads = new ConcurrentHashMap<>();
            List<Future<String>> waiters = Stream.generate(() -> virtual.submit(() -> {
                        threads.put(Thread.currentThread(), true);
                        return call(engine, WAITS);
                    }))
                    .limit(1_000)
                    .toList();
            Callers.until(() -> threads.size() == 1_000
                    && threads.keySet().stream().allMatch(thread -> thread.getState() == Thread.State.TIMED_WAITING));
            assertThat(store.count(Request.CLAIM) - before).isEqualTo(1_000);
            gate.open();
            for (Future<String> waiter : waiters) {
                assertThat(Callers.get(waiter)).isEqualTo("receipt");
            }
        } finally {
            virtual.shutdownNow();
        }
        assertThat(Callers.get(first)).isEqualTo("receipt");
        assertThat(runs).hasValue(1);
    }

    // a call within itself

    @Test
    void aKeyHeldByThisVeryCallIsRefusedAtOnceEvenToOneThatWaits() throws Exception {
        String result = engine.execute(WAITS, "4711", Fingerprint.none(), () -> {
            ticker.elapse(Duration.ofMillis(2_500));
            IdempotencyInProgressException refusal = refused(WAITS);
            assertThat(refusal.reason()).isEqualTo(Reason.REENTRANT);
            assertThat(refusal.claimedSince()).isEqualTo(Duration.ofMillis(2_500));
            assertThat(refusal.leaseRemaining()).isEqualTo(Duration.ofMillis(27_500));
            assertThat(refusal.retryAfter()).isEqualTo(Duration.ofMillis(2_500));
            assertThat(events.named("refused"))
                    .singleElement()
                    .satisfies(event -> assertThat(event.detail()).isSameAs(refusal));
            return "outer";
        });
        assertThat(result).isEqualTo("outer");
        assertThat(store.count(Request.CLAIM)).isEqualTo(1);
        assertThat(runs).hasValue(0);
        assertThat(call(engine, WAITS)).isEqualTo("outer");
    }

    @Test
    void reEntryIsRefusedEvenWhenTheLeaseWasLost() throws Exception {
        engine.execute(WAITS, "4711", Fingerprint.none(), () -> {
            ticker.elapse(WAITS.lease().multipliedBy(2));
            IdempotencyInProgressException refusal = refused(WAITS);
            assertThat(refusal.reason()).isEqualTo(Reason.REENTRANT);
            assertThat(refusal.leaseRemaining()).isZero();
            assertThat(refusal.retryAfter()).isZero();
            return "outer";
        });
        assertThat(runs).hasValue(0);
    }

    @Test
    void reEntryIsRefusedThroughAnotherKeyInBetweenAndOnAnotherEngine() throws Exception {
        engine.execute(
                WAITS,
                "4711",
                Fingerprint.none(),
                () -> otherNode.execute(WAITS, "between", Fingerprint.none(), () -> {
                    assertThat(refused(WAITS).reason()).isEqualTo(Reason.REENTRANT);
                    return "inner";
                }));
        assertThat(runs).hasValue(0);
    }

    @Test
    void contextsNestAndAreRestoredAfterValuesAndExceptions() throws Exception {
        engine.execute(PAY, "outer", Fingerprint.none(), () -> {
            IdempotencyContext outer = IdempotencyContext.current();
            assertThat(outer.key()).isEqualTo(PAY.key("outer"));
            engine.execute(PAY, "inner", Fingerprint.none(), () -> {
                assertThat(IdempotencyContext.current().key()).isEqualTo(PAY.key("inner"));
                return "";
            });
            assertThat(IdempotencyContext.current()).isSameAs(outer);
            for (Throwable failure : List.of(new IllegalStateException("declined"), new AssertionError("bug"))) {
                assertThatThrownBy(() -> engine.execute(PAY, "failing", Fingerprint.none(), () -> {
                            throw Sneaky.raise(failure);
                        }))
                        .isSameAs(failure);
                assertThat(IdempotencyContext.current()).isSameAs(outer);
            }
            // A replay runs nothing and binds nothing.
            engine.execute(PAY, "inner", Fingerprint.none(), () -> "never");
            assertThat(IdempotencyContext.current()).isSameAs(outer);
            return "";
        });
        assertThat(IdempotencyContext.currentOrNull()).isNull();
    }

    @Test
    void theContextOfAFirstRunSaysSo() throws Throwable {
        engine.execute(PAY, PAY.key("4711"), Fingerprint.none(), execution -> {
            assertThat(IdempotencyContext.current()).isSameAs(execution);
            assertThat(execution.operation()).isSameAs(PAY);
            assertThat(execution.attempt()).isEqualTo(1);
            assertThat(execution.takeovers()).isZero();
            assertThat(execution.leaseLost()).isFalse();
            assertThat(store.find(execution.key())).satisfies(record -> {
                assertThat(record.fencingToken()).isEqualTo(execution.fencingToken());
                assertThat(record.firstClaimedAt()).isEqualTo(execution.firstClaimedAt());
            });
            execution.beginAttempt();
            assertThat(execution.attempt()).isEqualTo(1);
            execution.beginAttempt();
            assertThat(execution.attempt()).isEqualTo(2);
            return "";
        });
    }

    @Test
    void aCallThatTheCallerMadeByHandIsInProgressForTheEngineToo() {
        ClaimResult byHand = store.claim(
                new ClaimRequest(PAY.key("4711"), UUID.randomUUID(), Fingerprint.none(), PAY.lease(), false));
        assertThat(byHand).isInstanceOf(ClaimResult.Claimed.class);
        assertThat(refused(PAY).reason()).isEqualTo(Reason.NOT_WAITING);
    }
}
