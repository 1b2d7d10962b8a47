package io.idempotent.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKey;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;

/**
 * How other libraries of this kind fail, as tests of annotated beans on any store. Each test uses keys of its own;
 * those that need time to pass wait until the store says that it has.
 */
abstract class RivalsFailuresContract {

    /** The lease of who is to lose it; long enough to begin. */
    private static final Duration SHORT_LEASE = Duration.ofMillis(700);

    private static final int KEYS = 4_000;
    private static final int THREADS = 8;

    /** Declared final by one operation, and not by the other. */
    static final class Rejected extends RuntimeException {
        private static final long serialVersionUID = 1;

        Rejected(String message) {
            super(message);
        }
    }

    /** One operation for callers of different patience. */
    static class Transfers {

        @Idempotent(key = "#id", operation = "transfer", fingerprint = Idempotent.NONE, lease = "${lease}")
        public String transfer(String id, Callable<String> work) throws Exception {
            return work.call();
        }

        @Idempotent(
                key = "#id",
                operation = "transfer",
                fingerprint = Idempotent.NONE,
                lease = "${lease}",
                waitAtMost = "20ms")
        public String transferImpatiently(String id, Callable<String> work) throws Exception {
            return work.call();
        }

        @Idempotent(
                key = "#id",
                operation = "transfer",
                fingerprint = Idempotent.NONE,
                lease = "${lease}",
                waitAtMost = "30s")
        public String transferPatiently(String id, Callable<String> work) throws Exception {
            return work.call();
        }
    }

    /** Whose settings all differ from those of {@link Gateway}. */
    static class Orders {

        @Idempotent(
                key = "#id",
                operation = "place",
                fingerprint = Idempotent.NONE,
                lease = "1s",
                retention = "1h",
                recordFailures = Rejected.class)
        public String place(String id, Callable<String> work) throws Exception {
            return work.call();
        }
    }

    /** Whose settings all differ from those of {@link Orders}. */
    static class Gateway {

        @Idempotent(
                key = "#id",
                operation = "charge",
                fingerprint = Idempotent.NONE,
                lease = "25s",
                retention = "2h",
                waitAtMost = "30s",
                store = "other",
                retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms"))
        public String charge(String id, Callable<String> work) throws Exception {
            return work.call();
        }
    }

    /** Two operations for the same keys. */
    static class Payments {

        private final Map<String, AtomicInteger> runs = new ConcurrentHashMap<>();

        @Idempotent(key = "#id", operation = "authorize", waitAtMost = "30s")
        public String authorize(String id) {
            return run("authorize/" + id);
        }

        @Idempotent(key = "#id", operation = "capture", waitAtMost = "30s")
        public String capture(String id) {
            return run("capture/" + id);
        }

        private String run(String what) {
            return what + "/"
                    + runs.computeIfAbsent(what, unused -> new AtomicInteger()).incrementAndGet();
        }
    }

    /** Of the two nested operations, the one and the other. */
    enum Nested {
        PLACE(Duration.ofHours(1)),
        CHARGE(Duration.ofHours(2));

        private final Duration retention;

        Nested(Duration retention) {
            this.retention = retention;
        }

        Nested other() {
            return this == PLACE ? CHARGE : PLACE;
        }

        IdempotencyKey key(String id) {
            return IdempotencyKey.of(this == PLACE ? "place" : "charge", id);
        }

        IdempotencyStore store(RivalsFailuresContract test) {
            return this == PLACE ? test.store() : test.otherStore();
        }

        StoreLine line(Node node) {
            return this == PLACE ? node.line : node.otherLine;
        }

        Duration lease() {
            return Duration.ofSeconds(this == PLACE ? 1 : 25);
        }

        String call(Node node, String id, Callable<String> work) throws Exception {
            return this == PLACE
                    ? node.bean(Orders.class).place(id, work)
                    : node.bean(Gateway.class).charge(id, work);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    /** An application on the stores, one of several. */
    final class Node implements AutoCloseable {

        private final StoreLine line = new StoreLine(store());
        private final StoreLine otherLine = new StoreLine(otherStore());
        private final Queue<IdempotencyContext> losses = new ConcurrentLinkedQueue<>();
        private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();

        private Node(Map<String, Object> properties) {
            context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("test", properties));
            context.register(Enabled.class, Transfers.class, Orders.class, Gateway.class, Payments.class);
            context.registerBean("store", IdempotencyStore.class, line::end, bean -> bean.setPrimary(true));
            context.registerBean("other", IdempotencyStore.class, otherLine::end);
            context.registerBean(IdempotencyListener.class, () -> new IdempotencyListener() {
                @Override
                public void leaseLost(IdempotencyContext lost) {
                    losses.add(lost);
                }
            });
            context.refresh();
        }

        <T> T bean(Class<T> type) {
            return context.getBean(type);
        }

        Transfers transfers() {
            return bean(Transfers.class);
        }

        @Override
        public void close() {
            context.close();
        }
    }

    private final String id = UUID.randomUUID().toString();
    private final List<Node> nodes = new ArrayList<>();
    private final ExecutorService callers = Executors.newCachedThreadPool();

    /** Where records are, of all nodes. */
    abstract IdempotencyStore store();

    /** Another one, with records of its own. */
    abstract IdempotencyStore otherStore();

    /** How long a claim is valid without renewal, by the store's time; the renewal's is the real one. */
    abstract Duration lease();

    /** Lets the store's time pass, if it does not by itself. */
    void elapse(Duration time) {}

    @AfterEach
    final void close() {
        callers.shutdownNow();
        nodes.forEach(Node::close);
    }

    private Node node() {
        return node(lease(), Map.of());
    }

    /** A node whose leases are not renewed, as if it was suspended. */
    private Node nodeThatIsLate() {
        return node(SHORT_LEASE, Map.of("idempotent.max-run", "1ms"));
    }

    private Node node(Duration lease, Map<String, Object> properties) {
        Map<String, Object> all = new HashMap<>(properties);
        all.put("lease", lease.toMillis() + "ms");
        Node node = new Node(all);
        nodes.add(node);
        // A first call takes long, and is not to lose a short lease over it.
        node.bean(Payments.class).authorize(UUID.randomUUID().toString());
        node.line.forget();
        return node;
    }

    private <T> Future<T> call(Callable<T> call) {
        return callers.submit(call);
    }

    private static <T> T answer(Future<T> call) throws Exception {
        return call.get(Gate.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private static void until(Callable<Boolean> condition) {
        Awaitility.await()
                .atMost(Gate.PATIENCE)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(2))
                .until(condition);
    }

    private static String notRun() {
        throw new IllegalStateException("It was to be replayed");
    }

    private static IdempotencyRecord record(IdempotencyStore store, IdempotencyKey key) {
        IdempotencyRecord record = store.find(key);
        assertThat(record).as("record of " + key).isNotNull();
        return record;
    }

    private IdempotencyRecord transfer() {
        return record(store(), IdempotencyKey.of("transfer", id));
    }

    // a long operation with impatient waiters

    @Test
    void aLongOperationWithImpatientWaitersRunsOnceAndKeepsItsKey() throws Exception {
        Node owner = node();
        List<Node> both = List.of(owner, node());
        Gate gate = new Gate();
        AtomicInteger runs = new AtomicInteger();
        Callable<String> work = () -> gate.pass("receipt " + runs.incrementAndGet());
        Future<String> first = call(() -> owner.transfers().transfer(id, work));
        gate.awaitEntered();
        long token = transfer().fencingToken();

        List<Future<String>> waiters = new ArrayList<>();
        Queue<Reason> refusals = new ConcurrentLinkedQueue<>();
        for (Node node : both) {
            for (int number = 0; number < 3; number++) {
                waiters.add(call(() -> node.transfers().transferPatiently(id, work)));
                waiters.add(call(() -> askUntilAnswered(node, work, refusals)));
            }
        }
        while (transfer().claimedSince().compareTo(lease().multipliedBy(3)) < 0) {
            assertThat(transfer().isAbandoned()).isFalse();
            assertThat(transfer().fencingToken()).isEqualTo(token);
            int renewals = owner.line.renewals().size();
            elapse(lease().dividedBy(3));
            until(() -> owner.line.renewals().size() > renewals);
        }
        assertThat(waiters).noneMatch(Future::isDone);
        gate.open();

        assertThat(answer(first)).isEqualTo("receipt 1");
        for (Future<String> waiter : waiters) {
            assertThat(answer(waiter)).isEqualTo("receipt 1");
        }
        assertThat(runs).hasValue(1);
        assertThat(refusals).hasSizeGreaterThan(10).containsOnly(Reason.WAITED);
        assertThat(transfer().fencingToken()).isEqualTo(token);
        assertThat(transfer().takeovers()).isZero();
    }

    private String askUntilAnswered(Node node, Callable<String> work, Queue<Reason> refusals) throws Exception {
        while (true) {
            try {
                return node.transfers().transferImpatiently(id, work);
            } catch (IdempotencyInProgressException refusal) {
                refusals.add(refusal.reason());
            }
        }
    }

    // one store error on the final write

    @Test
    void anOperationWhoseFinalWriteIsLostRunsOnce() throws Exception {
        Node node = node();
        node.line.loseNextCompletion();

        runsOnceAndCompletesAtTheSecondAttempt(node);
    }

    @Test
    void anOperationWhoseFinalWriteIsMadeAndItsAnswerLostRunsOnce() throws Exception {
        Node node = node();
        node.line.loseNextAnswerToCompletion();

        runsOnceAndCompletesAtTheSecondAttempt(node);
    }

    private void runsOnceAndCompletesAtTheSecondAttempt(Node node) throws Exception {
        AtomicInteger runs = new AtomicInteger();
        Gate gate = new Gate();
        Callable<String> work = () -> gate.pass("receipt " + runs.incrementAndGet());
        Future<String> first = call(() -> node.transfers().transfer(id, work));
        gate.awaitEntered();
        Node other = node();
        List<Future<String>> waiters = List.of(
                call(() -> node.transfers().transferPatiently(id, work)),
                call(() -> other.transfers().transferPatiently(id, work)));
        gate.open();

        assertThat(answer(first)).isEqualTo("receipt 1");
        for (Future<String> waiter : waiters) {
            assertThat(answer(waiter)).isEqualTo("receipt 1");
        }
        assertThat(node.transfers().transfer(id, work)).isEqualTo("receipt 1");
        assertThat(other.transfers().transfer(id, work)).isEqualTo("receipt 1");
        assertThat(runs).hasValue(1);
        assertThat(node.line.completions()).isEqualTo(2);
        assertThat(node.losses).isEmpty();
        assertThat(transfer().takeovers()).isZero();
    }

    // a late owner

    /** Runs until it has lost its lease, and then as the gate says. */
    private Future<String> beginAndLoseLease(Gate gate, Callable<String> end) throws InterruptedException {
        Node late = nodeThatIsLate();
        Future<String> call = call(() -> late.transfers().transfer(id, () -> {
            gate.pass("");
            until(IdempotencyContext.current()::leaseLost);
            return end.call();
        }));
        gate.awaitEntered();
        elapse(SHORT_LEASE);
        until(() -> transfer().isAbandoned());
        return call;
    }

    private void assertSuccessorsOutcomeStands(Node node, long token) throws Exception {
        assertThat(transfer().fencingToken()).isEqualTo(token);
        assertThat(transfer().takeovers()).isEqualTo(1);
        for (Node each : List.of(node, node(), nodes.get(0))) {
            assertThat(each.transfers().transfer(id, RivalsFailuresContract::notRun))
                    .isEqualTo("successor's receipt");
        }
    }

    @Test
    void aLateOwnerGetsTheOutcomeOfItsSuccessorAndDoesNotOverwriteIt() throws Exception {
        Gate gate = new Gate();
        Future<String> late = beginAndLoseLease(gate, () -> "late receipt");
        Node successor = node();
        assertThat(successor.transfers().transfer(id, () -> "successor's receipt"))
                .isEqualTo("successor's receipt");
        long token = transfer().fencingToken();
        gate.open();

        assertThat(answer(late)).isEqualTo("successor's receipt");
        assertSuccessorsOutcomeStands(successor, token);
    }

    @Test
    void aLateOwnerEndsNothingOfASuccessorThatStillRuns() throws Exception {
        Gate gate = new Gate();
        Future<String> late = beginAndLoseLease(gate, () -> "late receipt");
        Node successor = node();
        Gate successorsGate = new Gate();
        Future<String> next =
                call(() -> successor.transfers().transfer(id, () -> successorsGate.pass("successor's receipt")));
        successorsGate.awaitEntered();
        long token = transfer().fencingToken();
        gate.open();

        assertThatThrownBy(() -> answer(late)).hasCauseInstanceOf(IdempotencyClaimLostException.class);
        assertThat(transfer().fencingToken()).isEqualTo(token);
        assertThat(transfer().outcome()).isNull();
        successorsGate.open();
        assertThat(answer(next)).isEqualTo("successor's receipt");
        assertSuccessorsOutcomeStands(successor, token);
    }

    @Test
    void aLateOwnerThatFailsDoesNotFreeTheKeyOfItsSuccessor() throws Exception {
        Gate gate = new Gate();
        Future<String> late = beginAndLoseLease(gate, () -> {
            throw new IllegalStateException("late failure");
        });
        Node successor = node();
        Gate successorsGate = new Gate();
        Future<String> next =
                call(() -> successor.transfers().transfer(id, () -> successorsGate.pass("successor's receipt")));
        successorsGate.awaitEntered();
        long token = transfer().fencingToken();
        gate.open();

        assertThatThrownBy(() -> answer(late)).hasRootCauseMessage("late failure");
        assertThatExceptionOfType(IdempotencyInProgressException.class)
                .isThrownBy(() -> node().transfers().transfer(id, RivalsFailuresContract::notRun));
        successorsGate.open();
        assertThat(answer(next)).isEqualTo("successor's receipt");
        assertSuccessorsOutcomeStands(successor, token);
    }

    // nested operations

    @ParameterizedTest
    @EnumSource
    void nestedOperationsKeepTheirOwnContextsKeysStoresLeasesRetentionsAndOutcomes(Nested outer) throws Exception {
        Nested inner = outer.other();
        Node node = node();

        assertThat(outer.call(node, id, () -> {
                    IdempotencyContext context = IdempotencyContext.current();
                    assertThat(context.key()).isEqualTo(outer.key(id));
                    String result = "outer of "
                            + inner.call(node, id, () -> {
                                assertThat(IdempotencyContext.current().key()).isEqualTo(inner.key(id));
                                assertThat(IdempotencyContext.current().fencingToken())
                                        .isEqualTo(record(inner.store(this), inner.key(id))
                                                .fencingToken());
                                until(() -> !node.line.renewals().isEmpty());
                                return "inner";
                            });
                    assertThat(IdempotencyContext.current()).isSameAs(context);
                    assertThat(context.fencingToken())
                            .isEqualTo(record(outer.store(this), outer.key(id)).fencingToken());
                    return result;
                }))
                .isEqualTo("outer of inner");

        assertThat(IdempotencyContext.currentOrNull()).isNull();
        assertThat(outer.call(node, id, RivalsFailuresContract::notRun)).isEqualTo("outer of inner");
        assertThat(inner.call(node, id, RivalsFailuresContract::notRun)).isEqualTo("inner");
        for (Nested each : Nested.values()) {
            assertThat(each.line(node).claims())
                    .extracting(ClaimRequest::key, ClaimRequest::lease)
                    .containsOnly(tuple(each.key(id), each.lease()));
            assertThat(each.line(node).renewals())
                    .allSatisfy(renewal -> assertThat(renewal.lease()).isEqualTo(each.lease()));
            assertThat(each.other().store(this).find(each.key(id))).isNull();
            IdempotencyRecord.Completed completed = (IdempotencyRecord.Completed)
                    record(each.store(this), each.key(id)).state();
            assertThat(Duration.between(completed.completedAt(), completed.retainedUntil()))
                    .isCloseTo(each.retention, Duration.ofSeconds(1));
        }
    }

    @Test
    void nestedOperationsRetryAsEachOfThemDeclares() throws Exception {
        Node node = node();
        List<String> attempts = new ArrayList<>();
        Callable<String> failing = () -> {
            attempts.add("charge " + IdempotencyContext.current().attempt());
            if (attempts.size() <= 3) {
                throw new IllegalStateException("not yet");
            }
            return "charged";
        };

        assertThat(Nested.PLACE.call(node, id, () -> {
                    attempts.add("place " + IdempotencyContext.current().attempt());
                    String charged = Nested.CHARGE.call(node, id, failing);
                    attempts.add("place " + IdempotencyContext.current().attempt());
                    return charged;
                }))
                .isEqualTo("charged");

        assertThat(attempts).containsExactly("place 1", "charge 1", "charge 2", "charge 3", "place 1");
    }

    @Test
    void anOperationIsNotRetriedSinceTheOneAroundItIs() throws Exception {
        Node node = node();
        List<String> attempts = new ArrayList<>();

        assertThat(Nested.CHARGE.call(node, id, () -> {
                    attempts.add("charge " + IdempotencyContext.current().attempt());
                    return Nested.PLACE.call(node, id, () -> {
                        attempts.add("place " + IdempotencyContext.current().attempt());
                        if (attempts.size() == 2) {
                            throw new IllegalStateException("not yet");
                        }
                        return "placed";
                    });
                }))
                .isEqualTo("placed");

        assertThat(attempts).containsExactly("charge 1", "place 1", "charge 2", "place 1");
    }

    @ParameterizedTest
    @EnumSource
    void aFailureIsRecordedByThatOfNestedOperationsWhichDeclaresItFinal(Nested outer) throws Exception {
        Nested inner = outer.other();
        Node node = node();
        AtomicInteger runs = new AtomicInteger();
        Callable<String> work = () -> inner.call(node, id, () -> {
            runs.incrementAndGet();
            throw new Rejected("by the bank");
        });

        assertThatExceptionOfType(Rejected.class)
                .isThrownBy(() -> outer.call(node, id, work))
                .withMessage("by the bank");

        assertThat(IdempotencyContext.currentOrNull()).isNull();
        assertThat(runs).hasValue(inner == Nested.CHARGE ? 3 : 1);
        assertThatExceptionOfType(Rejected.class)
                .isThrownBy(() -> Nested.PLACE.call(node, id, RivalsFailuresContract::notRun))
                .withMessage("by the bank");
        assertThat(otherStore().find(Nested.CHARGE.key(id))).isNull();
        assertThat(Nested.CHARGE.call(node, id, () -> "charged")).isEqualTo("charged");
    }

    @Test
    void duplicatesOfNestedOperationsWaitAsEachOfThemDeclares() throws Exception {
        Node node = node();
        Gate gate = new Gate();
        Future<String> first =
                call(() -> Nested.PLACE.call(node, id, () -> Nested.CHARGE.call(node, id, () -> gate.pass("charged"))));
        gate.awaitEntered();
        Future<String> waiter = call(() -> Nested.CHARGE.call(node, id, RivalsFailuresContract::notRun));

        assertThatExceptionOfType(IdempotencyInProgressException.class)
                .isThrownBy(() -> Nested.PLACE.call(node, id, RivalsFailuresContract::notRun))
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.NOT_WAITING));
        assertThat(waiter).isNotDone();
        gate.open();

        assertThat(answer(waiter)).isEqualTo("charged");
        assertThat(answer(first)).isEqualTo("charged");
    }

    // many threads, keys and operations

    @Test
    void eightThreadsOnFourThousandKeysNeverSeeAnotherOperationsOrKeysResult() throws Exception {
        Node node = node();
        Payments payments = node.bean(Payments.class);
        List<String> calls = new ArrayList<>();
        for (int number = 0; number < KEYS; number++) {
            String key = id + "-" + number;
            calls.addAll(List.of("authorize/" + key, "authorize/" + key, "capture/" + key, "capture/" + key));
        }
        Collections.shuffle(calls, new Random(KEYS));
        Queue<String> left = new ConcurrentLinkedQueue<>(calls);
        Map<String, Set<String>> answers = new ConcurrentHashMap<>();

        List<Future<@Nullable Void>> threads = new ArrayList<>();
        for (int number = 0; number < THREADS; number++) {
            threads.add(call(() -> {
                for (String next = left.poll(); next != null; next = left.poll()) {
                    String key = next.substring(next.indexOf('/') + 1);
                    String answer = next.startsWith("authorize") ? payments.authorize(key) : payments.capture(key);
                    answers.computeIfAbsent(next, unused -> ConcurrentHashMap.newKeySet())
                            .add(answer);
                }
                return null;
            }));
        }
        for (Future<@Nullable Void> thread : threads) {
            answer(thread);
        }

        assertThat(answers).hasSize(2 * KEYS);
        answers.forEach((call, all) -> assertThat(all).containsExactly(call + "/1"));
    }
}
