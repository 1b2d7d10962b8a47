package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.OnOneJdk;
import io.idempotent.RecordedOutcome;
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
import java.util.function.Supplier;
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
    void the_explorer_finds_a_completion_that_is_not_fenced() {
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
    void the_explorer_finds_a_release_by_anyone() {
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
    void the_explorer_finds_a_take_over_of_a_live_claim() {
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
    void the_explorer_finds_a_lease_that_ends_too_early() {
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
    void the_explorer_finds_a_renewal_that_is_granted_and_forgotten() {
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
    void the_explorer_finds_a_fencing_token_that_does_not_grow() {
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
    void the_explorer_finds_a_store_that_does_not_know_a_claim_again() {
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
    void the_explorer_finds_a_claim_that_is_asked_for_again_under_another_id() {
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
    void the_explorer_finds_a_completed_key_that_can_be_claimed() {
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
    void the_explorer_finds_an_outcome_that_does_not_stay() {
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
    void the_explorer_finds_a_take_over_of_what_nobody_may_take_over() {
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
    void the_explorer_finds_a_take_over_that_is_not_counted() {
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
    void the_explorer_finds_an_abandonment_that_frees_the_key() {
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
    void the_explorer_finds_a_take_over_by_another_request() {
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
    void the_explorer_finds_a_line_that_answers_for_a_store_that_is_away() {
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
    void the_explorer_finds_a_caller_that_runs_when_the_store_is_away() {
        finds(Promise.IN_DOUBT, two(WhenAbandoned.RUN_AGAIN).deep(4).calling((engine, operation, fingerprint, work) -> {
            Operation<String> failingOpen = Operation.builder("pay", String.class)
                    .lease(Scenario.LEASE)
                    .whenStoreFails(WhenStoreFails.RUN)
                    .build();
            return engine.execute(failingOpen, failingOpen.key("4711"), fingerprint, work);
        }));
    }

    @Test
    void the_explorer_finds_an_outcome_that_is_recorded_before_the_commit() {
        finds(
                Promise.TRANSACTION,
                two(WhenAbandoned.RUN_AGAIN)
                        .in(Transactions.RECORDING_TOO_EARLY)
                        .deep(2));
    }

    @Test
    void the_explorer_finds_a_transaction_that_nobody_follows() {
        finds(
                Promise.TRANSACTION,
                two(WhenAbandoned.RUN_AGAIN)
                        .in(Transactions.ELSEWHERE)
                        .deep(2)
                        .calling((engine, operation, fingerprint, work) -> engine.execute(
                                operation, operation.key("4711"), fingerprint, execution -> work.run(execution))));
    }

    @Test
    void the_explorer_finds_a_failure_of_the_library_in_place_of_the_users() {
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
    void the_explorer_finds_a_lease_that_never_ends() {
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
    void the_explorer_finds_work_that_is_done_twice_under_one_claim() {
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
    void the_explorer_finds_a_take_over_that_is_not_told_of_steps() {
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
    void the_explorer_finds_a_step_that_is_said_to_be_recorded_and_is_not() {
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
    void the_explorer_finds_a_step_whose_begin_is_not_kept() {
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
    void the_explorer_finds_a_step_of_a_claim_that_was_taken_over() {
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
    void the_explorer_finds_a_release_that_drops_steps() {
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
    void the_explorer_finds_a_step_that_runs_at_most_once_and_is_run_as_any_other() {
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
}
