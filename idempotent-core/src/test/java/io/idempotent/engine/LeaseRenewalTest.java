package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.RenewalResult;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class LeaseRenewalTest {

    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration SIXTH = LEASE.dividedBy(6);
    private static final Operation<String> PAY = Operation.builder("payment-service-pay", String.class)
            .lease(LEASE)
            .maxRun(LEASE.multipliedBy(10))
            .build();

    /** So short that the renewing thread is soon there; the lease itself is measured by the clock that stands. */
    private static final Duration SHORT = Duration.ofMillis(60);

    private static final Operation<String> SHORT_LEASE = Operation.builder("payment-service-pay", String.class)
            .lease(SHORT)
            .maxRun(SHORT.multipliedBy(2))
            .build();

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final RecordedEvents events = new RecordedEvents();
    private final LeaseRenewal renewal =
            new LeaseRenewal(store, ticker, new Listeners(List.of(events), events), events, new Pacing() {});
    private final Set<Execution> group = ConcurrentHashMap.newKeySet();
    private final IdempotencyEngine engine = IdempotencyEngine.builder(store)
            .ticker(ticker)
            .listener(events)
            .errorHandler(events)
            .build();
    private final Callers callers = new Callers();

    @AfterEach
    void close() {
        callers.close();
        renewal.close();
        engine.close();
    }

    /** An execution as the engine makes it. */
    private Execution begin(String key) {
        long requestedAt = ticker.getAsLong();
        ClaimResult.Claimed claimed = (ClaimResult.Claimed)
                store.claim(new ClaimRequest(PAY.key(key), UUID.randomUUID(), Fingerprint.none(), LEASE, true));
        Execution execution = Execution.leased(
                PAY, claimed, Fingerprint.none(), ticker, requestedAt, false, null, false, (self, earlier) -> {
                    throw new IllegalStateException("without steps");
                });
        group.add(execution);
        return execution;
    }

    private void visit() {
        renewal.visit(group, LEASE);
    }

    private Duration remaining(IdempotencyKey key) {
        return store.find(key).leaseRemaining();
    }

    // one visit

    @Test
    void aLeaseThatWasGrantedLessThanASixthOfItAgoCostsNoRequest() {
        Execution execution = begin("4711");
        ticker.elapse(SIXTH.minusNanos(1));
        visit();
        assertThat(store.renewed()).isEmpty();

        ticker.elapse(Duration.ofNanos(1));
        visit();
        assertThat(store.renewed()).containsExactly(1);
        assertThat(remaining(execution.key())).isEqualTo(LEASE);
        assertThat(execution.lease().remaining()).isEqualTo(LEASE.toNanos());

        ticker.elapse(SIXTH.minusNanos(1));
        visit();
        assertThat(store.renewed()).containsExactly(1);
    }

    @Test
    void allThatAreDueAreRenewedByOneRequest() {
        for (int key = 0; key < 10; key++) {
            begin("old " + key);
        }
        ticker.elapse(SIXTH);
        begin("new");
        visit();
        assertThat(store.renewed()).containsExactly(10);
    }

    @Test
    void visitsKeepALeaseForAsLongAsTheyCome() {
        Execution execution = begin("4711");
        for (int third = 0; third < 24; third++) {
            ticker.elapse(LEASE.dividedBy(3));
            visit();
            assertThat(execution.leaseLost()).isFalse();
        }
        assertThat(remaining(execution.key())).isEqualTo(LEASE);
        assertThat(events.all()).isEmpty();
    }

    @Test
    void anExecutionThatRunsTooLongIsNotRenewedAnyMoreAndItsKeyCanBeTakenOver() {
        Execution execution = begin("4711");
        for (Duration age = Duration.ZERO; age.compareTo(PAY.maxRun()) < 0; age = age.plus(SIXTH)) {
            visit();
            ticker.elapse(SIXTH);
        }
        int renewed = store.renewed().size();
        assertThat(execution.leaseLost()).isFalse();
        visit();
        assertThat(store.renewed()).hasSize(renewed);
        assertThat(events.all()).isEmpty();

        ticker.elapse(LEASE.minus(SIXTH));
        visit();
        visit();
        assertThat(store.renewed()).hasSize(renewed);
        assertThat(execution.leaseLost()).isTrue();
        assertThat(events.names()).containsExactly("leaseLost");
        assertThat(begin("4711").takeovers()).isEqualTo(1);
    }

    @Test
    void whatRemainsOfAnExecutionEndsWhenItsLeaseIsRenewedNoMore() {
        Execution execution = begin("4711");
        assertThat(execution.remaining()).isEqualTo(PAY.maxRun());
        for (Duration age = SIXTH; age.compareTo(PAY.maxRun()) < 0; age = age.plus(SIXTH)) {
            ticker.elapse(SIXTH);
            visit();
            assertThat(execution.remaining()).isEqualTo(PAY.maxRun().minus(age));
        }
        ticker.elapse(SIXTH);
        assertThat(execution.remaining()).isZero();
        ticker.elapse(SIXTH);
        assertThat(execution.leaseLost()).isFalse();
        assertThat(execution.remaining()).isZero();
    }

    @Test
    void nothingRemainsOnceTheLeaseIsLost() {
        Execution execution = begin("4711");
        ticker.elapse(LEASE);
        assertThat(execution.leaseLost()).isTrue();
        assertThat(execution.remaining()).isZero();
    }

    @Test
    void whatRemainsIsTheTimeOfAllAttemptsWhereThatIsShorter() {
        Execution execution = begin("4711");
        ticker.elapse(SIXTH);
        execution.limitAttempts(LEASE);
        assertThat(execution.remaining()).isEqualTo(LEASE);
        ticker.elapse(SIXTH);
        assertThat(execution.remaining()).isEqualTo(LEASE.minus(SIXTH));

        execution.limitAttempts(Duration.ofDays(1));
        assertThat(execution.remaining()).isEqualTo(PAY.maxRun().minus(SIXTH.multipliedBy(2)));
        execution.limitAttempts(Duration.ofSeconds(Long.MAX_VALUE));
        assertThat(execution.remaining()).isEqualTo(PAY.maxRun().minus(SIXTH.multipliedBy(2)));
    }

    @Test
    void aRenewalThatIsRefusedLosesTheLeaseAtOnceAndForGood() {
        Execution execution = begin("4711");
        Execution other = begin("4712");
        ticker.elapse(SIXTH);
        store.release(execution.claim());
        visit();
        assertThat(execution.leaseLost()).isTrue();
        assertThat(execution.isUnknownToStore())
                .as("nobody can have taken it over")
                .isTrue();
        assertThat(other.leaseLost()).isFalse();
        assertThat(other.isUnknownToStore()).isFalse();
        assertThat(events.names()).containsExactly("leaseLost");
        assertThat(events.all().get(0).detail()).isSameAs(execution);

        ticker.elapse(SIXTH);
        visit();
        assertThat(store.renewed()).containsExactly(2, 1);
        assertThat(execution.leaseLost()).isTrue();
        assertThat(events.names()).containsExactly("leaseLost");
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(execution::beginAttempt)
                .withMessageContaining("attempt 1 was not begun")
                .satisfies(lost -> {
                    assertThat(lost.key()).isEqualTo(execution.key());
                    assertThat(lost.fencingToken()).isEqualTo(execution.fencingToken());
                });
        assertThat(execution.attempt()).isEqualTo(1);
    }

    @Test
    void aClaimThatWasTakenOverWhenItsLeaseWasOverIsNotUnknownToTheStore() {
        Execution execution = begin("4711");
        ticker.elapse(LEASE);
        assertThat(begin("4711").takeovers()).isEqualTo(1);
        visit();
        assertThat(execution.leaseLost()).isTrue();
        assertThat(execution.isUnknownToStore()).isFalse();
    }

    @Test
    void whileRenewalsFailTheLeaseLastsAsLongAsItWasGrantedLast() {
        Execution execution = begin("4711");
        execution.beginAttempt();
        ticker.elapse(SIXTH);
        visit();
        store.fail(Request.RENEW);
        for (int fifth = 0; fifth < 5; fifth++) {
            ticker.elapse(SIXTH);
            visit();
            assertThat(execution.leaseLost()).isFalse();
        }
        ticker.elapse(SIXTH.minusNanos(1));
        assertThat(execution.leaseLost()).isFalse();
        execution.beginAttempt();

        ticker.elapse(Duration.ofNanos(1));
        assertThat(execution.leaseLost()).isTrue();
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(execution::beginAttempt)
                .withMessageContaining("attempt 3 was not begun");
        assertThat(execution.attempt()).isEqualTo(2);
        visit();
        visit();
        assertThat(events.named("leaseLost")).hasSize(1);
        assertThat(events.named("renewalFailed"))
                .hasSize(7)
                .allSatisfy(event -> assertThat(event.detail()).isInstanceOf(IdempotencyStoreException.class));
    }

    @Test
    void aRenewalThatFailedIsTriedAgainAtTheNextVisit() {
        Execution execution = begin("4711");
        store.fail(Request.RENEW, 2);
        for (int half = 0; half < 3; half++) {
            ticker.elapse(LEASE.dividedBy(4));
            visit();
        }
        assertThat(events.names()).containsExactly("renewalFailed", "renewalFailed");
        assertThat(remaining(execution.key())).isEqualTo(LEASE);
        ticker.elapse(LEASE.minusNanos(1));
        assertThat(execution.leaseLost()).isFalse();
    }

    @Test
    void oneClaimThatIsStuckInTheStoreDoesNotCostTheOthersTheirLeases() {
        List<Execution> executions = List.of(begin("4711"), begin("4712"), begin("4713"));
        ticker.elapse(SIXTH);
        // The request for all, and the first of those for one.
        store.fail(Request.RENEW, 2);
        visit();
        assertThat(executions.stream()
                        .map(execution -> execution.lease().remaining())
                        .sorted())
                .containsExactly(LEASE.minus(SIXTH).toNanos(), LEASE.toNanos(), LEASE.toNanos());
        assertThat(executions).noneMatch(Execution::leaseLost);
        assertThat(events.names()).containsExactly("renewalFailed");
    }

    @Test
    void oneThatTheStoreCannotDecideOnIsAskedForAgainSoonUntilItsLeaseIsOver() {
        Execution locked = begin("4711");
        Execution other = begin("4712");
        store.meet(Request.RENEW, request -> {
            RenewalResult result = (RenewalResult) request.get();
            return new RenewalResult(
                    result.renewed().stream()
                            .filter(claim -> !claim.equals(locked.claim()))
                            .collect(Collectors.toSet()),
                    result.renewed().contains(locked.claim()) ? Set.of(locked.claim()) : Set.of());
        });
        ticker.elapse(SIXTH);
        assertThat(renewal.visit(group, LEASE))
                .as("nothing is left to be asked for soon")
                .isFalse();
        assertThat(events.all()).as("so soon").isEmpty();
        ticker.elapse(SIXTH.dividedBy(2));
        assertThat(renewal.visit(group, LEASE)).isFalse();
        assertThat(store.renewed()).as("those that were renewed are left alone").containsExactly(2, 1);

        ticker.elapse(SIXTH.multipliedBy(3).dividedBy(2));
        assertThat(renewal.visit(group, LEASE)).isFalse();
        ticker.elapse(SIXTH);
        assertThat(renewal.visit(group, LEASE)).isFalse();
        assertThat(events.named("renewalFailed"))
                .as("told once, when half of the lease is over")
                .singleElement()
                .satisfies(event -> assertThat(event.detail())
                        .asInstanceOf(InstanceOfAssertFactories.THROWABLE)
                        .hasMessageContaining("'" + locked.key() + "' among them, cannot be renewed"));
        assertThat(locked.leaseLost()).isFalse();

        ticker.elapse(SIXTH.multipliedBy(2));
        assertThat(renewal.visit(group, LEASE)).isTrue();
        assertThat(locked.leaseLost()).isTrue();
        assertThat(other.leaseLost()).isFalse();
        assertThat(events.names()).containsExactly("renewalFailed", "leaseLost");
    }

    @Test
    void oneThatTheStoreCanDecideOnAgainGoesOn() {
        Execution locked = begin("4711");
        ticker.elapse(SIXTH.multipliedBy(5));
        store.meet(Request.RENEW, request -> new RenewalResult(Set.of(), Set.of(locked.claim())));
        assertThat(renewal.visit(group, LEASE)).isFalse();
        store.meet(Request.RENEW, Supplier::get);
        assertThat(renewal.visit(group, LEASE)).isTrue();
        assertThat(locked.lease().remaining()).isEqualTo(LEASE.toNanos());
    }

    @Test
    void requestsForOneClaimAreBegunOnlyWhileTheyEndBeforeTheLease() {
        List<Execution> executions = List.of(begin("4711"), begin("4712"), begin("4713"));
        ticker.elapse(SIXTH.multipliedBy(3));
        AtomicInteger requests = new AtomicInteger();
        store.meet(Request.RENEW, request -> {
            requests.incrementAndGet();
            ticker.elapse(SIXTH.minusNanos(1));
            throw TroubledStore.failure();
        });
        visit();
        assertThat(requests).as("all, and the first").hasValue(2);
        assertThat(executions).noneMatch(Execution::leaseLost);
    }

    @Test
    void aStoreThatFailsSlowlyIsNotAskedForEachClaimBeyondAThirdOfTheLease() {
        begin("4711");
        begin("4712");
        ticker.elapse(SIXTH);
        AtomicInteger requests = new AtomicInteger();
        store.meet(Request.RENEW, request -> {
            requests.incrementAndGet();
            ticker.elapse(SIXTH.multipliedBy(2));
            throw TroubledStore.failure();
        });
        visit();
        assertThat(requests).hasValue(1);
    }

    @Test
    void aRenewalCountsFromBeforeItsRequest() {
        Execution execution = begin("4711");
        ticker.elapse(SIXTH);
        store.meet(Request.RENEW, request -> {
            Object answer = request.get();
            ticker.elapse(SIXTH.multipliedBy(2));
            return answer;
        });
        visit();
        assertThat(execution.lease().remaining())
                .isEqualTo(SIXTH.multipliedBy(4).toNanos());
    }

    @Test
    void whateverAStoreThrowsIsToldAsAFailureOfTheStore() {
        begin("4711");
        ticker.elapse(SIXTH);
        IllegalStateException foreign = new IllegalStateException("pool closed");
        store.meet(Request.RENEW, request -> {
            throw foreign;
        });
        visit();
        assertThat(events.named("renewalFailed"))
                .singleElement()
                .satisfies(event -> assertThat(event.detail())
                        .asInstanceOf(InstanceOfAssertFactories.THROWABLE)
                        .isInstanceOf(IdempotencyStoreException.class)
                        .hasMessage("The store failed to renew 1 leases: java.lang.IllegalStateException")
                        .hasCause(foreign));
    }

    @Test
    void theAnswerForAnExecutionThatEndedMeanwhileIsIgnored() {
        Execution execution = begin("4711");
        ticker.elapse(SIXTH);
        store.meet(Request.RENEW, request -> {
            store.release(execution.claim());
            group.remove(execution);
            return request.get();
        });
        visit();
        assertThat(execution.leaseLost()).isFalse();
        assertThat(events.all()).isEmpty();
    }

    @Test
    void anErrorOfTheStoreDoesNotEndTheVisits() {
        begin("4711");
        ticker.elapse(SIXTH);
        store.meet(Request.RENEW, request -> {
            throw new AssertionError("a bug");
        });
        visit();
        assertThat(events.named("renewalFailed"))
                .singleElement()
                .satisfies(event -> assertThat(event.detail())
                        .isInstanceOfSatisfying(
                                IdempotencyStoreException.class,
                                failure -> assertThat(failure).hasRootCauseMessage("a bug")));
    }

    // in the engine

    /** Runs this while its key is held, under a lease that is visited often. */
    private void run(Consumer<Execution> work) throws Throwable {
        engine.execute(SHORT_LEASE, SHORT_LEASE.key("4711"), Fingerprint.none(), execution -> {
            work.accept(execution);
            return "receipt";
        });
    }

    private void elapseAndAwaitRenewal(Duration time) {
        int before = store.count(Request.RENEW);
        ticker.elapse(time);
        Callers.until(() -> store.count(Request.RENEW) > before);
    }

    private int leasesRenewed() {
        return store.renewed().stream().mapToInt(Integer::intValue).sum();
    }

    @Test
    void aThousandCallsAreRenewedByOneRequestEachIntervalAndOneThread() throws Exception {
        Set<Thread> renewing = ConcurrentHashMap.newKeySet();
        store.meet(Request.RENEW, request -> {
            renewing.add(Thread.currentThread());
            return request.get();
        });
        CountDownLatch entered = new CountDownLatch(1_000);
        CountDownLatch end = new CountDownLatch(1);
        AtomicInteger number = new AtomicInteger();
        List<Future<String>> calls = callers.call(
                1_000,
                () -> engine.execute(SHORT_LEASE, "key " + number.getAndIncrement(), Fingerprint.none(), () -> {
                    entered.countDown();
                    Callers.await(end);
                    return "receipt";
                }));
        Callers.await(entered);
        for (int interval = 1; interval <= 3; interval++) {
            int renewals = 1_000 * interval;
            ticker.elapse(SHORT.dividedBy(2));
            Callers.until(() -> leasesRenewed() == renewals);
        }
        // An interval that ends while the leases are gone through has its requests in that visit and in the next one.
        List<Integer> requests = List.copyOf(store.renewed());
        assertThat(requests).hasSizeBetween(3, 6);
        assertThat(renewing).singleElement().satisfies(thread -> {
            assertThat(thread.getName()).isEqualTo("idempotent-lease-renewal");
            assertThat(thread.isDaemon()).isTrue();
        });
        end.countDown();
        for (Future<String> call : calls) {
            assertThat(Callers.get(call)).isEqualTo("receipt");
        }
        assertThat(store.renewed()).isEqualTo(requests);
    }

    @Test
    void callsThatAreOverAreNotRenewed() throws Throwable {
        for (int key = 0; key < 20; key++) {
            engine.execute(SHORT_LEASE, "key " + key, Fingerprint.none(), () -> "receipt");
        }
        // One that runs shows that the renewing thread was there.
        run(execution -> elapseAndAwaitRenewal(SHORT.dividedBy(2)));
        assertThat(store.renewed()).containsExactly(1);
    }

    @Test
    void aClaimCountsFromBeforeItsRequest() throws Throwable {
        store.meet(Request.CLAIM, request -> {
            Object answer = request.get();
            ticker.elapse(Duration.ofSeconds(10));
            return answer;
        });
        engine.execute(PAY, PAY.key("4711"), Fingerprint.none(), execution -> {
            assertThat(execution.lease().remaining())
                    .isEqualTo(Duration.ofSeconds(20).toNanos());
            ticker.elapse(Duration.ofSeconds(20));
            assertThat(execution.leaseLost()).isTrue();
            return "receipt";
        });
    }

    @Test
    void aClaimThatWasWaitedForCountsFromBeforeItsLastRequest() throws Exception {
        Operation<Long> waits = Operation.builder("payment-service-pay", Long.class)
                .lease(LEASE)
                .waitAtMost(Duration.ofHours(1))
                .build();
        Callers.Gate gate = new Callers.Gate();
        Future<String> first = callers.call(() -> engine.execute(PAY, "4711", Fingerprint.none(), () -> {
            gate.pass("");
            throw new IllegalStateException("declined");
        }));
        gate.awaitEntered();
        Future<Long> second = callers.call(() -> engine.execute(
                waits,
                "4711",
                Fingerprint.none(),
                () -> ((Execution) IdempotencyContext.current()).lease().remaining()));
        callers.awaitWaiting(1);
        ticker.elapse(LEASE.dividedBy(2));
        gate.open();
        assertThat(Callers.get(second)).isEqualTo(LEASE.toNanos());
        assertThat(first).failsWithin(Callers.PATIENCE);
    }

    @Test
    void theLossOfTheLeaseIsToldWhileTheOperationRuns() throws Throwable {
        run(execution -> {
            store.fail(Request.RENEW);
            ticker.elapse(SHORT);
            Callers.until(() -> events.names().contains("leaseLost"));
            assertThat(execution.leaseLost()).isTrue();
            assertThat(events.named("leaseLost"))
                    .singleElement()
                    .satisfies(event -> assertThat(event.thread()).isNotSameAs(Thread.currentThread()));
        });
        // Nobody took it over, so its outcome counts.
        assertThat(events.names()).startsWith("claimed").endsWith("completed");
        assertThat(events.named("leaseLost")).hasSize(1);
    }

    @Test
    void aHungOwnerIsRenewedUntilMaxRunAndThenTakenOver() throws Throwable {
        run(execution -> {
            for (int half = 0; half < 3; half++) {
                elapseAndAwaitRenewal(SHORT.dividedBy(2));
            }
            ticker.elapse(SHORT.dividedBy(2));
            assertThat(execution.leaseLost()).isFalse();
            ticker.elapse(SHORT.dividedBy(2));
            assertThat(execution.leaseLost()).isTrue();
            Future<Integer> successor = callers.call(() -> engine.execute(
                    Operation.builder("payment-service-pay", Integer.class).build(),
                    "4711",
                    Fingerprint.none(),
                    () -> IdempotencyContext.current().takeovers()));
            assertThat(successor).succeedsWithin(Callers.PATIENCE).isEqualTo(1);
        });
    }

    @Test
    void ofTwoThreadsThatSeeTheLossOfALeaseOneTellsIt() throws Exception {
        for (int round = 0; round < 300; round++) {
            Execution execution = begin("round " + round);
            execution.lease().refuse();
            AtomicInteger told = new AtomicInteger();
            CountDownLatch together = new CountDownLatch(2);
            List<Future<Boolean>> threads = callers.call(2, () -> {
                together.countDown();
                while (together.getCount() > 0) {
                    Thread.onSpinWait();
                }
                return execution.lease().shouldTellLoss();
            });
            for (Future<Boolean> thread : threads) {
                if (Callers.get(thread)) {
                    told.incrementAndGet();
                }
            }
            assertThat(told).hasValue(1);
        }
    }

    @Test
    void groupsOfDifferentLeasesAreRenewedApart() throws Throwable {
        Operation<String> other = Operation.builder("other", String.class)
                .lease(Duration.ofMillis(90))
                .build();
        run(outer -> {
            try {
                engine.execute(other, other.key("1"), Fingerprint.none(), inner -> {
                    ticker.elapse(Duration.ofMillis(30));
                    Callers.until(() -> store.renewed().size() == 2);
                    assertThat(remaining(outer.key())).isEqualTo(SHORT);
                    assertThat(remaining(inner.key())).isEqualTo(Duration.ofMillis(90));
                    return "";
                });
            } catch (Throwable failure) {
                throw Sneaky.raise(failure);
            }
        });
        assertThat(store.renewed()).containsExactly(1, 1);
    }
}
