package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.Outcome;
import io.idempotent.Reconciliation;
import io.idempotent.RecordedOutcome;
import io.idempotent.Steps;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.OutcomeType;
import io.idempotent.codec.ReferenceOutcomeCodec;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.io.IOException;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Steps that are undone after their operation failed for good. */
final class CompensationTest {

    /** The customer has no money: there is nothing to wait for. */
    static final class DeclinedException extends Exception {

        private static final long serialVersionUID = 1L;

        DeclinedException(String message) {
            super(message);
        }
    }

    /** The gateway is down: another attempt may help, and if none does, the order is undone. */
    static final class UnavailableException extends Exception {

        private static final long serialVersionUID = 1L;

        UnavailableException(String message) {
            super(message);
        }
    }

    private static Operation.Builder<String> order() {
        return Operation.builder("order", String.class)
                .recordFailures(List.of(DeclinedException.class))
                .compensateOn(List.of(UnavailableException.class));
    }

    private static final Operation<String> ORDER = order().build();
    private static final IdempotencyKey KEY = ORDER.key("4711");
    private static final Fingerprint FINGERPRINT = Fingerprint.none();

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final RecordedEvents events = new RecordedEvents();
    private final List<IdempotencyEngine> engines = new ArrayList<>();
    private IdempotencyEngine engine = engine(JacksonOutcomeCodec.builder().build());
    private final List<String> effects = new ArrayList<>();
    private final Set<String> broken = new LinkedHashSet<>();

    private IdempotencyEngine engine(OutcomeCodec codec) {
        return engine(codec, builder -> {});
    }

    private IdempotencyEngine engine(OutcomeCodec codec, Consumer<IdempotencyEngine.Builder> setting) {
        IdempotencyEngine.Builder builder = IdempotencyEngine.builder(store)
                .ticker(ticker)
                .codec(codec)
                .listener(events)
                .errorHandler(events)
                .completionTimeout(Duration.ofMillis(200));
        setting.accept(builder);
        IdempotencyEngine made = builder.build();
        engines.add(made);
        return made;
    }

    @AfterEach
    void close() {
        engines.forEach(IdempotencyEngine::close);
    }

    /** How a call is made, and by whom its work ends. */
    private enum Way {
        BLOCKING {
            @Override
            String call(IdempotencyEngine engine, Operation<String> operation, IdempotentWork<String> work)
                    throws Throwable {
                return engine.execute(operation, KEY, FINGERPRINT, work);
            }
        },
        FINISHED_STAGE {
            @Override
            String call(IdempotencyEngine engine, Operation<String> operation, IdempotentWork<String> work)
                    throws Throwable {
                return later(engine, operation, work, Runnable::run);
            }
        },
        OTHER_THREAD {
            @Override
            String call(IdempotencyEngine engine, Operation<String> operation, IdempotentWork<String> work)
                    throws Throwable {
                return later(engine, operation, work, task -> new Thread(task, "other").start());
            }
        };

        abstract String call(IdempotencyEngine engine, Operation<String> operation, IdempotentWork<String> work)
                throws Throwable;

        static String later(
                IdempotencyEngine engine, Operation<String> operation, IdempotentWork<String> work, Executor executor)
                throws Throwable {
            CompletableFuture<String> future = engine.executeAsync(operation, KEY, FINGERPRINT, new StageWork<>() {
                        @Override
                        public CompletionStage<String> begin(Execution execution) {
                            CompletableFuture<String> stage = new CompletableFuture<>();
                            executor.execute(() -> {
                                IdempotencyContext before = execution.bindHere();
                                try {
                                    stage.complete(work.run(execution));
                                } catch (Throwable failure) {
                                    stage.completeExceptionally(failure);
                                } finally {
                                    execution.leaveTo(before);
                                }
                            });
                            return stage;
                        }

                        @Override
                        public Reconciliation<String> reconcile(Execution execution) throws Throwable {
                            return work.reconcile(execution);
                        }

                        @Override
                        public void undo(Execution execution, Steps.Action<?> undo) throws Throwable {
                            work.undo(execution, undo);
                        }

                        @Override
                        public @Nullable IdempotencyRecord recovers() {
                            return work.recovers();
                        }
                    })
                    .future();
            try {
                return future.get();
            } catch (ExecutionException failed) {
                throw failed.getCause();
            }
        }
    }

    /** Does something; whatever is broken throws instead. */
    private String does(String what) throws IOException {
        effects.add(what);
        if (broken.contains(what)) {
            throw new IOException(what + " is broken");
        }
        return what;
    }

    /** Three steps that can be undone, and then what is thrown. */
    private IdempotentWork<String> orderThatFails(Throwable failure) {
        return execution -> {
            Steps steps = execution.steps();
            String reserved = steps.run("reserve", () -> does("reserve"), it -> does("undo of " + it));
            String charged = steps.atMostOnce()
                    .run(
                            "charge",
                            String.class,
                            () -> does("charge"),
                            Reconciliation::unknown,
                            it -> does("undo of " + it + " after " + reserved));
            steps.run("pack", () -> does("pack"), () -> does("undo of pack after " + charged));
            steps.run("mail", () -> does("mail"));
            throw failure;
        };
    }

    private static final List<String> ALL = List.of(
            "reserve",
            "charge",
            "pack",
            "mail",
            "undo of pack after charge",
            "undo of charge after reserve",
            "undo of reserve");

    private Throwable thrownBy(Way way, IdempotentWork<String> work) {
        return thrownBy(way, ORDER, work);
    }

    private Throwable thrownBy(Way way, Operation<String> operation, IdempotentWork<String> work) {
        return Objects.requireNonNull(catchThrowable(() -> way.call(engine, operation, work)));
    }

    private @Nullable IdempotencyRecord record() {
        return store.find(KEY);
    }

    private Set<String> steps() {
        Set<String> names = new TreeSet<>();
        for (RecordedStep step : store.findSteps(KEY)) {
            names.add(step.name() + (step.outcome() == null ? " begun" : ""));
        }
        return names;
    }

    @ParameterizedTest
    @EnumSource
    void recordedStepsAreUndoneInReverseOrderAndThenTheFailureIsRecorded(Way way) {
        for (OutcomeCodec codec : List.of(
                new ReferenceOutcomeCodec(), JacksonOutcomeCodec.builder().build())) {
            for (Exception failure : List.of(new DeclinedException("no money"), new UnavailableException("down"))) {
                effects.clear();
                events.forget();
                engine = engine(codec);

                Throwable thrown = thrownBy(way, orderThatFails(failure));

                assertThat(thrown).isSameAs(failure).hasNoSuppressedExceptions();
                assertThat(effects).isEqualTo(ALL);
                assertThat(events.names())
                        .containsExactly(
                                "claimed",
                                "stepRecorded",
                                "stepRecorded",
                                "stepRecorded",
                                "stepRecorded",
                                "compensating",
                                "stepRecorded",
                                "stepRecorded",
                                "stepRecorded",
                                "completed");
                Throwable replayed = thrownBy(way, execution -> does("again"));
                assertThat(replayed).isInstanceOf(failure.getClass()).hasMessage(failure.getMessage());
                assertThat(effects).isEqualTo(ALL);
                IdempotencyRecord record = Objects.requireNonNull(record());
                assertThat(store.forget(KEY, record.fencingToken())).isTrue();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFailureToCompensateReleasesTheKeyIfThereIsNothingToUndo(Way way) throws Throwable {
        Throwable thrown = thrownBy(way, execution -> {
            execution.steps().run("mail", () -> does("mail"));
            throw new UnavailableException("down");
        });

        assertThat(thrown).isInstanceOf(UnavailableException.class);
        assertThat(events.names()).containsExactly("claimed", "stepRecorded", "released");
        assertThat(way.call(engine, ORDER, execution -> "done")).isEqualTo("done");
    }

    @ParameterizedTest
    @EnumSource
    void aStepThatThrewIsNotUndoneAndOthersAre(Way way) {
        broken.add("charge");

        Throwable thrown = thrownBy(way, execution -> {
            execution.steps().run("reserve", () -> does("reserve"), it -> does("undo of reserve"));
            try {
                return execution.steps().run("charge", () -> does("charge"), it -> does("undo of charge"));
            } catch (IOException broken) {
                throw new DeclinedException("no charge");
            }
        });

        assertThat(thrown).isInstanceOf(DeclinedException.class);
        assertThat(effects).containsExactly("reserve", "charge", "undo of reserve");
        assertThat(events.names()).endsWith("completed");
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNotDeclaredIsNotCompensated(Way way) {
        Throwable thrown = thrownBy(way, orderThatFails(new IOException("whatever")));

        assertThat(thrown).isInstanceOf(IOException.class);
        assertThat(effects).containsExactly("reserve", "charge", "pack", "mail");
        assertThat(events.names()).doesNotContain("compensating").endsWith("released");
    }

    @ParameterizedTest
    @EnumSource
    void anOutcomeThatNobodyKnowsIsNotCompensated(Way way) {
        Operation<String> unknowing = order().unknownOn(List.of(DeclinedException.class))
                .whenAbandoned(WhenAbandoned.RECONCILE)
                .build();

        Throwable thrown = thrownBy(way, unknowing, orderThatFails(new DeclinedException("no money")));

        assertThat(thrown).isInstanceOf(DeclinedException.class);
        assertThat(events.names()).doesNotContain("compensating").endsWith("abandoned");
    }

    @Test
    void stepsOfEveryAttemptAreUndoneAndTheLastDoneFirst() {
        Throwable thrown = thrownBy(Way.BLOCKING, execution -> {
            Steps steps = execution.steps();
            execution.beginAttempt();
            steps.run("first", () -> does("first"), () -> does("undo of first"));
            steps.run("second", () -> does("second"), () -> does("undo of second"));
            execution.beginAttempt();
            steps.run("third", () -> does("third"), () -> does("undo of third"));
            steps.run("first", () -> does("first again"), () -> does("undo of first, declared later"));
            throw new UnavailableException("down");
        });

        assertThat(thrown).isInstanceOf(UnavailableException.class);
        assertThat(effects)
                .containsExactly(
                        "first", "second", "third", "undo of third", "undo of second", "undo of first, declared later");
    }

    @Test
    void genericTypesAndStepsThatReturnNothingAreUndoneAtMostOnceToo() {
        Throwable thrown = thrownBy(Way.BLOCKING, execution -> {
            Steps steps = execution.steps();
            Type numbers = CompensationTest.class.getDeclaredField("NUMBERS").getGenericType();
            steps.run("a", numbers, () -> List.of(1, 2), it -> does("undo of a: " + it));
            steps.atMostOnce()
                    .run("b", numbers, () -> List.of(3), Reconciliation::unknown, it -> does("undo of b: " + it));
            steps.atMostOnce().run("c", () -> does("c"), Reconciliation::unknown, it -> does("undo of c: " + it));
            steps.atMostOnce()
                    .run(
                            "d",
                            () -> {
                                does("d");
                            },
                            Reconciliation::unknown,
                            () -> does("undo of d"));
            throw new DeclinedException("no money");
        });

        assertThat(thrown).hasNoSuppressedExceptions();
        assertThat(effects)
                .containsExactly("c", "d", "undo of d", "undo of c: c", "undo of b: [3]", "undo of a: [1, 2]");
    }

    @SuppressWarnings("unused") // its generic type is what a step returns
    private static final List<Integer> NUMBERS = List.of();

    @ParameterizedTest
    @EnumSource
    void theWorkRepeatsAnUndoThatFails(Way way) {
        broken.add("undo of charge after reserve");
        List<String> threads = new ArrayList<>();

        Throwable thrown = thrownBy(way, new IdempotentWork<>() {
            @Override
            public String run(Execution execution) throws Throwable {
                return orderThatFails(new DeclinedException("no money")).run(execution);
            }

            @Override
            public void undo(Execution execution, Steps.Action<?> undo) throws Throwable {
                assertThat(IdempotencyContext.current()).isSameAs(execution);
                threads.add(Thread.currentThread().getName());
                try {
                    undo.run();
                } catch (Throwable first) {
                    broken.clear();
                    undo.run();
                }
            }
        });

        assertThat(thrown).isInstanceOf(DeclinedException.class).hasNoSuppressedExceptions();
        assertThat(effects).endsWith("undo of charge after reserve", "undo of charge after reserve", "undo of reserve");
        assertThat(threads).hasSize(3).doesNotContain("other");
    }

    @ParameterizedTest
    @EnumSource
    void anUndoThatFailsForGoodLeavesTheKeyCompensatingAndTheNextCallUndoesTheRest(Way way) {
        for (OutcomeCodec codec : List.of(
                new ReferenceOutcomeCodec(), JacksonOutcomeCodec.builder().build())) {
            effects.clear();
            events.forget();
            broken.add("undo of charge after reserve");
            engine = engine(codec);

            Throwable thrown = thrownBy(way, orderThatFails(new DeclinedException("no money")));

            assertThat(thrown).isInstanceOf(DeclinedException.class).hasMessage("no money");
            assertThat(thrown.getSuppressed()).hasSize(1);
            assertThat(effects).endsWith("undo of pack after charge", "undo of charge after reserve");
            assertThat(steps())
                    .containsExactly(
                            "charge",
                            "compensate:",
                            "compensate:charge begun",
                            "compensate:pack",
                            "compensate:reserve begun",
                            "mail",
                            "pack",
                            "reserve");
            assertThat(Objects.requireNonNull(record()).isAbandoned()).isTrue();
            assertThat(events.names()).endsWith("compensating", "stepRecorded", "compensationFailed", "abandoned");
            assertThat(events.named("compensationFailed").get(0).detail()).isEqualTo("charge");

            effects.clear();
            events.forget();
            broken.clear();
            // It would go another way now, and finish.
            Throwable again = thrownBy(way, execution -> {
                Steps steps = execution.steps();
                try {
                    var unused = orderThatFails(new IOException("nothing of this counts"))
                            .run(execution);
                } catch (IOException ignored) {
                    steps.run("another", () -> does("another"));
                }
                return "done";
            });

            assertThat(again).isInstanceOf(DeclinedException.class).hasMessage("no money");
            assertThat(effects).containsExactly("undo of charge after reserve", "undo of reserve");
            assertThat(events.names())
                    .containsExactly(
                            "claimed",
                            "stepReplayed",
                            "stepReplayed",
                            "stepReplayed",
                            "stepReplayed",
                            "compensating",
                            "stepRecorded",
                            "stepRecorded",
                            "completed");
            IdempotencyRecord record = Objects.requireNonNull(record());
            assertThat(record.outcome()).isNotNull();
            assertThat(store.forget(KEY, record.fencingToken())).isTrue();
        }
    }

    /** Leaves the key compensating, with nothing undone. */
    private void leaveCompensating(IdempotentWork<String> work) {
        leaveCompensating(ORDER, work);
    }

    private void leaveCompensating(Operation<String> operation, IdempotentWork<String> work) {
        Throwable thrown = thrownBy(Way.BLOCKING, operation, new IdempotentWork<>() {
            @Override
            public String run(Execution execution) throws Throwable {
                return work.run(execution);
            }

            @Override
            public void undo(Execution execution, Steps.Action<?> undo) throws Throwable {
                throw new IOException("the line is cut");
            }
        });
        assertThat(thrown.getSuppressed()).hasSize(1);
        assertThat(steps()).contains("compensate:");
        effects.clear();
        events.forget();
    }

    @ParameterizedTest
    @EnumSource
    void whateverTheWorkDoesInAClaimThatGoesBackwardNothingGoesForward(Way way) {
        List<IdempotentWork<String>> works = List.of(
                execution -> "it returns, and swallows the error",
                execution -> {
                    throw new IOException("it throws");
                },
                execution -> {
                    execution.beginAttempt();
                    execution.beginAttempt();
                    return does("a second attempt");
                },
                execution -> execution.steps().run("new", () -> does("new")),
                execution -> execution.steps().atMostOnce().run("once", () -> does("once")),
                execution -> {
                    try {
                        execution.steps().run("new", () -> does("new"));
                    } catch (Throwable swallowed) {
                        assertThat(swallowed).isInstanceOf(Backward.class);
                        assertThat(swallowed.getStackTrace()).isEmpty();
                    }
                    return "swallowed";
                });
        for (IdempotentWork<String> last : works) {
            leaveCompensating(orderThatFails(new UnavailableException("down")));

            Throwable thrown = thrownBy(way, new IdempotentWork<>() {
                @Override
                public String run(Execution execution) throws Throwable {
                    try {
                        return orderThatFails(new IOException("not yet")).run(execution);
                    } catch (IOException notYet) {
                        return last.run(execution);
                    }
                }

                @Override
                public boolean releases(String result) {
                    return true;
                }
            });

            assertThat(thrown).isInstanceOf(UnavailableException.class).hasMessage("down");
            assertThat(effects)
                    .containsExactly("undo of pack after charge", "undo of charge after reserve", "undo of reserve");
            assertThat(events.names()).endsWith("completed");
            IdempotencyRecord record = Objects.requireNonNull(record());
            assertThat(store.forget(KEY, record.fencingToken())).isTrue();
            effects.clear();
        }
    }

    @ParameterizedTest
    @EnumSource
    void noReconcilerOfTheOperationIsAskedOnTheWayBack(Way way) {
        Operation<String> reconciled =
                order().whenAbandoned(WhenAbandoned.RECONCILE).build();
        leaveCompensating(reconciled, orderThatFails(new DeclinedException("no money")));

        Throwable thrown = thrownBy(way, reconciled, new IdempotentWork<>() {
            @Override
            public String run(Execution execution) throws Throwable {
                return orderThatFails(new IOException("not yet")).run(execution);
            }

            @Override
            public Reconciliation<String> reconcile(Execution execution) {
                return Reconciliation.completed(effectOf("reconciler"));
            }
        });

        assertThat(thrown).isInstanceOf(DeclinedException.class);
        assertThat(effects).doesNotContain("reconciler").endsWith("undo of reserve");
    }

    private String effectOf(String what) {
        effects.add(what);
        return what;
    }

    private static Stream<Arguments> foundOut() {
        return Stream.of(Way.values())
                .flatMap(way -> Stream.of(
                        Arguments.of(way, Reconciliation.completed("charge found"), true),
                        Arguments.of(way, Reconciliation.notDone(), true),
                        Arguments.of(way, Reconciliation.unknown(), false)));
    }

    @ParameterizedTest
    @MethodSource("foundOut")
    void anUnknownStepIsAskedForByItsReconcilerBeforeItIsUndone(
            Way way, Reconciliation<String> found, boolean isUndone) {
        broken.add("charge");

        Throwable thrown = thrownBy(way, execution -> {
            Steps steps = execution.steps();
            steps.run("reserve", () -> does("reserve"), () -> does("undo of reserve"));
            try {
                return steps.atMostOnce()
                        .run("charge", String.class, () -> does("charge"), () -> found, it -> does("undo of " + it));
            } catch (IOException noAnswer) {
                throw new UnavailableException("down");
            }
        });

        assertThat(thrown).isInstanceOf(UnavailableException.class);
        if (!isUndone) {
            assertThat(effects).containsExactly("reserve", "charge");
            assertThat(thrown.getSuppressed()[0]).isInstanceOf(IdempotencyOutcomeUnknownException.class);
            assertThat(events.names()).endsWith("compensationFailed", "abandoned");
        } else if (found instanceof Reconciliation.Completed) {
            assertThat(effects).containsExactly("reserve", "charge", "undo of charge found", "undo of reserve");
            assertThat(events.names()).endsWith("completed");
        } else {
            assertThat(effects).containsExactly("reserve", "charge", "undo of reserve");
            assertThat(events.names()).endsWith("completed");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aStoreThatDoesNotTakeTheBeginningAbandonsTheKeyAndTheNextCallGoesForward(Way way) throws Throwable {
        Throwable thrown = thrownBy(way, execution -> {
            execution.steps().run("reserve", () -> does("reserve"), it -> does("undo of " + it));
            failForLong(Request.RECORD_STEP);
            throw new DeclinedException("no money");
        });

        assertThat(thrown).isInstanceOf(DeclinedException.class);
        assertThat(thrown.getSuppressed()).hasSize(1);
        assertThat(effects).containsExactly("reserve");
        assertThat(events.names()).endsWith("compensating", "compensationFailed", "abandoned");
        assertThat(events.named("compensationFailed").get(0).detail()).isNull();
        store.heal(Request.RECORD_STEP);

        assertThat(way.call(
                        engine, ORDER, execution -> execution.steps().run("reserve", () -> does("again"), it -> {})))
                .isEqualTo("reserve");
    }

    private void failForLong(Request request) {
        store.meet(request, made -> {
            ticker.elapse(Duration.ofMillis(150));
            throw TroubledStore.failure();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aStepThatTheStoreDoesNotKnowOfIsNotUndoneBeforeItDoes(Way way) {
        Throwable thrown = thrownBy(way, execution -> {
            failForLong(Request.RECORD_STEP);
            execution.steps().run("reserve", () -> does("reserve"), () -> does("undo of reserve"));
            throw new DeclinedException("no money");
        });

        assertThat(thrown.getSuppressed()[0])
                .isInstanceOf(IdempotencyOutcomeUnknownException.class)
                .hasMessageContaining("[reserve]");
        assertThat(effects).containsExactly("reserve");
        assertThat(events.names()).endsWith("abandoned");
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsUndoneOnceTheLeaseIsLost(Way way) {
        Throwable thrown = thrownBy(way, execution -> {
            execution.steps().run("reserve", () -> does("reserve"), () -> does("undo of reserve"));
            ticker.elapse(ORDER.lease());
            throw new DeclinedException("no money");
        });

        assertThat(thrown).isInstanceOf(DeclinedException.class);
        assertThat(thrown.getSuppressed()[0]).isInstanceOf(IdempotencyClaimLostException.class);
        assertThat(effects).containsExactly("reserve");
    }

    @Test
    void aLeaseThatIsLostWhileUndoingEndsThat() {
        Throwable thrown = thrownBy(Way.BLOCKING, execution -> {
            Steps steps = execution.steps();
            steps.run("reserve", () -> does("reserve"), () -> does("undo of reserve"));
            steps.run("charge", () -> does("charge"), () -> {
                does("undo of charge");
                ticker.elapse(ORDER.lease());
            });
            throw new DeclinedException("no money");
        });

        assertThat(thrown.getSuppressed()[0]).isInstanceOf(IdempotencyClaimLostException.class);
        assertThat(effects).containsExactly("reserve", "charge", "undo of charge");
    }

    @ParameterizedTest
    @EnumSource
    void aFailureThatCannotBeReadAnyMoreIsNotReplayableOnceTheStepsAreUndone(Way way) {
        leaveCompensating(orderThatFails(new UnavailableException("down")));
        Operation<String> later = Operation.builder("order", String.class).build();

        Throwable thrown = thrownBy(way, later, orderThatFails(new IOException("not yet")));

        assertThat(thrown).isInstanceOf(IdempotencyOutcomeException.class);
        assertThat(effects).hasSize(3).endsWith("undo of reserve");
        assertThat(events.names()).endsWith("notReplayable", "completed");
        assertThat(Objects.requireNonNull(record()).outcome()).isInstanceOf(RecordedOutcome.NotReplayable.class);
    }

    @ParameterizedTest
    @EnumSource
    void aStepThatIsNotAskedForAnyMoreCannotBeUndone(Way way) {
        leaveCompensating(orderThatFails(new DeclinedException("no money")));

        Throwable thrown = thrownBy(way, execution -> {
            execution.steps().run("reserve", () -> does("reserve"), () -> does("undo of reserve"));
            return execution.steps().run("charge2", () -> does("charge2"));
        });

        assertThat(thrown).isInstanceOf(DeclinedException.class).hasMessage("no money");
        assertThat(thrown.getSuppressed()[0])
                .isInstanceOf(IdempotencyOutcomeUnknownException.class)
                .hasMessageContaining("[charge, pack]");
        assertThat(effects).isEmpty();
        assertThat(events.names()).endsWith("compensating", "compensationFailed", "abandoned");
    }

    @Test
    void aStepWithoutCompensationNeedNotBeAskedForOnTheWayBack() {
        broken.add("charge");
        IdempotentWork<String> work = execution -> {
            Steps steps = execution.steps();
            steps.run("reserve", () -> does("reserve"), () -> does("undo of reserve"));
            try {
                return steps.run("charge", () -> does("charge"), it -> does("undo of charge"));
            } catch (IOException declined) {
                steps.run("tell", () -> does("tell"));
                throw new DeclinedException("no money");
            }
        };
        leaveCompensating(work);

        Throwable thrown = thrownBy(Way.BLOCKING, work);

        assertThat(thrown).isInstanceOf(DeclinedException.class).hasNoSuppressedExceptions();
        assertThat(effects).containsExactly("undo of reserve");
    }

    @Test
    void aStepThatDeclaresNoCompensationAnyMoreOnTheWayBackIsNotTakenForUndone() {
        IdempotentWork<String> newer = execution -> {
            execution.steps().run("reserve", () -> does("reserve"), () -> does("undo of reserve"));
            throw new DeclinedException("no money");
        };
        leaveCompensating(newer);
        IdempotentWork<String> older = execution -> {
            execution.steps().run("reserve", () -> does("reserve"));
            throw new DeclinedException("no money");
        };

        Throwable thrown = thrownBy(Way.BLOCKING, older);

        assertThat(thrown).isInstanceOf(DeclinedException.class);
        assertThat(thrown.getSuppressed()[thrown.getSuppressed().length - 1]).hasMessageContaining("[reserve]");
        assertThat(events.names()).endsWith("compensationFailed", "abandoned");
        assertThat(effects).isEmpty();

        assertThat(thrownBy(Way.BLOCKING, newer)).isInstanceOf(DeclinedException.class);
        assertThat(effects).containsExactly("undo of reserve");
    }

    @ParameterizedTest
    @EnumSource
    void stepsOfEarlierClaimsThatAreNotAskedForCannotBeUndone(Way way) {
        var unused = thrownBy(way, orderThatFails(new IOException("released, with steps")));
        effects.clear();

        for (int call = 1; call <= 2; call++) {
            Throwable thrown = thrownBy(way, execution -> {
                execution.steps().run("reserve", () -> does("reserve"), () -> does("undo of reserve"));
                throw new DeclinedException("no money");
            });

            assertThat(thrown).isInstanceOf(DeclinedException.class);
            assertThat(thrown.getSuppressed()[thrown.getSuppressed().length - 1])
                    .hasMessageContaining("[charge, mail, pack]");
            assertThat(effects).isEmpty();
            assertThat(events.names()).endsWith("compensationFailed", "abandoned");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRecoveredExecutionBeginsNoStepThatMayHaveBeenDoneUnderAnotherName(Way way) throws Throwable {
        abandonAfterReserve();
        IdempotentWork<String> renamed = execution -> {
            String held = execution.steps().run("hold", () -> does("hold"));
            return held + ", " + execution.steps().run("reserve", () -> does("reserve"));
        };

        Throwable thrown = thrownBy(way, recovering(renamed));

        assertThat(thrown)
                .isInstanceOf(IdempotencyOutcomeUnknownException.class)
                .hasMessageContaining("'hold'")
                .hasMessageContaining("[reserve]")
                .hasMessageContaining("names back");
        assertThat(effects).isEmpty();
        assertThat(events.names()).containsExactly("claimed", "stepsLeftOver", "abandoned");
        assertThat(way.call(engine, ORDER, recovering(execution -> {
                    String reserved = execution.steps().run("reserve", () -> does("reserve"));
                    return reserved + ", " + execution.steps().run("charge", () -> does("charge"));
                })))
                .isEqualTo("reserve, charge");
    }

    @ParameterizedTest
    @EnumSource
    void aCallWithACallerBeginsStepsInAnyOrder(Way way) throws Throwable {
        abandonAfterReserve();

        assertThat(way.call(
                        engine,
                        ORDER,
                        execution -> execution.steps().run("hold", () -> does("hold"))
                                + execution.steps().run("reserve", () -> does("reserve"))))
                .isEqualTo("holdreserve");
    }

    @ParameterizedTest
    @EnumSource
    void aFinalFailureBeforeRecordedStepsAreAskedForIsNotRecordedAsIfTheyWereUndone(Way way) throws Throwable {
        var unused = thrownBy(way, orderThatFails(new IOException("released, with steps")));
        effects.clear();
        events.forget();

        Throwable harmless = thrownBy(way, execution -> {
            throw new UnavailableException("down");
        });
        assertThat(harmless).isInstanceOf(UnavailableException.class).hasNoSuppressedExceptions();
        assertThat(events.names()).containsExactly("claimed", "released");

        Throwable thrown = thrownBy(way, execution -> {
            throw new DeclinedException("no money");
        });
        assertThat(thrown.getSuppressed()[0]).hasMessageContaining("[charge, mail, pack, reserve]");
        assertThat(events.names()).endsWith("compensating", "compensationFailed", "abandoned");

        Throwable again = thrownBy(way, orderThatFails(new IOException("not yet")));
        assertThat(again).isInstanceOf(DeclinedException.class);
        assertThat(effects).hasSize(3).endsWith("undo of reserve");
        assertThat(events.names()).endsWith("completed");
    }

    private void abandonAfterReserve() {
        failForLong(Request.RELEASE);
        var unused = thrownBy(Way.BLOCKING, execution -> {
            execution.steps().run("reserve", () -> does("reserve"));
            throw new IOException("it dies");
        });
        store.heal(Request.RELEASE);
        ticker.elapse(ORDER.lease());
        effects.clear();
        events.forget();
    }

    private IdempotentWork<String> recovering(IdempotentWork<String> work) {
        IdempotencyRecord seen = record();
        return new IdempotentWork<>() {
            @Override
            public String run(Execution execution) throws Throwable {
                return work.run(execution);
            }

            @Override
            public @Nullable IdempotencyRecord recovers() {
                return seen;
            }
        };
    }

    @Test
    void whoeverEndsAnOpenExecutionUndoesNothingSoThatItsStepsDeclareNothing() throws Throwable {
        OpenExecution<String> open =
                (OpenExecution<String>) engine.open(ORDER, KEY, FINGERPRINT, execution -> Reconciliation.unknown());

        Throwable thrown = catchThrowable(
                () -> open.context().steps().run("reserve", () -> does("reserve"), () -> does("undo of reserve")));

        assertThat(thrown).isInstanceOf(IllegalStateException.class).hasMessageContaining("undoes nothing");
        assertThat(effects).isEmpty();
        open.release(null);
    }

    @Test
    void anExecutionThatOthersEndIsNotOpenedOnTheWayBack() {
        leaveCompensating(orderThatFails(new DeclinedException("no money")));

        Throwable thrown =
                catchThrowable(() -> engine.open(ORDER, KEY, FINGERPRINT, execution -> Reconciliation.notDone()));

        assertThat(thrown).isInstanceOf(IdempotencyOutcomeUnknownException.class);
        assertThat(Objects.requireNonNull(record()).isAbandoned()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void anUnprotectedOperationIsUndoneInThisProcessOnly(Way way) {
        Operation<String> unprotected =
                order().whenStoreFails(WhenStoreFails.RUN).build();
        store.fail(Request.CLAIM);

        Throwable thrown = thrownBy(way, unprotected, execution -> {
            execution.steps().run("reserve", () -> does("reserve"), () -> does("undo of reserve"));
            throw new DeclinedException("no money");
        });

        assertThat(thrown).isInstanceOf(DeclinedException.class).hasNoSuppressedExceptions();
        assertThat(effects).containsExactly("reserve", "undo of reserve");
        assertThat(store.count(Request.RECORD_STEP)).isZero();
        assertThat(record()).isNull();
    }

    @Test
    void namesOfUndosAreNotForSteps() {
        Throwable thrown = thrownBy(Way.BLOCKING, execution -> {
            Steps steps = execution.steps();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> steps.run("compensate:reserve", () -> does("this")))
                    .withMessageContaining("'compensate:'");
            assertThatIllegalArgumentException().isThrownBy(() -> steps.run(" ", () -> does("this"), () -> {}));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> steps.run("n".repeat(245), () -> does("this"), () -> {}));
            steps.run("n".repeat(244), () -> does("that"), () -> does("undo of that"));
            throw new DeclinedException("no money");
        });

        assertThat(thrown).hasNoSuppressedExceptions();
        assertThat(effects).containsExactly("that", "undo of that");
    }

    @Test
    void anUndoBeginsNoStep() {
        Throwable thrown = thrownBy(Way.BLOCKING, execution -> {
            Steps steps = execution.steps();
            steps.run("reserve", () -> does("reserve"), () -> steps.run("inner", () -> does("inner")));
            throw new DeclinedException("no money");
        });

        assertThat(thrown.getSuppressed()[0])
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("are being undone");
        assertThat(effects).containsExactly("reserve");

        Throwable again = thrownBy(Way.BLOCKING, execution -> {
            Steps steps = execution.steps();
            steps.run("reserve", () -> does("reserve"), () -> steps.run("inner", () -> does("inner")));
            throw new IOException("not yet");
        });
        assertThat(again.getSuppressed()[again.getSuppressed().length - 1]).isInstanceOf(IllegalStateException.class);
        assertThat(effects).containsExactly("reserve");
    }

    @Test
    void nothingIsUndoneWhileAStepStillRunsInAnotherThread() throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        CompletableFuture<Void> begun = new CompletableFuture<>();
        List<CompletableFuture<String>> left = new ArrayList<>();

        Throwable thrown = thrownBy(Way.BLOCKING, execution -> {
            Steps steps = execution.steps();
            steps.run("reserve", () -> does("reserve"), () -> does("undo of reserve"));
            left.add(CompletableFuture.supplyAsync(() -> steps.run("charge", String.class, () -> {
                begun.complete(null);
                return answer.join();
            })));
            begun.join();
            throw new DeclinedException("no money");
        });

        assertThat(thrown.getSuppressed()[0]).hasMessageContaining("[charge]").hasMessageContaining("other threads");
        assertThat(effects).containsExactly("reserve");
        assertThat(events.names()).endsWith("compensationFailed", "abandoned");
        answer.complete("late");
        assertThat(catchThrowable(() -> left.get(0).get())).isNull();
    }

    @Test
    void aKeyThatGoesBackwardIsNeverReleased() {
        leaveCompensating(orderThatFails(new DeclinedException("no money")));
        // The claim is answered so late that its lease is over.
        store.meet(Request.CLAIM, made -> {
            Object answer = made.get();
            ticker.elapse(ORDER.lease());
            return answer;
        });
        Throwable thrown = thrownBy(Way.BLOCKING, orderThatFails(new IOException("not yet")));

        assertThat(thrown).isInstanceOf(IdempotencyClaimLostException.class);
        assertThat(Objects.requireNonNull(record()).isAbandoned()).isTrue();
        store.heal(Request.CLAIM);

        events.forget();
        StageCall<String> unwanted = engine.executeAsync(ORDER, KEY, FINGERPRINT, new StageWork<>() {
            @Override
            public CompletionStage<String> begin(Execution execution) {
                // Cancelled after it began: how far it came is not known.
                return new CompletableFuture<>();
            }
        });
        Callers.until(() -> events.names().contains("claimed"));
        unwanted.cancel();
        Callers.until(() -> events.names().contains("abandoned"));
        assertThat(events.names()).doesNotContain("released");
        assertThat(steps()).contains("compensate:");
    }

    /** A transaction that waits to be ended. */
    private static final class Transaction implements EnclosingTransaction {

        private final List<PendingEnding> endings = new ArrayList<>();

        @Override
        public void enlist(PendingEnding ending) {
            endings.add(ending);
        }

        @Override
        public void flush() {}

        @Override
        public boolean isRollbackOnly() {
            return false;
        }
    }

    @Test
    void inACallersTransactionStepsAreUndoneAtOnceAndARollbackLeavesTheKeyCompensating() {
        Transaction transaction = new Transaction();
        IdempotentWork<String> work = new IdempotentWork<>() {
            @Override
            public String run(Execution execution) throws Throwable {
                return orderThatFails(new DeclinedException("no money")).run(execution);
            }

            @Override
            public EnclosingTransaction enclosingTransaction() {
                return transaction;
            }
        };

        Throwable thrown = thrownBy(Way.BLOCKING, work);

        assertThat(thrown).isInstanceOf(DeclinedException.class);
        assertThat(effects).isEqualTo(ALL);
        transaction.endings.get(0).rolledBack();
        assertThat(events.names()).endsWith("pending", "abandoned");

        Throwable again = thrownBy(Way.BLOCKING, orderThatFails(new IOException("not yet")));
        assertThat(again).isInstanceOf(DeclinedException.class);
        assertThat(effects).isEqualTo(ALL);
        assertThat(events.names()).endsWith("completed");
    }

    /** Keeps references, but to no value of steps. */
    private static final class Forgetful implements OutcomeCodec {

        private final ReferenceOutcomeCodec references = new ReferenceOutcomeCodec();

        @Override
        public void check(OutcomeType type) {}

        @Override
        public RecordedOutcome encode(Outcome outcome, OutcomeType type) {
            return outcome.equals(new Outcome.Value("reserved"))
                    ? new RecordedOutcome.NotReplayable("it is what it is")
                    : references.encode(outcome, type);
        }

        @Override
        public Outcome decode(RecordedOutcome recorded, OutcomeType type) {
            return references.decode(recorded, type);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aStepWhoseValueCannotBeReadAgainIsUndoneByItsOwnProcessOnly(Way way) {
        engine = engine(new Forgetful());
        IdempotentWork<String> work = execution -> {
            execution.steps().run("reserve", String.class, () -> "reserved", it -> does("undo of " + it));
            throw new DeclinedException("no money");
        };
        assertThat(thrownBy(way, work)).hasNoSuppressedExceptions();
        assertThat(effects).containsExactly("undo of reserved");
        assertThat(store.forget(KEY, Objects.requireNonNull(record()).fencingToken()))
                .isTrue();

        leaveCompensating(work);
        Throwable later = thrownBy(way, work);

        assertThat(later).isInstanceOf(DeclinedException.class);
        assertThat(later.getSuppressed()).hasAtLeastOneElementOfType(IdempotencyOutcomeException.class);
        assertThat(effects).isEmpty();
        assertThat(events.names()).endsWith("compensationFailed", "abandoned");
    }

    @Test
    void stepsAreUndoneOnADatabaseToo() throws Throwable {
        JdbcDataSource database = new JdbcDataSource();
        database.setUrl("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
        try (JdbcIdempotencyStore jdbc = JdbcIdempotencyStore.builder(database).build();
                IdempotencyEngine onDatabase = IdempotencyEngine.builder(jdbc)
                        .codec(JacksonOutcomeCodec.builder().build())
                        .listener(events)
                        .errorHandler(events)
                        .build()) {
            engine = onDatabase;
            broken.add("undo of charge after reserve");
            Throwable first = thrownBy(Way.BLOCKING, orderThatFails(new DeclinedException("no money")));
            assertThat(first).isInstanceOf(DeclinedException.class);
            assertThat(first.getSuppressed()).hasSize(1);
            broken.clear();
            effects.clear();

            Throwable again = thrownBy(Way.BLOCKING, orderThatFails(new IOException("not yet")));

            assertThat(again).isInstanceOf(DeclinedException.class).hasMessage("no money");
            assertThat(effects).containsExactly("undo of charge after reserve", "undo of reserve");
            assertThat(thrownBy(Way.BLOCKING, execution -> does("again")))
                    .isInstanceOf(DeclinedException.class)
                    .hasMessage("no money");
        }
    }
}
