package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Reconciliation;
import io.idempotent.Steps;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.IdempotencyRecord;
import java.io.IOException;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Steps: parts of an operation that are not run again. */
final class StepsTest {

    record Item(String name, int number) {}

    @SuppressWarnings("unused") // its generic type is what a step returns
    private static final List<Item> ITEMS = List.of(new Item("book", 2));

    private static final Operation<String> PLACE =
            Operation.<String>builder("place", String.class).build();
    private static final IdempotencyKey KEY = PLACE.key("4711");
    private static final Fingerprint FINGERPRINT = Fingerprint.ofContent("two books");

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final RecordedEvents events = new RecordedEvents();
    private final IdempotencyEngine byReference = engine(builder -> {});
    private final IdempotencyEngine encoding =
            engine(builder -> builder.codec(JacksonOutcomeCodec.builder().build()));
    private final Callers callers = new Callers();
    private final List<String> effects = new ArrayList<>();

    private IdempotencyEngine engine(Consumer<IdempotencyEngine.Builder> settings) {
        IdempotencyEngine.Builder builder = IdempotencyEngine.builder(store)
                .ticker(ticker)
                .listener(events)
                .errorHandler(events)
                .completionTimeout(Duration.ofMillis(200));
        settings.accept(builder);
        return builder.build();
    }

    @AfterEach
    void close() {
        callers.close();
        byReference.close();
        encoding.close();
    }

    private String effect(String name) {
        effects.add(name);
        return name + " " + effects.size();
    }

    private String call(IdempotencyEngine engine, IdempotentWork<String> work) throws Throwable {
        return engine.execute(PLACE, KEY, FINGERPRINT, work);
    }

    private String call(IdempotentWork<String> work) throws Throwable {
        return call(encoding, work);
    }

    private void fail(IdempotencyEngine engine, IdempotentWork<String> work) {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> call(engine, execution -> {
                    var unused = work.run(execution);
                    throw new IOException("the power failed");
                }));
    }

    /** Runs it, and lets its process die at the end: the store hears no more of it. */
    private void die(IdempotentWork<String> work) {
        failForLong(Request.RELEASE);
        failForLong(Request.ABANDON);
        fail(encoding, work);
        store.heal(Request.RELEASE);
        store.heal(Request.ABANDON);
        ticker.elapse(PLACE.lease());
    }

    /** From now on such requests fail, and time passes. */
    private void failForLong(Request request) {
        store.meet(request, made -> {
            ticker.elapse(Duration.ofMillis(150));
            throw TroubledStore.failure();
        });
    }

    private IdempotencyRecord record() {
        IdempotencyRecord record = store.find(KEY);
        assertThat(record).isNotNull();
        return record;
    }

    @Test
    void aStepIsNotRunAgainAfterTheOperationThrew() throws Throwable {
        for (IdempotencyEngine engine : List.of(byReference, encoding)) {
            effects.clear();
            events.forget();
            fail(engine, execution -> execution.steps().run("reserve", () -> effect("reserve")));
            assertThat(record().state()).isInstanceOf(IdempotencyRecord.Released.class);

            String result = call(engine, execution -> {
                String reserved = execution.steps().run("reserve", () -> effect("reserve"));
                return reserved + ", " + execution.steps().run("charge", () -> effect("charge"));
            });

            assertThat(result).isEqualTo("reserve 1, charge 2");
            assertThat(effects).containsExactly("reserve", "charge");
            assertThat(events.names())
                    .containsExactly(
                            "claimed",
                            "stepRecorded",
                            "released",
                            "claimed",
                            "stepReplayed",
                            "stepRecorded",
                            "completed");
            store.forget(KEY, record().fencingToken());
        }
    }

    @Test
    void aStepIsNotRunAgainAfterACrash() throws Throwable {
        die(execution -> execution.steps().run("reserve", () -> effect("reserve")));

        String result = call(
                execution -> execution.takeovers() + " " + execution.steps().run("reserve", () -> effect("reserve")));

        assertThat(result).isEqualTo("1 reserve 1");
    }

    @Test
    void aStepIsNotRunAgainByALaterAttemptAndRunsAgainIfItThrew() throws Throwable {
        String result = call(execution -> {
            for (int attempt = 1; attempt <= 3; attempt++) {
                execution.beginAttempt();
                var unused = execution.steps().run("reserve", () -> effect("reserve"));
                try {
                    execution.steps().run("charge", () -> {
                        effect("charge");
                        if (effects.size() < 4) {
                            throw new IOException("declined");
                        }
                    });
                } catch (IOException declined) {
                    assertThat(declined).hasMessage("declined");
                }
            }
            return "done";
        });

        assertThat(result).isEqualTo("done");
        assertThat(effects).containsExactly("reserve", "charge", "charge", "charge");
    }

    @Test
    void anOperationWithoutStepsAsksTheStoreForNoneAndReleasesItsKeyWhole() throws Throwable {
        fail(encoding, execution -> "nothing");
        assertThat(store.find(KEY)).isNull();
        assertThat(call(execution -> "done")).isEqualTo("done");
        assertThat(store.count(Request.RECORD_STEP)).isZero();
    }

    @Test
    void aStepRunTwiceInOneAttemptIsRefused() {
        assertThatIllegalStateException()
                .isThrownBy(() -> call(execution -> {
                    var unused = execution.steps().run("reserve", () -> effect("reserve"));
                    return execution.steps().run("reserve", () -> effect("reserve"));
                }))
                .withMessage(
                        "Step 'reserve' of idempotency key 'place:4711' was run twice in one attempt; give each step a"
                                + " name of its own");
        assertThat(effects).containsExactly("reserve");
    }

    @Test
    void aNameThatCannotBeIsRefusedBeforeTheStepRuns() {
        for (String name : List.of("", " ", "a\nb", "a".repeat(256), "\ud800")) {
            assertThatIllegalArgumentException()
                    .as(name)
                    .isThrownBy(() -> call(execution -> execution.steps().run(name, () -> effect("reserve"))))
                    .withMessageContaining("cannot name a step");
        }
        assertThat(effects).isEmpty();
    }

    @Test
    void anotherRequestWithTheKeyOfAReleasedRecordWithStepsIsRefused() {
        fail(encoding, execution -> execution.steps().run("reserve", () -> effect("reserve")));

        assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                .isThrownBy(() ->
                        encoding.execute(PLACE, KEY, Fingerprint.ofContent("a bicycle"), execution -> effect("other")));
        assertThat(effects).containsExactly("reserve");
    }

    @Test
    void stepsAreKeptAsLongAsTheRetention() throws Throwable {
        fail(encoding, execution -> execution.steps().run("reserve", () -> effect("reserve")));
        ticker.elapse(PLACE.retention());

        assertThat(call(execution -> execution.steps().run("reserve", () -> effect("reserve"))))
                .isEqualTo("reserve 2");
    }

    @Test
    void aResultIsDecodedToWhatTheCodeSaysThatTheStepReturns() throws Throwable {
        Type items = getClass().getDeclaredField("ITEMS").getGenericType();
        for (int attempt = 1; attempt <= 2; attempt++) {
            boolean last = attempt == 2;
            IdempotentWork<String> work = execution -> {
                Steps steps = execution.steps();
                Item item = steps.run("item", () -> new Item(effect("item"), 7));
                List<Item> list = steps.run("items", items, () -> List.of(new Item(effect("items"), 8)));
                Item[] array = steps.run("array", () -> new Item[] {new Item(effect("array"), 9)});
                int number = steps.run("number", () -> effects.size());
                Item named = steps.run("reference", this::item);
                List<Item> declared = steps.run("declared", new Steps.Work<List<Item>, RuntimeException>() {
                    private static final long serialVersionUID = 1L;

                    @Override
                    public List<Item> run() {
                        return List.of(item());
                    }
                });
                @Nullable String nothing = steps.run("null", () -> (String) null);
                steps.run("void", () -> {
                    effect("void");
                });
                return item + " " + list + " " + array[0] + " " + number + " " + named + " " + declared + " " + nothing;
            };
            if (last) {
                assertThat(call(work))
                        .isEqualTo("Item[name=item 1, number=7] [Item[name=items 2, number=8]] Item[name=array 3,"
                                + " number=9] 3 Item[name=reference 4, number=1] [Item[name=reference 5,"
                                + " number=1]] null");
            } else {
                fail(encoding, work);
            }
        }
        assertThat(effects).containsExactly("item", "items", "array", "reference", "reference", "void");
    }

    private Item item() {
        return new Item(effect("reference"), 1);
    }

    private abstract static class Fetch<T> implements Steps.Work<List<T>, RuntimeException> {

        private static final long serialVersionUID = 1L;
    }

    private final class FetchItems extends Fetch<Item> {

        private static final long serialVersionUID = 1L;

        @Override
        public List<Item> run() {
            return List.of(new Item(effect("inherited"), 1));
        }
    }

    @Test
    void aStepMayHaveItsTypeFromAGenericSuperclass() throws Throwable {
        fail(
                encoding,
                execution -> execution
                        .steps()
                        .run("inherited", new FetchItems())
                        .get(0)
                        .name());

        assertThat(call(execution -> execution
                        .steps()
                        .run("inherited", new FetchItems())
                        .get(0)
                        .name()))
                .isEqualTo("inherited 1");
    }

    @Test
    void aStepWhoseTypeCannotBeToldOrKeptIsRefusedBeforeItRuns() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> call(execution -> execution
                        .steps()
                        .run("items", () -> List.of(effect("items")))
                        .get(0)))
                .withMessage("What step 'items' returns cannot be told from its code but for java.util.List; give it"
                        + " its type:"
                        + " steps.run(name, type, work)");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        call(execution -> "" + execution.steps().run("object", () -> (Object) effect("object"))))
                .withMessageContaining("java.lang.Object");
        assertThatIllegalArgumentException().isThrownBy(() -> call(execution -> run(execution.steps())));
        assertThat(effects).isEmpty();
    }

    private <T> String run(Steps steps) {
        return ""
                + steps.run("variable", new Steps.Work<T, RuntimeException>() {
                    private static final long serialVersionUID = 1L;

                    @Override
                    public @Nullable T run() {
                        effect("variable");
                        return null;
                    }
                });
    }

    @Test
    void aStepDoneWhoseResultCannotBeKeptIsNeitherRunAgainNorAnswered() {
        record Endless(List<Object> items) {}
        List<Object> circle = new ArrayList<>();
        circle.add(circle);
        Type type = Item.class;
        fail(encoding, execution -> {
            for (int attempt = 1; attempt <= 2; attempt++) {
                execution.beginAttempt();
                assertThat(execution.steps().<Object, RuntimeException>run("item", type, () -> new Endless(circle)))
                        .as("remembered by this execution")
                        .isInstanceOf(Endless.class);
            }
            return "done";
        });
        assertThat(events.names()).contains("notReplayable");

        assertThatExceptionOfType(IdempotencyOutcomeException.class)
                .isThrownBy(() -> call(execution -> execution
                        .steps()
                        .run("item", () -> new Item(effect("item"), 1))
                        .name()))
                .withMessageContaining("Step 'item' of idempotency key 'place:4711' was done");
        assertThat(effects).isEmpty();
    }

    @Test
    void noStepBeginsOnceTheLeaseIsLostAndNoneIsRecordedByALateOwner() throws Throwable {
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> call(execution -> {
                    ticker.elapse(PLACE.lease());
                    return execution.steps().run("reserve", () -> effect("reserve"));
                }))
                .withMessageContaining("step 'reserve' was not begun");
        assertThat(effects).isEmpty();

        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> call(execution -> execution.steps().run("reserve", () -> {
                    takeOver();
                    return effect("late");
                })))
                .withMessageContaining("step 'reserve' was done, and its outcome was not recorded");
        assertThat(record().outcome()).isNotNull();
        assertThat(call(execution -> effect("again"))).isEqualTo("reserve 1");
        assertThat(effects).containsExactly("reserve", "late");
    }

    private void takeOver() {
        ticker.elapse(PLACE.lease());
        Future<String> successor = callers.call(() -> {
            try {
                return call(execution -> execution.steps().run("reserve", () -> effect("reserve")));
            } catch (Throwable failure) {
                throw Sneaky.raise(failure);
            }
        });
        Callers.until(successor::isDone);
    }

    @Test
    void aStepAtMostOnceDoesNotBeginIfTheLeaseWasLostWhileThatWasRecorded() {
        store.meet(Request.RECORD_STEP, made -> {
            Object answer = made.get();
            ticker.elapse(PLACE.lease());
            return answer;
        });
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> call(execution -> charge(execution, null)))
                .withMessageContaining("step 'charge' was not begun");
        assertThat(effects).isEmpty();
    }

    @Test
    void aThreadThatItsOperationLeftBehindBeginsNoStep() {
        List<Steps> leftBehind = new ArrayList<>();
        fail(encoding, execution -> {
            leftBehind.add(execution.steps());
            return execution.steps().run("reserve", () -> effect("reserve"));
        });
        assertThatIllegalStateException()
                .isThrownBy(() -> leftBehind.get(0).run("mail", () -> effect("mail")))
                .withMessageContaining("its operation has ended");
        assertThat(effects).containsExactly("reserve");
    }

    @Test
    void aStepThatAThreadOfAnEarlierAttemptStillRunsDoesNotRunBesideIt() throws Throwable {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        String result = call(execution -> {
            execution.beginAttempt();
            Future<String> slow = callers.call(() -> execution.steps().run("mail", () -> {
                begun.countDown();
                Callers.await(goOn);
                return effect("mail");
            }));
            Callers.await(begun);
            execution.beginAttempt();
            assertThatIllegalStateException()
                    .isThrownBy(() -> execution.steps().run("mail", () -> effect("mail")))
                    .withMessageContaining("it is running on another thread");
            goOn.countDown();
            var unused = Callers.get(slow);
            execution.beginAttempt();
            return execution.steps().run("mail", () -> effect("mail"));
        });
        assertThat(result).isEqualTo("mail 1");
    }

    @Test
    void aStepThatCouldNotBeRecordedIsWhenItsKeyIsReleasedAndTheStoreIsBack() throws Throwable {
        failForLong(Request.RECORD_STEP);
        fail(encoding, execution -> {
            String reserved = execution.steps().run("reserve", () -> effect("reserve"));
            store.heal(Request.RECORD_STEP);
            return reserved;
        });
        assertThat(record().state()).isInstanceOf(IdempotencyRecord.Released.class);
        assertThat(call(execution -> execution.steps().run("reserve", () -> effect("reserve"))))
                .isEqualTo("reserve 1");
    }

    @Test
    void aResultThatIsNotToBeRecordedDoesNotFreeAKeyWithAStepThatCouldNotBeRecorded() throws Throwable {
        failForLong(Request.RECORD_STEP);
        var unused = call(new IdempotentWork<>() {
            @Override
            public String run(Execution execution) {
                return execution.steps().run("reserve", () -> effect("reserve"));
            }

            @Override
            public boolean releases(String result) {
                return true;
            }
        });
        assertThat(record().isAbandoned()).isTrue();
    }

    @Test
    void aStepWhoseRecordFailsForAWhileIsRecordedAllTheSame() throws Throwable {
        store.fail(Request.RECORD_STEP, 2);
        fail(encoding, execution -> execution.steps().run("reserve", () -> effect("reserve")));
        store.loseAnswers(Request.RECORD_STEP, 1);

        var unused = call(execution -> execution.steps().run("reserve", () -> effect("reserve"))
                + execution.steps().run("charge", () -> effect("charge")));

        assertThat(effects).containsExactly("reserve", "charge");
    }

    @Test
    void aStepThatCannotBeRecordedIsRememberedAndItsKeyIsNotReleased() throws Throwable {
        failForLong(Request.RECORD_STEP);
        IdempotentWork<String> twice = execution -> {
            execution.beginAttempt();
            var unused = execution.steps().run("reserve", () -> effect("reserve"));
            execution.beginAttempt();
            return execution.steps().run("reserve", () -> effect("reserve"));
        };
        fail(encoding, twice);

        assertThat(effects).containsExactly("reserve");
        assertThat(events.names()).containsExactly("claimed", "stepNotRecorded", "stepReplayed", "abandoned");
        assertThat(record().isAbandoned()).isTrue();
    }

    @Test
    void stepsThatAnEarlierVersionRecordedAndThisOneDoesNotAskForAreTold() throws Throwable {
        fail(
                encoding,
                execution -> execution.steps().run("reserve", () -> effect("reserve"))
                        + execution.steps().run("charge", () -> effect("charge")));
        var unused = call(execution -> execution.steps().run("reserve-stock", () -> effect("reserve-stock"))
                + execution.steps().run("charge", () -> effect("charge")));

        assertThat(events.named("stepsLeftOver"))
                .extracting(RecordedEvents.Event::detail)
                .containsExactly(Set.of("reserve"));
    }

    @Test
    void keysIdsAndTimesAreTheSameOnEveryAttempt() throws Throwable {
        List<Object> seen = new ArrayList<>();
        IdempotentWork<String> work = execution -> {
            Steps steps = IdempotencyContext.current().steps();
            seen.add(List.of(steps.keyFor("charge"), steps.uuid("charge"), steps.firstClaimedAt()));
            return steps.run("reserve", () -> effect("reserve"));
        };
        fail(encoding, work);
        ticker.elapse(Duration.ofSeconds(7));
        die(work);
        var unused = call(work);

        assertThat(seen).hasSize(3);
        assertThat(Set.copyOf(seen)).hasSize(1);
    }

    @Test
    void anAtomicOperationHasNoSteps() {
        Execution atomic = Execution.atomic(PLACE, KEY, FINGERPRINT, ticker, null);
        assertThatIllegalStateException()
                .isThrownBy(atomic::steps)
                .withMessageContaining("'place' is atomic and has no steps");
    }

    @Test
    void stepsOfAnUnprotectedExecutionAreRememberedByItsAttempts() throws Throwable {
        Operation<String> open = Operation.<String>builder("place", String.class)
                .whenStoreFails(WhenStoreFails.RUN)
                .build();
        store.fail(Request.CLAIM);
        String result = encoding.execute(open, KEY, FINGERPRINT, execution -> {
            execution.beginAttempt();
            var unused = execution.steps().run("reserve", () -> effect("reserve"));
            execution.beginAttempt();
            assertThatExceptionOfType(IdempotencyStoreException.class)
                    .as("nothing can be recorded of it")
                    .isThrownBy(() -> execution.steps().atMostOnce().run("charge", () -> effect("charge")))
                    .withMessageContaining("runs unprotected");
            return execution.steps().run("reserve", () -> effect("reserve"));
        });

        assertThat(result).isEqualTo("reserve 1");
        assertThat(effects).containsExactly("reserve");
        assertThat(store.count(Request.RECORD_STEP)).isZero();
    }

    // steps that run at most once

    private String charge(Execution execution, Steps.@Nullable Reconciler<String> reconciler) {
        Steps.AtMostOnce steps = execution.steps().atMostOnce();
        return reconciler == null
                ? steps.run("charge", () -> effect("charge"))
                : steps.run("charge", () -> effect("charge"), reconciler);
    }

    /** Leaves the step begun: its process died in it. */
    private void dieInStep() {
        die(execution -> {
            try {
                return execution.steps().atMostOnce().run("charge", () -> {
                    effect("charge");
                    throw new IllegalStateException("dead");
                });
            } catch (IllegalStateException dead) {
                return "dead";
            }
        });
        effects.clear();
    }

    @Test
    void aStepAtMostOnceIsRecordedTwiceAndReplayedLikeAnyOther() throws Throwable {
        fail(encoding, execution -> charge(execution, null));
        assertThat(store.count(Request.RECORD_STEP)).isEqualTo(2);

        assertThat(call(execution -> charge(execution, null))).isEqualTo("charge 1");
        assertThat(effects).containsExactly("charge");
    }

    @Test
    void aStepAtMostOnceIsNotRunAgainAfterACrashInItAndItsKeyStaysAbandoned() {
        dieInStep();
        for (int calls = 1; calls <= 3; calls++) {
            assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class)
                    .isThrownBy(() -> call(execution -> charge(execution, null)))
                    .withMessageContaining("Step 'charge' of idempotency key 'place:4711'")
                    .withMessageContaining("was begun before, and nobody knows whether it was done");
            assertThat(record().isAbandoned()).isTrue();
        }
        assertThat(effects).isEmpty();
    }

    @Test
    void aStepAtMostOnceIsNotRunAgainThoughTheCodeSaysNoMoreThatItIsOne() {
        dieInStep();
        assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class)
                .isThrownBy(() -> call(execution -> execution.steps().run("charge", () -> effect("charge"))));
        assertThat(effects).isEmpty();
    }

    @Test
    void aStepAtMostOnceThatThrewIsUnknownAndItsKeyIsAbandoned() {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() ->
                        call(execution -> execution.steps().atMostOnce().run("charge", () -> {
                            effect("charge");
                            if (effects.size() == 1) {
                                throw new IOException("read timed out");
                            }
                            return "charged";
                        })));
        assertThat(record().isAbandoned()).isTrue();
        assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class)
                .isThrownBy(() -> call(execution -> charge(execution, null)));
        assertThat(effects).containsExactly("charge");
    }

    @Test
    void aReconcilerThatSaysThatTheStepWasDoneGivesItsOutcomeOnce() throws Throwable {
        dieInStep();
        List<String> asked = new ArrayList<>();
        IdempotentWork<String> work = execution -> charge(execution, () -> {
            asked.add("asked");
            return Reconciliation.completed("found");
        });
        fail(encoding, work);

        assertThat(call(work)).isEqualTo("found");
        assertThat(asked).hasSize(1);
        assertThat(effects).isEmpty();
    }

    @Test
    void aReconcilerThatSaysThatTheStepWasNotDoneLetsItRun() throws Throwable {
        dieInStep();
        assertThat(call(execution -> charge(execution, Reconciliation::notDone)))
                .isEqualTo("charge 1");
        assertThat(effects).containsExactly("charge");
    }

    @Test
    void aReconcilerThatCannotTellLeavesTheStepUnknown() {
        dieInStep();
        List<Steps.Reconciler<String>> helpless = new ArrayList<>();
        helpless.add(Reconciliation::unknown);
        helpless.add(() -> {
            throw new IOException("no answer");
        });
        helpless.add(() -> null);
        for (Steps.Reconciler<String> reconciler : helpless) {
            assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class)
                    .isThrownBy(() -> call(execution -> charge(execution, reconciler)))
                    .withMessageContaining("its reconciler could not tell");
            assertThat(record().isAbandoned()).isTrue();
        }
        assertThat(effects).isEmpty();
    }

    @Test
    void aStepAtMostOnceWhoseBeginCannotBeRecordedDoesNotRun() {
        failForLong(Request.RECORD_STEP);
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> call(execution -> charge(execution, null)));
        assertThat(effects).isEmpty();
        assertThat(store.find(KEY)).isNull();
    }

    @Test
    void aStepAtMostOnceThatReturnsNothingHasAReconcilerToo() throws Throwable {
        dieInStep();
        String result = call(execution -> {
            execution
                    .steps()
                    .atMostOnce()
                    .run(
                            "charge",
                            () -> {
                                effect("charge");
                            },
                            () -> Reconciliation.completed("whatever"));
            return "done";
        });
        assertThat(result).isEqualTo("done");
        assertThat(effects).isEmpty();
    }

    @Test
    void aLostAnswerToARecordOfAStepIsNoLoss() throws Throwable {
        store.loseAnswers(Request.RECORD_STEP, 1);
        assertThat(call(execution -> charge(execution, null))).isEqualTo("charge 1");
        assertThat(effects).containsExactly("charge");
    }

    @Test
    void idsOfStepsAreThoseOfTheContext() throws Throwable {
        UUID id = UUID.fromString(
                call(execution -> execution.steps().uuid("charge").toString()));
        assertThat(id.version()).isEqualTo(8);
    }
}
