package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.OnOneJdk;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.Steps;
import io.idempotent.engine.Promises.Promise;
import io.idempotent.engine.Scenario.Transactions;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.ReferenceStore;
import io.idempotent.store.RenewalResult;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The explorer finds what is planted: one fault of a store, of the line to it, of a transaction or of a caller at a
 * time.
 */
@OnOneJdk("it tests what the tests run on")
final class ExplorerTest {

    private static Scenario two(WhenAbandoned policy) {
        return Scenario.impatient(policy).on(0, 1);
    }

    private static Scenario twoOn(Supplier<ReferenceStore> store) {
        return two(WhenAbandoned.RUN_AGAIN).at(store);
    }

    private static Scenario twoInSteps() {
        return two(WhenAbandoned.RUN_AGAIN).inSteps();
    }

    private static void finds(Promise promise, Scenario scenario) {
        Explorer.Report report = Explorer.explore(scenario);
        System.out.println("The explorer finds: " + report.told());
        assertThat(report.brokenPromise()).as(report.told()).isEqualTo(promise);
    }

    @Test
    void theExplorerFindsACompletionThatIsNotFenced() {
        finds(
                Promise.ONE_OWNER,
                twoOn(() -> new ReferenceStore() {
                            @Override
                            public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
                                return locked(() -> {
                                    Row row = row(claim.key());
                                    if (row != null && row.outcome == null) {
                                        record(row, outcome, retention);
                                    }
                                    return row != null;
                                });
                            }
                        })
                        .deep(4));
    }

    @Test
    void theExplorerFindsAReleaseByAnyone() {
        finds(
                Promise.ONE_OWNER,
                twoOn(() -> new ReferenceStore() {
                            @Override
                            public boolean release(Claim claim) {
                                return locked(() -> rows.remove(claim.key()) != null);
                            }
                        })
                        .deep(4));
    }

    @Test
    void theExplorerFindsATakeOverOfALiveClaim() {
        finds(
                Promise.ONE_OWNER,
                twoOn(() -> new ReferenceStore() {
                            @Override
                            protected boolean isLeaseOver(Row row) {
                                return true;
                            }
                        })
                        .deep(2));
    }

    @Test
    void theExplorerFindsALeaseThatEndsTooEarly() {
        finds(
                Promise.ONE_OWNER,
                twoOn(() -> new ReferenceStore() {
                            @Override
                            protected boolean isLeaseOver(Row row) {
                                return !now.isBefore(row.leaseEndsAt.minus(Scenario.TICK));
                            }
                        })
                        .deep(3));
    }

    @Test
    void theExplorerFindsARenewalThatIsGrantedAndForgotten() {
        finds(
                Promise.ONE_OWNER,
                twoOn(() -> new ReferenceStore() {
                            @Override
                            public RenewalResult renew(Collection<Claim> claims, Duration lease) {
                                return RenewalResult.of(new LinkedHashSet<>(claims));
                            }
                        })
                        .deep(4));
    }

    @Test
    void theExplorerFindsAFencingTokenThatDoesNotGrow() {
        finds(
                Promise.ONE_OWNER,
                twoOn(() -> new ReferenceStore() {
                            @Override
                            protected long nextToken(Row previous) {
                                return 1;
                            }
                        })
                        .deep(2));
    }

    @Test
    void theExplorerFindsAStoreThatDoesNotKnowAClaimAgain() {
        finds(
                Promise.ONE_OWNER,
                twoOn(() -> new ReferenceStore() {
                            @Override
                            protected ClaimResult repeated(Row row, ClaimRequest request) {
                                return inProgress(row);
                            }
                        })
                        .deep(2));
    }

    @Test
    void theExplorerFindsAClaimThatIsAskedForAgainUnderAnotherId() {
        finds(
                Promise.ONE_OWNER,
                two(WhenAbandoned.RUN_AGAIN).deep(2).over(store -> new ForwardingIdempotencyStore(store) {
                    @Override
                    public ClaimResult claim(ClaimRequest request) {
                        return super.claim(new ClaimRequest(
                                request.key(),
                                UUID.randomUUID(),
                                request.fingerprint(),
                                request.lease(),
                                request.mayTakeOver()));
                    }
                }));
    }

    @Test
    void theExplorerFindsACompletedKeyThatCanBeClaimed() {
        finds(
                Promise.REPLAY,
                twoOn(() -> new ReferenceStore() {
                            @Override
                            public ClaimResult claim(ClaimRequest request) {
                                Row row = row(request.key());
                                return row != null && row.outcome != null ? claimFree(request) : super.claim(request);
                            }
                        })
                        .deep(0));
    }

    @Test
    void theExplorerFindsAnOutcomeThatDoesNotStay() {
        finds(
                Promise.REPLAY,
                twoOn(() -> new ReferenceStore() {
                            @Override
                            protected boolean isExpired(Row row) {
                                return !now.isBefore(row.completedAt.plus(Scenario.TICK));
                            }
                        })
                        .deep(1));
    }

    @Test
    void theExplorerFindsATakeOverOfWhatNobodyMayTakeOver() {
        finds(
                Promise.CRASH,
                two(WhenAbandoned.REFUSE)
                        .at(() -> new ReferenceStore() {
                            @Override
                            protected boolean mayTakeOver(Row row, ClaimRequest request) {
                                return true;
                            }
                        })
                        .deep(2));
    }

    @Test
    void theExplorerFindsATakeOverThatIsNotCounted() {
        finds(
                Promise.CRASH,
                two(WhenAbandoned.RECONCILE)
                        .at(() -> new ReferenceStore() {
                            @Override
                            protected void takeOver(Row row, ClaimRequest request) {
                                super.takeOver(row, request);
                                row.takeovers = 0;
                            }
                        })
                        .deep(2));
    }

    @Test
    void theExplorerFindsAnAbandonmentThatFreesTheKey() {
        for (WhenAbandoned policy : new WhenAbandoned[] {WhenAbandoned.RECONCILE, WhenAbandoned.REFUSE}) {
            finds(
                    Promise.CRASH,
                    two(policy)
                            .at(() -> new ReferenceStore() {
                                @Override
                                public boolean abandon(Claim claim) {
                                    return release(claim);
                                }
                            })
                            .deep(2));
        }
    }

    @Test
    void theExplorerFindsATakeOverByAnotherRequest() {
        finds(
                Promise.IN_DOUBT,
                Scenario.impatient(WhenAbandoned.RUN_AGAIN)
                        .on(0)
                        .withAnotherRequestOn(1)
                        .at(() -> new ReferenceStore() {
                            @Override
                            protected boolean mayTakeOver(Row row, ClaimRequest request) {
                                return request.mayTakeOver();
                            }
                        })
                        .deep(4));
    }

    @Test
    void theExplorerFindsALineThatAnswersForAStoreThatIsAway() {
        finds(
                Promise.IN_DOUBT,
                two(WhenAbandoned.RUN_AGAIN).deep(2).over(store -> new ForwardingIdempotencyStore(store) {
                    @Override
                    public ClaimResult claim(ClaimRequest request) {
                        try {
                            return super.claim(request);
                        } catch (IdempotencyStoreException away) {
                            Claim claim = new Claim(request.key(), request.claimId(), 1);
                            return new ClaimResult.Claimed(claim, Instant.EPOCH, 0);
                        }
                    }
                }));
    }

    @Test
    void theExplorerFindsACallerThatRunsWhenTheStoreIsAway() {
        finds(Promise.IN_DOUBT, two(WhenAbandoned.RUN_AGAIN).deep(4).calling((engine, operation, fingerprint, work) -> {
            Operation<String> failingOpen = Operation.builder("pay", String.class)
                    .lease(Scenario.LEASE)
                    .whenStoreFails(WhenStoreFails.RUN)
                    .build();
            return engine.execute(failingOpen, failingOpen.key("4711"), fingerprint, work);
        }));
    }

    @Test
    void theExplorerFindsAnOutcomeThatIsRecordedBeforeTheCommit() {
        finds(
                Promise.TRANSACTION,
                two(WhenAbandoned.RUN_AGAIN)
                        .in(Transactions.RECORDING_TOO_EARLY)
                        .deep(2));
    }

    @Test
    void theExplorerFindsATransactionThatNobodyFollows() {
        finds(
                Promise.TRANSACTION,
                two(WhenAbandoned.RUN_AGAIN)
                        .in(Transactions.ELSEWHERE)
                        .deep(2)
                        .calling((engine, operation, fingerprint, work) -> engine.execute(
                                operation, operation.key("4711"), fingerprint, execution -> work.run(execution))));
    }

    @Test
    void theExplorerFindsAFailureOfTheLibraryInPlaceOfTheUsers() {
        finds(
                Promise.EXCEPTION,
                two(WhenAbandoned.RUN_AGAIN)
                        .givingUpAtOnce()
                        .deep(4)
                        .calling((engine, operation, fingerprint, work) -> {
                            try {
                                return engine.execute(operation, operation.key("4711"), fingerprint, work);
                            } catch (Scenario.PlainException failure) {
                                throw failure.getSuppressed().length == 0 ? failure : failure.getSuppressed()[0];
                            }
                        }));
    }

    @Test
    void theExplorerFindsALeaseThatNeverEnds() {
        finds(
                Promise.NOT_STUCK,
                twoOn(() -> new ReferenceStore() {
                            @Override
                            protected boolean isLeaseOver(Row row) {
                                return false;
                            }
                        })
                        .deep(2));
    }

    @Test
    void theExplorerFindsWorkThatIsDoneTwiceUnderOneClaim() {
        finds(
                Promise.COUNT,
                two(WhenAbandoned.RUN_AGAIN)
                        .deep(0)
                        .calling((engine, operation, fingerprint, work) ->
                                engine.execute(operation, operation.key("4711"), fingerprint, execution -> {
                                    work.run(execution);
                                    return work.run(execution);
                                })));
    }

    @Test
    void theExplorerFindsATakeOverThatIsNotToldOfSteps() {
        finds(
                Promise.STEP,
                twoInSteps()
                        .over(store -> new ForwardingIdempotencyStore(store) {
                            @Override
                            public ClaimResult claim(ClaimRequest request) {
                                return super.claim(request) instanceof ClaimResult.Claimed claimed
                                        ? new ClaimResult.Claimed(
                                                claimed.claim(),
                                                claimed.firstClaimedAt(),
                                                claimed.takeovers(),
                                                List.of())
                                        : super.claim(request);
                            }
                        })
                        .deep(4));
    }

    @Test
    void theExplorerFindsAStepThatIsSaidToBeRecordedAndIsNot() {
        finds(
                Promise.STEP,
                twoInSteps()
                        .at(() -> new ReferenceStore() {
                            @Override
                            protected void record(Row row, RecordedStep step) {
                                if (step.outcome() == null) {
                                    super.record(row, step);
                                }
                            }
                        })
                        .deep(4));
    }

    @Test
    void theExplorerFindsAStepWhoseBeginIsNotKept() {
        finds(
                Promise.STEP,
                twoInSteps()
                        .at(() -> new ReferenceStore() {
                            @Override
                            protected void record(Row row, RecordedStep step) {
                                if (step.outcome() != null) {
                                    super.record(row, step);
                                }
                            }
                        })
                        .deep(4));
    }

    @Test
    void theExplorerFindsAStepOfAClaimThatWasTakenOver() {
        finds(
                Promise.ONE_OWNER,
                twoInSteps()
                        .at(() -> new ReferenceStore() {
                            @Override
                            public boolean recordStep(Claim claim, RecordedStep step) {
                                return locked(() -> {
                                    Row row = row(claim.key());
                                    if (row != null) {
                                        record(row, step);
                                    }
                                    return row != null;
                                });
                            }
                        })
                        .deep(4));
    }

    @Test
    void theExplorerFindsAReleaseThatDropsSteps() {
        finds(
                Promise.STEP,
                twoInSteps()
                        .at(() -> new ReferenceStore() {
                            @Override
                            public boolean release(Claim claim, Duration stepRetention) {
                                return release(claim);
                            }
                        })
                        .deep(4));
    }

    @Test
    void theExplorerFindsAStepThatRunsAtMostOnceAndIsRunAsAnyOther() {
        finds(
                Promise.STEP,
                twoInSteps()
                        .over(store -> new ForwardingIdempotencyStore(store) {
                            @Override
                            public boolean recordStep(Claim claim, RecordedStep step) {
                                return step.outcome() == null || super.recordStep(claim, step);
                            }
                        })
                        .deep(4));
    }

    private static Scenario twoCompensated() {
        return two(WhenAbandoned.RUN_AGAIN).compensated();
    }

    /** What was claimed, without some of its steps. */
    private static ClaimResult without(ClaimResult result, Predicate<RecordedStep> hidden) {
        return result instanceof ClaimResult.Claimed claimed
                ? new ClaimResult.Claimed(
                        claimed.claim(),
                        claimed.firstClaimedAt(),
                        claimed.takeovers(),
                        claimed.steps().stream().filter(hidden.negate()).toList())
                : result;
    }

    @Test
    void theExplorerFindsAClaimThatGoesForwardThoughStepsAreUndone() {
        finds(
                Promise.COMPENSATION,
                twoCompensated()
                        .over(store -> new ForwardingIdempotencyStore(store) {
                            @Override
                            public ClaimResult claim(ClaimRequest request) {
                                return without(
                                        super.claim(request),
                                        step -> step.name().equals(ExecutionSteps.COMPENSATE));
                            }
                        })
                        .deep(5));
    }

    @Test
    void theExplorerFindsAnUndoThatIsForgotten() {
        finds(
                Promise.COMPENSATION,
                twoCompensated()
                        .over(store -> new ForwardingIdempotencyStore(store) {
                            @Override
                            public ClaimResult claim(ClaimRequest request) {
                                return without(
                                        super.claim(request),
                                        step -> step.outcome() == null
                                                && step.name().endsWith(":charge"));
                            }
                        })
                        .deep(5));
    }

    @Test
    void theExplorerFindsUndosInTheWrongOrder() {
        finds(
                Promise.COMPENSATION,
                twoCompensated()
                        .deep(4)
                        .calling((engine, operation, fingerprint, work) ->
                                engine.execute(operation, operation.key("4711"), fingerprint, new IdempotentWork<>() {

                                    private Steps.@Nullable Action<?> first;

                                    @Override
                                    public String run(Execution execution) throws Throwable {
                                        return work.run(execution);
                                    }

                                    @Override
                                    public void undo(Execution execution, Steps.Action<?> undo) throws Throwable {
                                        if (first == null) {
                                            first = undo;
                                        } else {
                                            undo.run();
                                            first.run();
                                        }
                                    }
                                })));
    }

    @Test
    void theExplorerFindsAnUndoBeforeTheFailureIsRecorded() {
        finds(
                Promise.COMPENSATION,
                twoCompensated()
                        .over(store -> new ForwardingIdempotencyStore(store) {
                            @Override
                            public boolean recordStep(Claim claim, RecordedStep step) {
                                return step.name().equals(ExecutionSteps.COMPENSATE) || super.recordStep(claim, step);
                            }
                        })
                        .deep(4));
    }

    @Test
    void theExplorerFindsAFailureThatFreesTheKeyThoughStepsAreUndone() {
        finds(
                Promise.COMPENSATION,
                twoCompensated()
                        .over(store -> new ForwardingIdempotencyStore(store) {
                            @Override
                            public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
                                boolean failed = outcome instanceof RecordedOutcome.ByReference reference
                                        && reference.outcome() instanceof Outcome.Failure;
                                return failed
                                        ? super.release(claim, retention)
                                        : super.complete(claim, outcome, retention);
                            }
                        })
                        .deep(4));
    }

    @Test
    void theExplorerFindsUndosThatNobodyMakes() {
        finds(
                Promise.COMPENSATION,
                twoCompensated()
                        .deep(4)
                        .calling((engine, operation, fingerprint, work) ->
                                engine.execute(operation, operation.key("4711"), fingerprint, new IdempotentWork<>() {
                                    @Override
                                    public String run(Execution execution) throws Throwable {
                                        return work.run(execution);
                                    }

                                    @Override
                                    public void undo(Execution execution, Steps.Action<?> undo) {}
                                })));
    }
}
