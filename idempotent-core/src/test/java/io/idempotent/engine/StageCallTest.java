package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.Reconciliation;
import io.idempotent.RecordedOutcome;
import io.idempotent.codec.OutcomeCodec;
import io.idempotent.codec.OutcomeType;
import io.idempotent.codec.ReferenceOutcomeCodec;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How calls end, in one table: those that a thread waits for, and those that none waits for. */
final class StageCallTest {

    private static final String NAME = "payment-service-pay";
    private static final IdempotencyKey KEY = pay().build().key("4711");
    private static final Fingerprint FINGERPRINT = Fingerprint.ofContent("12.50");

    private final FakeTicker ticker = new FakeTicker();
    private final CaffeineIdempotencyStore caffeine =
            CaffeineIdempotencyStore.builder().ticker(ticker).build();
    private final TroubledStore store = new TroubledStore(caffeine);
    private final RecordedEvents events = new RecordedEvents();
    private final Callers callers = new Callers();
    private final List<IdempotencyEngine> engines = new ArrayList<>();
    private final IdempotencyEngine otherNode = engine(store, new RecordedEvents(), builder -> {});

    private IdempotencyEngine engine(
            IdempotencyStore on, RecordedEvents told, Consumer<IdempotencyEngine.Builder> setting) {
        IdempotencyEngine.Builder builder = IdempotencyEngine.builder(on)
                .ticker(ticker)
                .listener(told)
                .errorHandler(told)
                .codec(new NotAll())
                .pacing(new NoPauses());
        setting.accept(builder);
        IdempotencyEngine made = builder.build();
        engines.add(made);
        return made;
    }

    @AfterEach
    void close() {
        callers.close();
        engines.forEach(IdempotencyEngine::close);
    }

    /** Pauses take no time, since the clock is the test's. */
    private static final class NoPauses implements Pacing {

        @Override
        public void park(long nanos) {}

        @Override
        public void sleep(long nanos) {}

        @Override
        public CompletableFuture<@Nullable Void> timer(long nanos) {
            return CompletableFuture.completedFuture(null);
        }
    }

    /** Keeps references, but to one value. */
    private static final class NotAll implements OutcomeCodec {

        private final ReferenceOutcomeCodec references = new ReferenceOutcomeCodec();

        @Override
        public void check(OutcomeType type) {}

        @Override
        public RecordedOutcome encode(Outcome outcome, OutcomeType type) {
            return outcome.equals(new Outcome.Value("unencodable"))
                    ? new RecordedOutcome.NotReplayable("it is what it is")
                    : references.encode(outcome, type);
        }

        @Override
        public Outcome decode(RecordedOutcome recorded, OutcomeType type) {
            return references.decode(recorded, type);
        }
    }

    /** What a call does that gets the key. */
    private record Work(IdempotentWork<String> body, boolean releases, ExecutionReconciler<String> reconciler) {}

    /** How a call is made. */
    private enum Way {
        EXECUTE {
            @Override
            String call(IdempotencyEngine engine, Operation<String> operation, Fingerprint fingerprint, Work work)
                    throws Throwable {
                return engine.execute(operation, KEY, fingerprint, new IdempotentWork<>() {
                    @Override
                    public String run(Execution execution) throws Throwable {
                        return work.body().run(execution);
                    }

                    @Override
                    public boolean releases(String result) {
                        return work.releases();
                    }

                    @Override
                    public Reconciliation<String> reconcile(Execution execution) throws Throwable {
                        return work.reconciler().reconcile(execution);
                    }
                });
            }
        },
        STAGE {
            @Override
            CompletionStage<String> begin(Execution execution, Work work) {
                return ended(execution, work);
            }
        },
        STAGE_OF_ANOTHER_THREAD {
            @Override
            CompletionStage<String> begin(Execution execution, Work work) {
                return CompletableFuture.supplyAsync(() -> execution).thenCompose(begun -> {
                    IdempotencyContext before = IdempotencyContext.bind(begun);
                    try {
                        return ended(begun, work);
                    } finally {
                        IdempotencyContext.bind(before);
                    }
                });
            }
        };

        CompletionStage<String> begin(Execution execution, Work work) {
            throw new UnsupportedOperationException();
        }

        String call(IdempotencyEngine engine, Operation<String> operation, Fingerprint fingerprint, Work work)
                throws Throwable {
            StageCall<String> call = engine.executeAsync(operation, KEY, fingerprint, new StageWork<>() {
                @Override
                public CompletionStage<String> begin(Execution execution) {
                    return Way.this.begin(execution, work);
                }

                @Override
                public boolean releases(String result) {
                    return work.releases();
                }

                @Override
                public Reconciliation<String> reconcile(Execution execution) throws Throwable {
                    return work.reconciler().reconcile(execution);
                }
            });
            try {
                return Callers.get(call.future());
            } catch (ExecutionException failed) {
                throw failed.getCause();
            }
        }

        private static CompletableFuture<String> ended(Execution execution, Work work) {
            try {
                assertThat(IdempotencyContext.current()).isSameAs(execution);
                return CompletableFuture.completedFuture(work.body().run(execution));
            } catch (Throwable failure) {
                return CompletableFuture.failedFuture(failure);
            }
        }
    }

    /** One row of the table, and what it is about to be. */
    private static final class Row {

        private final String name;
        private Consumer<Operation.Builder<String>> operation = builder -> {};
        private Consumer<IdempotencyEngine.Builder> engine = builder -> {};
        private Step given = (test, way) -> {};
        private Body body = (test, way, execution) -> "paid";
        private boolean releases;
        private ExecutionReconciler<String> reconciler = execution -> Reconciliation.unknown();
        private Fingerprint fingerprint = FINGERPRINT;
        private boolean nearby;
        private String answer = "";
        private String events = "";
        private String left = "";
        private String next = "";

        interface Step {
            void take(StageCallTest test, Way way) throws Throwable;
        }

        interface Body {
            @Nullable
            String run(StageCallTest test, Way way, Execution execution) throws Throwable;
        }

        private Row(String name) {
            this.name = name;
        }

        /** What the operation says. */
        Row of(Consumer<Operation.Builder<String>> setting) {
            operation = setting;
            return this;
        }

        Row by(Consumer<IdempotencyEngine.Builder> setting) {
            engine = setting;
            return this;
        }

        /** What happens before. */
        Row given(Step step) {
            given = step;
            return this;
        }

        /** What the work does. */
        Row does(Body work) {
            body = work;
            return this;
        }

        Row fails(Supplier<Throwable> failure) {
            return does((test, way, execution) -> {
                throw failure.get();
            });
        }

        Row releasing() {
            releases = true;
            return this;
        }

        Row finding(ExecutionReconciler<String> answers) {
            reconciler = answers;
            return this;
        }

        Row saying(String content) {
            fingerprint = Fingerprint.ofContent(content);
            return this;
        }

        Row nearby() {
            nearby = true;
            return this;
        }

        Row answers(String expected) {
            answer = expected;
            return this;
        }

        Row tells(String expected) {
            events = expected;
            return this;
        }

        /** What the store has of the key then, and what the next call gets, whose lease would be over. */
        Row leaves(String record, String nextAnswer) {
            left = record;
            next = nextAnswer;
            return this;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Row row(String name) {
        return new Row(name);
    }

    private static Operation.Builder<String> pay() {
        return Operation.builder(NAME, String.class);
    }

    private static Consumer<Operation.Builder<String>> abandoned(WhenAbandoned policy) {
        return builder -> builder.whenAbandoned(policy);
    }

    private Claim claimByHand(Duration lease) {
        return ((ClaimResult.Claimed)
                        caffeine.claim(new ClaimRequest(KEY, UUID.randomUUID(), FINGERPRINT, lease, false)))
                .claim();
    }

    private static void abandonedBefore(StageCallTest test, Way way) {
        assertThat(test.caffeine.abandon(test.claimByHand(Duration.ofSeconds(30))))
                .isTrue();
    }

    /** Another node takes the key while the lease of whoever runs is over. */
    private void takeOver(IdempotentWork<String> work) {
        ticker.elapse(Duration.ofSeconds(30));
        Future<String> successor = callers.call(() -> {
            try {
                return otherNode.execute(pay().build(), KEY, FINGERPRINT, work);
            } catch (Throwable failure) {
                throw Sneaky.raise(failure);
            }
        });
        Callers.until(successor::isDone);
    }

    private static final String REPLAYABLE = "claimed completed";

    private static List<Row> table() {
        Duration lease = Duration.ofSeconds(30);
        return List.of(
                // What the work ends by.
                row("value").answers("paid").tells(REPLAYABLE).leaves("completed", "paid"),
                row("null")
                        .does((test, way, execution) -> null)
                        .answers("null")
                        .tells(REPLAYABLE)
                        .leaves("completed", "null"),
                row("failure")
                        .fails(() -> new IllegalStateException("declined"))
                        .answers("IllegalStateException: declined")
                        .tells("claimed released")
                        .leaves("free", "again"),
                row("error")
                        .fails(() -> new AssertionError("bug"))
                        .answers("AssertionError: bug")
                        .tells("claimed released")
                        .leaves("free", "again"),
                row("recorded failure")
                        .of(builder -> builder.recordFailures(List.of(IOException.class)))
                        .fails(() -> new IOException("declined"))
                        .answers("IOException: declined")
                        .tells(REPLAYABLE)
                        .leaves("completed", "IOException: declined"),
                row("failure after which nobody knows")
                        .of(builder -> builder.unknownOn(List.of(SocketTimeoutException.class))
                                .whenAbandoned(WhenAbandoned.REFUSE))
                        .fails(() -> new IllegalStateException("late", new SocketTimeoutException()))
                        .answers("IllegalStateException: late")
                        .tells("claimed abandoned")
                        .leaves("abandoned", "IdempotencyOutcomeUnknownException"),
                row("result not to be recorded")
                        .releasing()
                        .answers("paid")
                        .tells("claimed released")
                        .leaves("free", "again"),
                row("result that cannot be encoded")
                        .does((test, way, execution) -> "unencodable")
                        .answers("unencodable")
                        .tells("claimed notReplayable completed")
                        .leaves("completed", "IdempotencyOutcomeException"),
                row("result that the store refuses")
                        .given((test, way) -> test.store.meet(Request.COMPLETE, request -> {
                            if (test.store.count(Request.COMPLETE) == 1) {
                                throw IdempotencyStoreException.refusal("no", KEY, new IOException("too large"));
                            }
                            return request.get();
                        }))
                        .answers("paid")
                        .tells("claimed notReplayable completed")
                        .leaves("completed", "IdempotencyOutcomeException"),
                // What was recorded before.
                row("replay")
                        .given((test, way) -> test.recordByHand("first"))
                        .answers("first")
                        .tells("replayed")
                        .leaves("completed", "first"),
                row("replay from memory")
                        .nearby()
                        .given((test, way) -> test.recordByHand("first"))
                        .answers("first")
                        .tells("replayed")
                        .leaves("completed", "first"),
                row("key reused")
                        .given((test, way) -> test.recordByHand("first"))
                        .saying("13")
                        .answers("IdempotencyKeyReusedException")
                        .tells("refused")
                        .leaves("completed", "first"),
                // Another is at it.
                row("in progress")
                        .given((test, way) -> test.claimByHand(lease))
                        .answers("NOT_WAITING")
                        .tells("refused")
                        .leaves("in progress", "again"),
                row("key reused while in progress")
                        .given((test, way) -> test.claimByHand(lease))
                        .saying("13")
                        .answers("IdempotencyKeyReusedException")
                        .tells("refused")
                        .leaves("in progress", "again"),
                row("waits and replays")
                        .of(builder -> builder.waitAtMost(Duration.ofHours(1)))
                        .given((test, way) -> {
                            Claim other = test.claimByHand(lease);
                            test.atClaim(3, () -> test.complete(other, "the other's"));
                        })
                        .answers("the other's")
                        .tells("waiting replayed")
                        .leaves("completed", "the other's"),
                row("waits and runs")
                        .of(builder -> builder.waitAtMost(Duration.ofHours(1)))
                        .given((test, way) -> {
                            Claim other = test.claimByHand(lease);
                            test.atClaim(3, () -> test.caffeine.release(other));
                        })
                        .answers("paid")
                        .tells("waiting claimed completed")
                        .leaves("completed", "paid"),
                row("waits and takes over")
                        .of(builder -> builder.waitAtMost(Duration.ofHours(1)))
                        .given((test, way) -> {
                            var unused = test.claimByHand(lease);
                            test.store.meet(Request.CLAIM, request -> {
                                Object answer = request.get();
                                if (test.store.count(Request.CLAIM) == 2) {
                                    test.ticker.elapse(lease);
                                }
                                return answer;
                            });
                        })
                        .does((test, way, execution) -> "takeover " + execution.takeovers())
                        .answers("takeover 1")
                        .tells("waiting claimed completed")
                        .leaves("completed", "takeover 1"),
                row("waits, and the store fails")
                        .of(builder -> builder.waitAtMost(Duration.ofHours(1)).whenStoreFails(WhenStoreFails.RUN))
                        .given((test, way) -> {
                            var unused = test.claimByHand(lease);
                            test.atClaim(3, () -> {
                                throw TroubledStore.lastingFailure();
                            });
                        })
                        .answers("IdempotencyStoreException")
                        .tells("waiting refused")
                        .leaves("in progress", "again"),
                row("waits for one who says something else in the end")
                        .of(builder -> builder.waitAtMost(Duration.ofHours(1)))
                        .given((test, way) -> {
                            Claim other = test.claimByHand(lease);
                            test.atClaim(3, () -> {
                                test.caffeine.release(other);
                                test.recordByHand("first", Fingerprint.ofContent("13"));
                            });
                        })
                        .answers("IdempotencyKeyReusedException")
                        .tells("waiting refused")
                        .leaves("completed", "IdempotencyKeyReusedException"),
                row("waited in vain")
                        .of(builder -> builder.waitAtMost(Duration.ofMillis(20)))
                        .given((test, way) -> {
                            var unused = test.claimByHand(lease);
                            test.atClaim(3, () -> test.ticker.elapse(Duration.ofMillis(20)));
                        })
                        .answers("WAITED")
                        .tells("waiting refused")
                        .leaves("in progress", "again"),
                row("too many wait")
                        .of(builder -> builder.waitAtMost(Duration.ofHours(1)))
                        .by(builder -> builder.maxWaiters(0))
                        .given((test, way) -> test.claimByHand(lease))
                        .answers("TOO_MANY_WAITERS")
                        .tells("refused")
                        .leaves("in progress", "again"),
                row("call within itself")
                        .of(builder -> builder.waitAtMost(Duration.ofHours(1)))
                        .does((test, way, execution) -> test.answer(way, test.lastOperation, FINGERPRINT, test.again()))
                        .answers("REENTRANT")
                        .tells("claimed refused completed")
                        .leaves("completed", "REENTRANT"),
                // Another was at it.
                row("abandoned, to run again")
                        .given(StageCallTest::abandonedBefore)
                        .does((test, way, execution) -> "takeover " + execution.takeovers())
                        .answers("takeover 1")
                        .tells(REPLAYABLE)
                        .leaves("completed", "takeover 1"),
                row("abandoned, to be refused")
                        .of(abandoned(WhenAbandoned.REFUSE))
                        .given(StageCallTest::abandonedBefore)
                        .answers("IdempotencyOutcomeUnknownException")
                        .tells("refused")
                        .leaves("abandoned", "IdempotencyOutcomeUnknownException"),
                row("abandoned, and found done")
                        .of(abandoned(WhenAbandoned.RECONCILE))
                        .given(StageCallTest::abandonedBefore)
                        .finding(execution -> {
                            assertThat(IdempotencyContext.current()).isSameAs(execution);
                            return Reconciliation.completed("found");
                        })
                        .answers("found")
                        .tells("claimed reconciled completed")
                        .leaves("completed", "found"),
                row("abandoned with a step, and found done")
                        .of(abandoned(WhenAbandoned.RECONCILE))
                        .given((test, way) -> {
                            Claim other = test.claimByHand(lease);
                            test.recordStep(other, "charge");
                            test.caffeine.abandon(other);
                        })
                        .finding(execution -> Reconciliation.completed("found"))
                        .answers("found")
                        .tells("claimed reconciled completed")
                        .leaves("completed", "found"),
                row("abandoned, and found not done")
                        .of(abandoned(WhenAbandoned.RECONCILE))
                        .given(StageCallTest::abandonedBefore)
                        .finding(execution -> Reconciliation.notDone())
                        .answers("paid")
                        .tells("claimed reconciled completed")
                        .leaves("completed", "paid"),
                row("abandoned, and nobody can tell")
                        .of(abandoned(WhenAbandoned.RECONCILE))
                        .given(StageCallTest::abandonedBefore)
                        .answers("IdempotencyOutcomeUnknownException")
                        .tells("claimed reconciled refused abandoned")
                        .leaves("abandoned", "IdempotencyOutcomeUnknownException"),
                row("abandoned, and the reconciler fails")
                        .of(abandoned(WhenAbandoned.RECONCILE))
                        .given(StageCallTest::abandonedBefore)
                        .finding(execution -> {
                            throw new IOException("down");
                        })
                        .answers("IdempotencyOutcomeUnknownException")
                        .tells("claimed reconciled refused abandoned")
                        .leaves("abandoned", "IdempotencyOutcomeUnknownException"),
                // Steps.
                row("steps")
                        .does((test, way, execution) -> execution.steps().run("charge", () -> "charged"))
                        .answers("charged")
                        .tells("claimed stepRecorded completed")
                        .leaves("completed", "charged"),
                row("steps of an earlier claim, not asked for")
                        .given((test, way) -> {
                            Claim other = test.claimByHand(lease);
                            test.recordStep(other, "charge");
                            test.caffeine.abandon(other);
                        })
                        .answers("paid")
                        .tells("claimed stepsLeftOver completed")
                        .leaves("completed", "paid"),
                row("steps that the store does not hear of before the key is released")
                        .by(builder -> builder.completionTimeout(Duration.ZERO))
                        .given((test, way) -> test.store.fail(Request.RECORD_STEP, 1))
                        .does((test, way, execution) -> {
                            execution.steps().run("charge", () -> "charged");
                            throw new IllegalStateException("declined");
                        })
                        .answers("IllegalStateException: declined")
                        .tells("claimed stepNotRecorded released")
                        .leaves("in progress", "again"),
                // The store.
                row("store down at the claim")
                        .given((test, way) -> test.store.fail(Request.CLAIM, 2))
                        .answers("IdempotencyStoreException")
                        .tells("refused")
                        .leaves("free", "again"),
                row("store down at the claim, to run all the same")
                        .of(builder -> builder.whenStoreFails(WhenStoreFails.RUN))
                        .given((test, way) -> test.store.fail(Request.CLAIM, 2))
                        .answers("paid")
                        .tells("unprotected")
                        .leaves("free", "again"),
                row("store down at the claim, to run all the same, and the work fails")
                        .of(builder -> builder.whenStoreFails(WhenStoreFails.RUN))
                        .given((test, way) -> test.store.fail(Request.CLAIM, 2))
                        .fails(() -> new IllegalStateException("declined"))
                        .answers("IllegalStateException: declined")
                        .tells("unprotected")
                        .leaves("free", "again"),
                row("answer to the claim lost")
                        .given((test, way) -> test.store.loseAnswers(Request.CLAIM, 1))
                        .answers("paid")
                        .tells(REPLAYABLE)
                        .leaves("completed", "paid"),
                row("store down for a while at the end")
                        .given((test, way) -> test.store.fail(Request.COMPLETE, 3))
                        .answers("paid")
                        .tells(REPLAYABLE)
                        .leaves("completed", "paid"),
                row("answer to the completion lost")
                        .given((test, way) -> test.store.loseAnswers(Request.COMPLETE, 1))
                        .answers("paid")
                        .tells(REPLAYABLE)
                        .leaves("completed", "paid"),
                row("store down to the end")
                        .given((test, way) -> test.store.meet(Request.COMPLETE, request -> {
                            test.ticker.elapse(Duration.ofSeconds(4));
                            throw TroubledStore.failure();
                        }))
                        .answers("paid")
                        .tells("claimed completionFailed")
                        .leaves("in progress", "again"),
                row("store down to the end of a failure")
                        .by(builder -> builder.completionTimeout(Duration.ZERO))
                        .given((test, way) -> test.store.fail(Request.RELEASE))
                        .fails(() -> new IllegalStateException("declined"))
                        .answers("IllegalStateException: declined (IdempotencyStoreException)")
                        .tells("claimed completionFailed")
                        .leaves("in progress", "again"),
                row("error of the store at the end")
                        .by(builder -> builder.completionTimeout(Duration.ZERO))
                        .given((test, way) -> test.store.meet(Request.COMPLETE, request -> {
                            throw new NoClassDefFoundError("a driver");
                        }))
                        .answers("paid")
                        .tells("claimed completionFailed")
                        .leaves("in progress", "again"),
                // The claim.
                row("claim lost to one who has ended")
                        .does((test, way, execution) -> {
                            test.takeOver(successor -> "the successor's");
                            return "late";
                        })
                        .answers("the successor's")
                        .tells("claimed leaseLost")
                        .leaves("completed", "the successor's"),
                row("claim lost, and nothing recorded")
                        .does((test, way, execution) -> {
                            test.ticker.elapse(lease);
                            var unused = test.callers.call(() ->
                                    test.otherNode.execute(pay().build(), KEY.value(), FINGERPRINT, () -> "unseen"));
                            Callers.until(unused::isDone);
                            test.caffeine.forget(KEY, test.caffeine.find(KEY).fencingToken());
                            return "late";
                        })
                        .answers("IdempotencyClaimLostException")
                        .tells("claimed leaseLost")
                        .leaves("free", "again"),
                row("claim lost, and the successor cannot be asked for")
                        .given((test, way) -> test.store.fail(Request.FIND))
                        .does((test, way, execution) -> {
                            test.takeOver(successor -> "the successor's");
                            return "late";
                        })
                        .answers("IdempotencyClaimLostException (IdempotencyStoreException)")
                        .tells("claimed leaseLost")
                        .leaves("completed", "the successor's"),
                row("claim lost with a result not to be recorded")
                        .releasing()
                        .does((test, way, execution) -> {
                            test.takeOver(successor -> "the successor's");
                            return "late";
                        })
                        .answers("late")
                        .tells("claimed leaseLost")
                        .leaves("completed", "the successor's"),
                row("claim lost with a failure")
                        .does((test, way, execution) -> {
                            test.takeOver(successor -> "the successor's");
                            throw new IllegalStateException("declined");
                        })
                        .answers("IllegalStateException: declined")
                        .tells("claimed leaseLost")
                        .leaves("completed", "the successor's"),
                row("lease over before the claim is answered")
                        .given((test, way) -> test.atClaim(1, () -> test.ticker.elapse(lease)))
                        .answers("IdempotencyClaimLostException")
                        .tells("refused")
                        .leaves("free", "again"),
                // The engine.
                row("engine closed")
                        .given((test, way) -> test.engine.close())
                        .answers("IllegalStateException: The engine is closed; '" + KEY + "' was not run")
                        .leaves("free", "IllegalStateException: The engine is closed; '" + KEY + "' was not run"),
                row("engine closed during the claim")
                        .given((test, way) -> test.atClaim(1, () -> test.engine.close()))
                        .answers("IllegalStateException: The engine is closed; '" + KEY + "' was not run")
                        .leaves("free", "IllegalStateException: The engine is closed; '" + KEY + "' was not run"));
    }

    private @Nullable IdempotencyEngine engine;
    private @Nullable Operation<String> lastOperation;

    private void recordByHand(String value) {
        recordByHand(value, FINGERPRINT);
    }

    private void recordByHand(String value, Fingerprint fingerprint) {
        ClaimRequest request = new ClaimRequest(KEY, UUID.randomUUID(), fingerprint, Duration.ofSeconds(30), false);
        complete(((ClaimResult.Claimed) caffeine.claim(request)).claim(), value);
    }

    private void complete(Claim claim, String value) {
        RecordedOutcome outcome = new RecordedOutcome.ByReference(new Outcome.Value(value));
        assertThat(caffeine.complete(claim, outcome, Duration.ofDays(1))).isTrue();
    }

    private void recordStep(Claim claim, String name) {
        RecordedOutcome outcome = new RecordedOutcome.ByReference(new Outcome.Value(name));
        assertThat(caffeine.recordStep(claim, new RecordedStep(name, outcome))).isTrue();
    }

    /** Something happens once, as a claim arrives at the store. */
    private void atClaim(int number, Runnable event) {
        store.meet(Request.CLAIM, request -> {
            if (store.count(Request.CLAIM) == number) {
                event.run();
            }
            return request.get();
        });
    }

    private Work again() {
        return new Work(execution -> "again", false, execution -> Reconciliation.unknown());
    }

    private String answer(Way way, Operation<String> operation, Fingerprint fingerprint, Work work) {
        try {
            return String.valueOf(way.call(engine, operation, fingerprint, work));
        } catch (IdempotencyInProgressException refusal) {
            return refusal.reason().name();
        } catch (Throwable thrown) {
            String name = thrown.getClass().getSimpleName();
            String ours = Stream.of(thrown.getSuppressed())
                    .map(each -> " (" + each.getClass().getSimpleName() + ")")
                    .reduce("", String::concat);
            return (thrown instanceof IdempotencyException ? name : name + ": " + thrown.getMessage()) + ours;
        }
    }

    private String left() {
        IdempotencyRecord record = caffeine.find(KEY);
        if (record == null) {
            return "free";
        }
        if (record.outcome() != null) {
            return "completed";
        }
        return record.isAbandoned() ? "abandoned" : "in progress";
    }

    private static Stream<Arguments> rowsInEachWay() {
        return table().stream().flatMap(row -> Stream.of(Way.values()).map(way -> Arguments.of(row, way)));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("rowsInEachWay")
    void everyCallEndsAsTheTableSays(Row row, Way way) throws Throwable {
        Operation.Builder<String> builder = pay();
        row.operation.accept(builder);
        Operation<String> operation = builder.build();
        lastOperation = operation;
        engine = engine(row.nearby ? caffeine : store, events, row.engine);
        row.given.take(this, way);
        Work work = new Work(execution -> row.body.run(this, way, execution), row.releases, row.reconciler);

        assertThat(answer(way, operation, row.fingerprint, work)).as("answer").isEqualTo(row.answer);
        assertThat(String.join(" ", events.names())).as("events").isEqualTo(row.events);
        assertThat(left()).as("record").isEqualTo(row.left);
        assertThat(IdempotencyContext.currentOrNull()).isNull();

        for (Request request : Request.values()) {
            store.heal(request);
        }
        if (row.left.equals("in progress")) {
            ticker.elapse(operation.lease());
        }
        assertThat(answer(way, operation, FINGERPRINT, again()))
                .as("next answer")
                .isEqualTo(row.next);
        assertThat(events.errors()).isEmpty();
    }
}
