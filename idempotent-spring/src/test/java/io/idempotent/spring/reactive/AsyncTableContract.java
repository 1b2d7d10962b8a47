package io.idempotent.spring.reactive;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.spring.DurableBackend;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.Arguments;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** What is decided of work that ends later, in each way to return it, on each kind of store. */
abstract class AsyncTableContract {

    private static final Map<String, Application> APPLICATIONS = new ConcurrentHashMap<>();

    private static final AtomicInteger KEYS = new AtomicInteger();

    private final Way way;
    private final Application application;
    private final Calls calls;
    private final Script script;
    private final String id = "key " + KEYS.incrementAndGet();

    AsyncTableContract(Way way, String backend) {
        this.way = way;
        this.application = APPLICATIONS.computeIfAbsent(backend, Application::start);
        this.calls = way.calls(application.context());
        this.script = application.context().getBean(Script.class);
    }

    static Stream<Arguments> ways(Stream<String> backends) {
        return backends.flatMap(backend -> Stream.of(Way.values()).map(way -> Arguments.of(way, backend)));
    }

    @AfterAll
    static void close() {
        APPLICATIONS.values().forEach(Application::close);
        APPLICATIONS.clear();
    }

    @AfterEach
    void noRequestWasMadeInAThreadThatMustNotBlock() {
        assertThat(application.store().takeViolations()).isEmpty();
        assertThat(IdempotencyContext.currentOrNull()).isNull();
    }

    @Test
    void aValueIsRecordedAndReplayed() {
        assertThat(result("pay", id)).isEqualTo(new Receipt(id, 1));
        assertThat(result("pay", id)).isEqualTo(new Receipt(id, 1));
        assertThat(script.runs(id)).isEqualTo(1);
    }

    @Test
    void nothingIsRecordedAndReplayedAsNothing() {
        assertThat(result("nothing", id)).isNull();
        assertThat(result("nothing", id)).isNull();
        assertThat(script.runs(id)).isEqualTo(1);
    }

    @Test
    void anEmptyResultOfAnotherTypeIsRecordedAndReplayedAsEmpty() {
        script.does(id, context -> CompletableFuture.completedFuture(null));

        assertThat(result("maybe", id)).isNull();
        assertThat(result("maybe", id)).isNull();
        assertThat(script.runs(id)).isEqualTo(1);
    }

    @Test
    void keyAndFingerprintAreThoseOfTheCall() throws Exception {
        Order order = new Order(id, "book");
        CompletableFuture<Object> work = pendingWork();
        CompletableFuture<Object> answer = calls.call("order", order);
        awaitRuns(1);
        order.setItem("pen");
        order.setId("another");
        work.complete(new Receipt(id, 5));

        assertThat(answer.get(20, SECONDS)).isEqualTo(new Receipt(id, 5));
        assertThat(result("order", new Order(id, "book"))).isEqualTo(new Receipt(id, 5));
        assertThat(failure("order", new Order(id, "pen"))).isInstanceOf(IdempotencyKeyReusedException.class);
        assertThat(script.runs(id)).isEqualTo(1);
    }

    @Test
    void aBadKeyIsInWhatIsReturned() {
        assertThat(failure("pay", " ")).isInstanceOf(IdempotencyKeyException.class);
    }

    @Test
    void workThatFailsReleasesTheKey() {
        script.does(id, context -> CompletableFuture.failedFuture(new Uncertain("no")));

        assertThat(failure("pay", id)).isInstanceOf(Uncertain.class).hasMessage("no");
        assertThat(record("pay")).isNull();
        script.does(id, context -> CompletableFuture.completedFuture(new Receipt(id, 2)));
        assertThat(result("pay", id)).isEqualTo(new Receipt(id, 2));
    }

    @Test
    void aMethodThatThrowsBeforeItReturnsReleasesTheKey() {
        assertThat(failure("breaks", id))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("broken " + id);
        assertThat(record("breaks")).isNull();
    }

    @Test
    void aMethodThatReturnsNullReleasesTheKey() {
        assumeTrue(way != Way.SUSPEND, "a suspending function's null is its result");

        assertThat(failure("returnsNull", id))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("null");
        assertThat(record("returnsNull")).isNull();
    }

    @Test
    void aFinalFailureIsRecordedAndReplayed() {
        script.does(id, context -> CompletableFuture.failedFuture(new Declined("poor")));

        for (int call = 1; call <= 2; call++) {
            assertThat(failure("declined", id)).isInstanceOf(Declined.class).hasMessage("poor");
        }
        assertThat(script.runs(id)).isEqualTo(1);
    }

    @Test
    void anUnknownOutcomeStaysUnknown() {
        script.does(id, context -> CompletableFuture.failedFuture(new Uncertain("timeout")));

        assertThat(failure("uncertain", id)).isInstanceOf(Uncertain.class);
        assertThat(failure("uncertain", id)).isInstanceOf(IdempotencyOutcomeUnknownException.class);
        assertThat(script.runs(id)).isEqualTo(1);
    }

    @Test
    void anUnknownOutcomeIsFoundOut() {
        script.does(id, context -> CompletableFuture.failedFuture(new Uncertain("timeout")));

        assertThat(failure("reconciled", id)).isInstanceOf(Uncertain.class);
        for (int call = 1; call <= 2; call++) {
            assertThat(result("reconciled", id)).isEqualTo(new Receipt("found " + id, 7));
        }
        assertThat(script.runs(id)).isEqualTo(1);
    }

    @Test
    void aResultThatIsNotToBeRecordedReleasesTheKey() {
        script.does(id, context -> CompletableFuture.completedFuture(new Receipt(id, 0)));

        assertThat(result("unless", id)).isEqualTo(new Receipt(id, 0));
        assertThat(record("unless")).isNull();
    }

    @Test
    void aDuplicateIsRefusedWhileTheFirstRuns() {
        CompletableFuture<Object> work = pendingWork();
        CompletableFuture<Object> first = calls.call("pay", id);
        awaitRuns(1);

        assertThat(failure("pay", id)).isInstanceOf(IdempotencyInProgressException.class);
        work.complete(new Receipt(id, 1));
        assertThat(result(first)).isEqualTo(new Receipt(id, 1));
    }

    @Test
    void aDuplicateWaitsForTheFirstAndReplays() {
        CompletableFuture<Object> work = pendingWork();
        CompletableFuture<Object> first = calls.call("waiting", id);
        awaitRuns(1);
        CompletableFuture<Object> duplicate = calls.call("waiting", id);
        assertThat(duplicate).isNotDone();
        work.complete(new Receipt(id, 1));

        assertThat(result(first)).isEqualTo(new Receipt(id, 1));
        assertThat(result(duplicate)).isEqualTo(new Receipt(id, 1));
        assertThat(script.runs(id)).isEqualTo(1);
    }

    @Test
    void aCallOfTheSameKeyInsideOfItsWorkIsRefused() {
        script.does(id, context -> {
            IdempotencyContext before = context;
            return Mono.defer(() -> Mono.fromFuture(inside(before, () -> calls.call("waiting", id))))
                    .toFuture();
        });

        assertThat(failure("waiting", id))
                .isInstanceOfSatisfying(
                        IdempotencyInProgressException.class,
                        refusal -> assertThat(refusal.reason())
                                .isEqualTo(IdempotencyInProgressException.Reason.REENTRANT));
        assertThat(script.runs(id)).isEqualTo(1);
        assertThat(record("waiting")).isNull();
    }

    @Test
    void failedAttemptsAreRepeatedWithinOneClaim() {
        List<Integer> attempts = new ArrayList<>();
        script.does(id, context -> {
            attempts.add(context.attempt());
            return attempts.size() < 3
                    ? CompletableFuture.failedFuture(new Uncertain("attempt " + attempts.size()))
                    : CompletableFuture.completedFuture(new Receipt(id, attempts.size()));
        });

        assertThat(result("retried", id)).isEqualTo(new Receipt(id, 3));
        assertThat(result("retried", id)).isEqualTo(new Receipt(id, 3));
        assertThat(attempts).containsExactly(1, 2, 3);
    }

    @Test
    void theLastFailureHasTheEarlierOnes() {
        script.does(id, context -> {
            throw new Uncertain("attempt " + context.attempt());
        });

        Throwable failure = failure("retried", id);
        assertThat(failure).isExactlyInstanceOf(Uncertain.class).hasMessage("attempt 3");
        // With assertions on, coroutines throw a copy, whose cause is what was thrown.
        Throwable thrown = failure.getCause() instanceof Uncertain original ? original : failure;
        assertThat(thrown.getSuppressed()).extracting(Throwable::getMessage).contains("attempt 1", "attempt 2");
        assertThat(record("retried")).isNull();
    }

    @Test
    void aFailureThatIsExcludedIsNotRepeated() {
        script.does(id, context -> CompletableFuture.failedFuture(new Declined("poor")));

        assertThat(failure("retried", id)).isInstanceOf(Declined.class);
        assertThat(script.runs(id)).isEqualTo(1);
    }

    @Test
    void aStepRunsOnceWhateverIsRepeated() {
        AtomicInteger steps = new AtomicInteger();
        script.does(
                id,
                context -> CompletableFuture.supplyAsync(() -> {
                    int charged = context.steps().run("charge", () -> steps.incrementAndGet());
                    if (context.attempt() == 1) {
                        throw new Uncertain("after the step");
                    }
                    return new Receipt(id, charged);
                }));

        assertThat(result("retried", id)).isEqualTo(new Receipt(id, 1));
        assertThat(steps).hasValue(1);
    }

    @Test
    void aStepIsRefusedInAThreadThatMustNotBlock() {
        AtomicInteger steps = new AtomicInteger();
        script.does(
                id,
                context -> Mono.fromCallable(
                                () -> (Object) context.steps().run("charge", () -> steps.incrementAndGet()))
                        .subscribeOn(Schedulers.parallel())
                        .toFuture());

        assertThat(failure("pay", id))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("Step 'charge'")
                .hasMessageContaining("must not block")
                .hasMessageContaining("boundedElastic");
        assertThat(steps).hasValue(0);
        assertThat(record("pay")).isNull();
    }

    @Test
    void workMayEndInAThreadThatMustNotBlock() {
        script.does(
                id,
                context -> Mono.<Object>fromSupplier(() -> new Receipt(id, 3))
                        .subscribeOn(Schedulers.parallel())
                        .toFuture());

        assertThat(result("pay", id)).isEqualTo(new Receipt(id, 3));
        assertThat(result("pay", id)).isEqualTo(new Receipt(id, 3));
    }

    @Test
    void aCallMayBeMadeInAThreadThatMustNotBlock() {
        for (int call = 1; call <= 2; call++) {
            assertThat(result(Mono.fromCallable(() -> calls.call("pay", id))
                            .subscribeOn(Schedulers.parallel())
                            .flatMap(Mono::fromFuture)
                            .toFuture()))
                    .isEqualTo(new Receipt(id, 1));
        }
    }

    @Test
    void aCallThatIsCancelledBeforeItsWorkBeganNeverBeginsIt() {
        CountDownLatch claims = application.store().hold(id);
        CompletableFuture<Object> answer = calls.call("pay", id);
        // One that is cancelled before it claims has nothing to give back.
        await().until(() -> application.store().hasHeld(id));
        answer.cancel(true);
        claims.countDown();

        if (way == Way.FUTURE) {
            // A future that is cancelled does not reach what it was made from.
            awaitOutcome("pay");
            assertThat(script.runs(id)).isEqualTo(1);
        } else {
            await().until(() -> application.store().hasReleased(id));
            assertThat(record("pay")).isNull();
            assertThat(script.runs(id)).isZero();
        }
    }

    @Test
    void workThatIsCancelledIsAbandoned() {
        CompletableFuture<Object> work = pendingWork();
        CompletableFuture<Object> answer = calls.call("pay", id);
        awaitRuns(1);
        answer.cancel(true);

        if (way == Way.FUTURE) {
            assertThat(work).isNotDone();
            work.complete(new Receipt(id, 4));
            awaitOutcome("pay");
            assertThat(result("pay", id)).isEqualTo(new Receipt(id, 4));
        } else {
            await().untilAsserted(() -> assertThat(work).isCancelled());
            await().untilAsserted(() -> assertThat(record("pay")).isNotNull().matches(IdempotencyRecord::isAbandoned));
            script.does(id, context -> CompletableFuture.completedFuture(new Receipt(id, context.takeovers())));
            assertThat(result("pay", id)).isEqualTo(new Receipt(id, 1));
        }
    }

    @Test
    void workThatIsRepeatedIsCancelledToo() {
        assumeTrue(way != Way.FUTURE, "a future that is cancelled does not reach what it was made from");
        CompletableFuture<Object> work = pendingWork();
        CompletableFuture<Object> answer = calls.call("retried", id);
        awaitRuns(1);
        answer.cancel(true);

        await().untilAsserted(() -> assertThat(work).isCancelled());
        await().untilAsserted(() -> assertThat(record("retried")).isNotNull().matches(IdempotencyRecord::isAbandoned));
        assertThat(script.runs(id)).isEqualTo(1);
    }

    @Test
    void workThatIsToGoOnGoesOnWhenItsCallerIsCancelled() {
        CompletableFuture<Object> work = pendingWork();
        CompletableFuture<Object> answer = calls.call("goesOn", id);
        awaitRuns(1);
        answer.cancel(true);

        assertThat(answer).isCancelled();
        assertThat(work).isNotDone();
        work.complete(new Receipt(id, 4));
        awaitOutcome("goesOn");
        assertThat(result("goesOn", id)).isEqualTo(new Receipt(id, 4));
        assertThat(script.runs(id)).isEqualTo(1);
    }

    @Test
    void aTimeoutOfTheCallersIsLikeACancellation() {
        CompletableFuture<Object> work = pendingWork();
        CompletableFuture<Object> answer = calls.call("goesOn", id).orTimeout(1, SECONDS);

        assertThat(failure(answer)).isInstanceOf(TimeoutException.class);
        assertThat(work).isNotDone();
        work.complete(new Receipt(id, 4));
        awaitOutcome("goesOn");
    }

    @Test
    void aCallWhoseLeaseIsLostGetsWhatItsSuccessorRecorded() {
        application.store().doNotRenew(id);
        CompletableFuture<Object> slow = new CompletableFuture<>();
        script.does(
                id,
                context -> context.takeovers() == 0
                        ? slow
                        : CompletableFuture.completedFuture(new Receipt(id, context.takeovers())));
        CompletableFuture<Object> first = calls.call("brief", id);
        awaitRuns(1);
        await().untilAsserted(() -> assertThat(record("brief")).matches(IdempotencyRecord::isAbandoned));
        assertThat(result("brief", id)).isEqualTo(new Receipt(id, 1));
        slow.complete(new Receipt(id, 99));

        assertThat(result(first)).isEqualTo(new Receipt(id, 1));
    }

    @Test
    void aCallWhoseLeaseIsLostIsRefusedWhereNothingIsRecorded() {
        application.store().doNotRenew(id);
        CompletableFuture<Object> slow = new CompletableFuture<>();
        CompletableFuture<Object> slower = new CompletableFuture<>();
        script.does(id, context -> context.takeovers() == 0 ? slow : slower);
        CompletableFuture<Object> first = calls.call("brief", id);
        awaitRuns(1);
        await().untilAsserted(() -> assertThat(record("brief")).matches(IdempotencyRecord::isAbandoned));
        CompletableFuture<Object> second = calls.call("brief", id);
        awaitRuns(2);
        slow.complete(new Receipt(id, 99));

        assertThat(failure(first)).isInstanceOf(IdempotencyClaimLostException.class);
        slower.complete(new Receipt(id, 2));
        assertThat(result(second)).isEqualTo(new Receipt(id, 2));
    }

    /** Makes a call in a context, as code does that context propagation follows. */
    private static CompletableFuture<Object> inside(
            IdempotencyContext context, Supplier<CompletableFuture<Object>> call) {
        IdempotencyContextAccessor accessor = new IdempotencyContextAccessor();
        IdempotencyContext before = accessor.getValue();
        accessor.setValue(context);
        try {
            return call.get();
        } finally {
            if (before == null) {
                accessor.setValue();
            } else {
                accessor.setValue(before);
            }
        }
    }

    private CompletableFuture<Object> pendingWork() {
        CompletableFuture<Object> work = new CompletableFuture<>();
        script.does(id, context -> work);
        return work;
    }

    private void awaitRuns(int runs) {
        await().untilAsserted(() -> assertThat(script.runs(id)).isEqualTo(runs));
    }

    private void awaitOutcome(String operation) {
        await().untilAsserted(() -> assertThat(record(operation))
                .isNotNull()
                .extracting(IdempotencyRecord::outcome)
                .isNotNull());
    }

    private @Nullable IdempotencyRecord record(String operation) {
        String bean = way.name().toLowerCase(Locale.ROOT) + "-payments-";
        String name = bean + operation.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
        return application.store().find(IdempotencyKey.of(name, id));
    }

    private @Nullable Object result(String operation, Object argument) {
        return result(calls.call(operation, argument));
    }

    private static @Nullable Object result(CompletableFuture<Object> answer) {
        try {
            return answer.get(20, SECONDS);
        } catch (ExecutionException | InterruptedException | TimeoutException failure) {
            throw new AssertionError(failure);
        }
    }

    private Throwable failure(String operation, Object argument) {
        return failure(calls.call(operation, argument));
    }

    private static Throwable failure(CompletableFuture<Object> answer) {
        Throwable failure = answer.handle((value, thrown) -> thrown == null ? new AssertionError(value) : thrown)
                .orTimeout(20, SECONDS)
                .join();
        return failure instanceof CompletionException && !(failure instanceof CancellationException)
                ? failure.getCause()
                : failure;
    }

    private record Application(
            AnnotationConfigApplicationContext context,
            RuledStore store,
            @Nullable AutoCloseable connections) {

        @Configuration(proxyBeanMethods = false)
        @EnableIdempotency
        static class Configured {}

        static Application start(String backend) {
            DurableBackend.Connected connected = backend.equals("CAFFEINE")
                    ? null
                    : DurableBackend.valueOf(backend)
                            .connect(DurableBackend.valueOf(backend).newAddress());
            IdempotencyStore inner =
                    connected == null ? CaffeineIdempotencyStore.builder().build() : connected.store();
            RuledStore store = new RuledStore(inner);
            ClassLoader kotlin = KotlinCompiler.classes();
            AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
            context.setClassLoader(kotlin);
            context.register(Configured.class);
            context.registerBean("store", IdempotencyStore.class, () -> store);
            Way.register(context, kotlin);
            context.refresh();
            return new Application(context, store, connected);
        }

        void close() {
            context.close();
            if (connections != null) {
                try {
                    connections.close();
                } catch (Exception failure) {
                    throw new AssertionError(failure);
                }
            }
        }
    }
}
