package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKey;
import io.idempotent.Reconciliation;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.IdempotencyRecord;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Calls that no thread waits for: who cancels them when, which threads they use, and what closing waits for. */
final class CancelledCallTest {

    private static final Fingerprint NONE = Fingerprint.none();

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final RecordedEvents events = new RecordedEvents();
    private final IdempotencyEngine engine = engine(new WaitingRoom(10, 10));
    private final Callers callers = new Callers();
    private final Callers.Gate gate = new Callers.Gate();
    private final CompletableFuture<String> work = new CompletableFuture<>();
    private final AtomicInteger begun = new AtomicInteger();

    private IdempotencyEngine engine(WaitingRoom room) {
        return IdempotencyEngine.builder(store)
                .ticker(ticker)
                .listener(events)
                .errorHandler(events)
                .asyncThreads(1)
                .waitingRoom(room)
                .build();
    }

    @AfterEach
    void close() {
        gate.open();
        work.complete("too late");
        callers.close();
        engine.close();
    }

    private static Operation.Builder<String> operation() {
        return Operation.builder("payment-service-pay", String.class);
    }

    private static final Operation<String> PAY = operation().build();
    private static final Operation<String> WAITS =
            operation().waitAtMost(Duration.ofHours(1)).build();
    private static final IdempotencyKey KEY = PAY.key("4711");

    private static Operation<String> cancelled(WhenCancelled policy) {
        return operation().whenCancelled(policy).build();
    }

    private StageCall<String> call(Operation<String> operation) {
        return engine.executeAsync(operation, KEY, NONE, execution -> {
            begun.incrementAndGet();
            return work;
        });
    }

    private StageCall<String> begin(Operation<String> operation) {
        StageCall<String> call = call(operation);
        Callers.until(() -> begun.get() == 1);
        return call;
    }

    /** Such requests wait until the gate is opened. */
    private void hold(Request kind) {
        store.meet(kind, request -> gate.pass(request.get()));
    }

    private String recorded() {
        IdempotencyRecord record = store.find(KEY);
        return record == null ? "free" : record.outcome() != null ? "completed" : "in progress";
    }

    private void awaitEvent(String name) {
        Callers.until(() -> !events.named(name).isEmpty());
    }

    // cancelled

    @ParameterizedTest
    @EnumSource
    void aCallThatIsCancelledBeforeItsWorkBeganNeverBeginsIt(WhenCancelled policy) {
        hold(Request.CLAIM);
        StageCall<String> call = call(cancelled(policy));
        gate.awaitEntered();
        call.cancel();
        assertThat(call.future()).isCancelled();
        gate.open();
        awaitEvent("released");
        assertThat(recorded()).isEqualTo("free");
        assertThat(begun).hasValue(0);
    }

    @ParameterizedTest
    @EnumSource
    void ofACallThatIsCancelledWhileItsWorkBeginsItsOperationDecides(WhenCancelled policy) {
        AtomicReference<StageCall<String>> made = new AtomicReference<>();
        made.set(engine.executeAsync(cancelled(policy), KEY, NONE, execution -> {
            Callers.until(() -> made.get() != null);
            made.get().cancel();
            return work;
        }));
        Callers.until(() -> made.get().future().isCancelled());
        assertThatItsOperationDecides(policy);
    }

    @ParameterizedTest
    @EnumSource
    void ofACallThatIsCancelledAfterItsWorkBeganItsOperationDecides(WhenCancelled policy) {
        StageCall<String> call = begin(cancelled(policy));
        call.cancel();
        assertThat(call.future()).isCancelled();
        assertThatItsOperationDecides(policy);
    }

    private void assertThatItsOperationDecides(WhenCancelled policy) {
        if (policy == WhenCancelled.ABANDON) {
            awaitEvent("abandoned");
            assertThat(work).isCancelled();
            assertThat(store.find(KEY).isAbandoned()).isTrue();
        } else {
            assertThat(work).isNotDone();
            work.complete("paid");
            awaitEvent("completed");
            assertThat(recorded()).isEqualTo("completed");
        }
    }

    @Test
    void cancellingACallWhoseWorkHasEndedHasNoEffect() throws Exception {
        hold(Request.COMPLETE);
        StageCall<String> call = begin(PAY);
        work.complete("paid");
        gate.awaitEntered();
        call.cancel();
        gate.open();
        assertThat(Callers.get(call.future())).isEqualTo("paid");
        call.cancel();
        assertThat(call.future()).isCompletedWithValue("paid");
    }

    @Test
    void whoeverCompletesOrCancelsTheFutureDoesNotEndTheWork() {
        StageCall<String> call = begin(PAY);
        call.future().cancel(true);
        assertThat(work).isNotDone();
        work.complete("paid");
        awaitEvent("completed");
        assertThat(recorded()).isEqualTo("completed");
    }

    @Test
    @SuppressWarnings("unchecked")
    void workThatCannotBeCancelledGoesOnAndIsRecorded() {
        CompletionStage<String> stage = (CompletionStage<String>) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {CompletionStage.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("toCompletableFuture")) {
                        throw new UnsupportedOperationException();
                    }
                    try {
                        return method.invoke(work, arguments);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
        StageCall<String> call = engine.executeAsync(PAY, KEY, NONE, execution -> {
            begun.incrementAndGet();
            return stage;
        });
        Callers.until(() -> begun.get() == 1);
        call.cancel();
        assertThat(call.future()).isCancelled();
        work.complete("paid");
        awaitEvent("completed");
    }

    @Test
    void aWaiterThatIsCancelledLeavesItsPlaceAtOnce() throws Exception {
        WaitingRoom room = new WaitingRoom(1, 1);
        StageCall<String> first = begin(PAY);
        try (IdempotencyEngine small = engine(room)) {
            StageCall<String> waiter = small.executeAsync(WAITS, KEY, NONE, execution -> work);
            awaitEvent("waiting");
            waiter.cancel();
            Callers.until(() -> room.enter(KEY));
            room.leave(KEY);
            events.forget();
            CompletableFuture<OpenResult<String>> opening =
                    small.openAsync(WAITS, KEY, NONE, execution -> Reconciliation.unknown(), Runnable::run);
            awaitEvent("waiting");
            opening.cancel(false);
            Callers.until(() -> room.enter(KEY));
        }
        work.complete("paid");
        assertThat(Callers.get(first.future())).isEqualTo("paid");
    }

    @Test
    void aKeyThatIsOpenedForNobodyIsGivenBack() {
        hold(Request.CLAIM);
        CompletableFuture<OpenResult<String>> opened =
                engine.openAsync(PAY, KEY, NONE, execution -> Reconciliation.unknown(), Runnable::run);
        gate.awaitEntered();
        opened.cancel(false);
        gate.open();
        awaitEvent("released");
        assertThat(recorded()).isEqualTo("free");
    }

    // work that does not begin

    @Test
    void workThatThrowsOrReturnsNullInPlaceOfAStageReleasesItsKey() {
        for (StageWork<String> not : List.<StageWork<String>>of(execution -> null, execution -> {
            throw new IllegalStateException("the work of nobody");
        })) {
            assertThatThrownBy(() ->
                            Callers.get(engine.executeAsync(PAY, KEY, NONE, not).future()))
                    .hasCauseInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("work of");
            assertThat(recorded()).isEqualTo("free");
        }
        assertThat(events.names()).containsExactly("claimed", "released", "claimed", "released");
    }

    // threads

    @Test
    void noAnswerIsGivenByAThreadThatAsksTheStore() throws Exception {
        Operation<String> reconciling =
                operation().whenAbandoned(WhenAbandoned.RECONCILE).build();
        for (Reconciliation<String> found :
                List.of(Reconciliation.completed("found"), Reconciliation.<String>unknown())) {
            IdempotencyKey key = PAY.key(found.getClass().getName());
            OpenExecution<String> earlier = (OpenExecution<String>) opened(key);
            earlier.abandon();
            StageWork<String> finding = new StageWork<>() {
                @Override
                public CompletionStage<String> begin(Execution execution) {
                    return work;
                }

                @Override
                public Reconciliation<String> reconcile(Execution execution) {
                    return found;
                }
            };
            assertThat(answeredBy(engine.executeAsync(reconciling, key, NONE, finding)))
                    .doesNotContain("idempotent-request");
        }
        work.complete("paid");
        assertThat(answeredBy(call(PAY))).doesNotContain("idempotent-request");
        assertThat(answeredBy(engine.executeAsync(PAY, KEY, Fingerprint.ofContent("13"), execution -> work)))
                .doesNotContain("idempotent-request");
    }

    private OpenResult<String> opened(IdempotencyKey key) throws Exception {
        try {
            return engine.open(PAY, key, NONE, execution -> Reconciliation.unknown());
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
    }

    private static String answeredBy(StageCall<String> call) throws Exception {
        return Callers.get(
                call.future().handle((value, failure) -> Thread.currentThread().getName()));
    }

    @Test
    void everyRequestIsMadeByAThreadOfTheEngine() throws Exception {
        List<String> threads = new CopyOnWriteArrayList<>();
        for (Request kind : List.of(Request.CLAIM, Request.COMPLETE, Request.RELEASE, Request.FIND)) {
            store.meet(kind, request -> {
                threads.add(Thread.currentThread().getName());
                return request.get();
            });
        }
        StageCall<String> call = begin(PAY);
        ticker.elapse(PAY.lease());
        work.complete("late");
        assertThat(Callers.get(call.future())).isEqualTo("late");
        assertThat(threads).isNotEmpty().allMatch(name -> name.startsWith("idempotent-request-"));
    }

    @Test
    void nothingOfTheCallerIsInheritedByTheThreadsThatWorkForIt() throws Exception {
        InheritableThreadLocal<String> callersOwn = new InheritableThreadLocal<>();
        callersOwn.set("the caller's");
        assertThat(Callers.get(engine.executeAsync(
                                PAY, KEY, NONE, execution -> CompletableFuture.completedFuture("" + callersOwn.get()))
                        .future()))
                .isEqualTo("null");
        callersOwn.remove();
    }

    // contexts

    @Test
    void aKeyIsNotHeldAnyMoreInAContextThatHasEnded() throws Exception {
        AtomicReference<IdempotencyContext> kept = new AtomicReference<>();
        work.complete("paid");
        for (String key : List.of("protected", "unprotected")) {
            if (key.equals("unprotected")) {
                store.fail(Request.CLAIM);
            }
            Operation<String> operation =
                    operation().whenStoreFails(WhenStoreFails.RUN).build();
            StageWork<String> keeping = execution -> {
                kept.set(execution);
                return work;
            };
            for (int time = 0; time < 2; time++) {
                IdempotencyContext before = IdempotencyContext.bind(kept.get());
                assertThat(Callers.get(engine.executeAsync(operation, operation.key(key), NONE, keeping)
                                .future()))
                        .isEqualTo("paid");
                IdempotencyContext.bind(before);
            }
        }
        assertThat(events.named("refused")).isEmpty();
    }

    @Test
    void aKeyIsHeldThroughOneThatRunsUnprotectedInBetween() throws Exception {
        Operation<String> failOpen =
                operation().whenStoreFails(WhenStoreFails.RUN).build();
        StageCall<String> call = engine.executeAsync(PAY, KEY, NONE, outer -> {
            store.fail(Request.CLAIM);
            return engine.executeAsync(
                            failOpen,
                            PAY.key("between"),
                            NONE,
                            between -> engine.executeAsync(WAITS, KEY, NONE, n -> work)
                                    .future())
                    .future();
        });
        assertThatThrownBy(() -> Callers.get(call.future()))
                .hasCauseInstanceOf(IdempotencyInProgressException.class)
                .hasMessageContaining("this very");
    }

    // closing

    @Test
    void closingWaitsForWorkThatNoThreadWaitsFor() throws Exception {
        StageCall<String> call = begin(PAY);
        Future<Boolean> closing = callers.call(() -> {
            engine.close();
            return true;
        });
        Callers.until(() -> engine.executeAsync(PAY, PAY.key("other"), NONE, execution -> work)
                .future()
                .handle((value, failure) -> failure instanceof IllegalStateException)
                .getNow(false));
        assertThat(closing).isNotDone();
        work.complete("paid");
        assertThat(Callers.get(closing)).isTrue();
        assertThat(recorded()).isEqualTo("completed");
        assertThat(Callers.get(call.future())).isEqualTo("paid");
    }
}
