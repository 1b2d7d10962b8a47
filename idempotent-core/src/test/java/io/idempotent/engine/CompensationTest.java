package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.Reconciliation;
import io.idempotent.Steps;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.ReferenceOutcomeCodec;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedStep;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
    private static final Fingerprint FINGERPRINT = Fingerprint.ofContent("two books");

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
        Set<String> names = new java.util.TreeSet<>();
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
}
