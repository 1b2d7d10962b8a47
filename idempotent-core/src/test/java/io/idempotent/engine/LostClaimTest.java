package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.engine.TroubledStore.Request;
import io.idempotent.store.IdempotencyRecord;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** An owner whose lease ended while it ran, and what became of its key meanwhile. */
final class LostClaimTest {

    private static final Operation<String> PAY = Operation.builder("payment-service-pay", String.class)
            .recordFailures(List.of(IOException.class))
            .build();
    private static final IdempotencyKey KEY = PAY.key("4711");

    private final FakeTicker ticker = new FakeTicker();
    private final TroubledStore store = TroubledStore.on(ticker);
    private final RecordedEvents events = new RecordedEvents();
    private final IdempotencyEngine engine = engine(events);
    private final IdempotencyEngine otherNode = engine(new RecordedEvents());
    private final Callers callers = new Callers();

    private IdempotencyEngine engine(RecordedEvents told) {
        return IdempotencyEngine.builder(store)
                .ticker(ticker)
                .listener(told)
                .errorHandler(told)
                .build();
    }

    @AfterEach
    void close() {
        callers.close();
        engine.close();
        otherNode.close();
    }

    private RecordedOutcome recorded() {
        IdempotencyRecord record = store.find(KEY);
        return record == null ? null : record.outcome();
    }

    /** Calls on another thread, since this one holds the key, after the lease of this one ended. */
    private void takeOver(IdempotencyEngine node, IdempotentWork<String> work) {
        ticker.elapse(PAY.lease());
        Future<String> successor = callers.call(() -> {
            try {
                return node.execute(PAY, KEY, Fingerprint.ofContent("12.50"), work);
            } catch (Throwable failure) {
                throw Sneaky.raise(failure);
            }
        });
        Callers.until(successor::isDone);
    }

    private String call(IdempotentWork<String> work) throws Throwable {
        return engine.execute(PAY, KEY, Fingerprint.ofContent("12.50"), work);
    }

    @Test
    void aLateOwnerGetsTheOutcomeThatItsSuccessorRecorded() throws Throwable {
        for (IdempotencyEngine node : List.of(engine, otherNode)) {
            String result = call(execution -> {
                takeOver(node, successor -> "the successor's");
                return "late";
            });
            assertThat(result).isEqualTo("the successor's");
            assertThat(recorded()).isEqualTo(new RecordedOutcome.ByReference(new Outcome.Value("the successor's")));
            assertThat(call(execution -> "never")).isEqualTo("the successor's");
            store.forget(KEY, store.find(KEY).fencingToken());
        }
    }

    @Test
    void aLateOwnerGetsTheFailureThatItsSuccessorRecorded() {
        IOException declined = new IOException("declined");
        Throwable thrown = catchThrowable(() -> call(execution -> {
            takeOver(otherNode, successor -> {
                throw declined;
            });
            return "late";
        }));
        assertThat(thrown).isSameAs(declined);
    }

    @Test
    void theLossIsToldOnceAndTheLateOutcomeIsNotToldAsCompleted() throws Throwable {
        call(execution -> {
            takeOver(otherNode, successor -> "the successor's");
            return "late";
        });
        assertThat(events.names()).contains("leaseLost").doesNotContain("completed", "released");
        assertThat(events.named("leaseLost")).hasSize(1);
    }

    @Test
    void aLateOwnerWhoseSuccessorStillRunsIsToldThatItsClaimWasLost() throws Exception {
        Callers.Gate gate = new Callers.Gate();
        List<Long> token = new ArrayList<>();
        List<Future<String>> successor = new ArrayList<>();
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> call(execution -> {
                    token.add(execution.fencingToken());
                    ticker.elapse(PAY.lease());
                    successor.add(callers.call(() -> otherNode.execute(
                            PAY, "4711", Fingerprint.ofContent("12.50"), () -> gate.pass("the successor's"))));
                    gate.awaitEntered();
                    return "late";
                }))
                .withMessageContaining("the operation ran to its end, and its outcome was not recorded")
                .satisfies(lost -> {
                    assertThat(lost.key()).isEqualTo(KEY);
                    assertThat(lost.fencingToken()).isEqualTo(token.get(0));
                });
        gate.open();
        assertThat(Callers.get(successor.get(0))).isEqualTo("the successor's");
        assertThat(recorded()).isEqualTo(new RecordedOutcome.ByReference(new Outcome.Value("the successor's")));
    }

    @Test
    void aLateOwnerWhoseSuccessorReleasedTheKeyIsToldThatItsClaimWasLost() {
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> call(execution -> {
                    takeOver(otherNode, successor -> {
                        throw new IllegalStateException("released");
                    });
                    return "late";
                }));
        assertThat(recorded()).isNull();
    }

    @Test
    void aLateOwnerNeverGetsTheOutcomeOfAnotherRequest() {
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> call(execution -> {
                    takeOver(otherNode, successor -> {
                        throw new IllegalStateException("released");
                    });
                    Future<String> other = callers.call(() ->
                            otherNode.execute(PAY, "4711", Fingerprint.ofContent("13.50"), () -> "of another request"));
                    assertThat(Callers.get(other)).isEqualTo("of another request");
                    return "late";
                }));
    }

    @Test
    void aLateOwnerWhoseStoreDoesNotSayWhatWasRecordedIsToldBoth() {
        store.fail(Request.FIND);
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> call(execution -> {
                    takeOver(otherNode, successor -> "the successor's");
                    return "late";
                }))
                .satisfies(lost -> assertThat(lost.getSuppressed())
                        .singleElement()
                        .satisfies(suppressed -> assertThat(suppressed).hasMessage("The line is down")));
    }

    @Test
    void aLateOwnerThatWasInterruptedGetsItsSuccessorsOutcomeWithTheFlagRestored() throws Throwable {
        store.meet(Request.FIND, request -> {
            if (Thread.currentThread().isInterrupted()) {
                throw TroubledStore.failure();
            }
            return request.get();
        });
        assertThat(call(execution -> {
                    takeOver(otherNode, successor -> "the successor's");
                    Thread.currentThread().interrupt();
                    return "late";
                }))
                .isEqualTo("the successor's");
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void theFailureOfALateOwnerStaysItsCallers() throws Throwable {
        for (Exception failure : List.of(new IllegalStateException("not recorded"), new IOException("recorded"))) {
            Throwable thrown = catchThrowable(() -> call(execution -> {
                takeOver(otherNode, successor -> "the successor's");
                throw failure;
            }));
            assertThat(thrown).isSameAs(failure).hasNoSuppressedExceptions();
            assertThat(call(execution -> "never")).isEqualTo("the successor's");
            store.forget(KEY, store.find(KEY).fencingToken());
        }
        assertThat(events.names()).doesNotContain("completed", "released");
    }

    @Test
    void aLateOwnerThatWouldReleaseGivesItsResultAndLeavesTheKeyAlone() throws Throwable {
        String result = call(new IdempotentWork<>() {
            @Override
            public String run(Execution execution) {
                takeOver(otherNode, successor -> "the successor's");
                return "pending";
            }

            @Override
            public boolean releases(String pending) {
                return true;
            }
        });
        assertThat(result).isEqualTo("pending");
        assertThat(call(execution -> "never")).isEqualTo("the successor's");
    }

    @Test
    void anOwnerLearnsAtOnceThatItsKeyWasTakenOverInTheSameJvm() throws Throwable {
        call(execution -> {
            takeOver(engine, successor -> {
                // Even if the clock of this JVM could be turned back.
                assertThat(successor.leaseLost()).isFalse();
                return "the successor's";
            });
            assertThat(execution.leaseLost()).isTrue();
            assertThatExceptionOfType(IdempotencyClaimLostException.class)
                    .isThrownBy(execution::beginAttempt)
                    .withMessageContaining("attempt 1 was not begun");
            return "late";
        });
    }

    @Test
    void anOwnerThatHearsOfItsClaimAfterItsSuccessorDoesNotRunAndDisturbsNobody() throws Throwable {
        Callers.Gate answer = new Callers.Gate();
        store.meet(Request.CLAIM, request -> {
            store.heal(Request.CLAIM);
            return answer.pass(request.get());
        });
        Future<String> slow = callers.call(() -> engine.execute(PAY, "4711", Fingerprint.none(), () -> "never"));
        answer.awaitEntered();
        ticker.elapse(PAY.lease());
        String result = call(execution -> {
            answer.open();
            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(() -> Callers.get(slow))
                    .havingCause()
                    .isInstanceOf(IdempotencyClaimLostException.class)
                    .withMessageContaining("the operation was not begun");
            assertThat(execution.leaseLost()).isFalse();
            execution.beginAttempt();
            return "the successor's";
        });
        assertThat(result).isEqualTo("the successor's");
        assertThat(events.names()).containsOnlyOnce("claimed", "completed", "refused");
    }

    @Test
    void anOwnerThatHearsOfItsClaimAfterItsLeaseDoesNotRunAndGivesTheKeyBack() throws Throwable {
        store.meet(Request.CLAIM, request -> {
            store.heal(Request.CLAIM);
            Object answer = request.get();
            ticker.elapse(PAY.lease());
            return answer;
        });
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> call(execution -> "never"))
                .withMessageContaining("the operation was not begun");
        assertThat(store.find(KEY)).isNull();
        assertThat(events.named("refused")).hasSize(1);
        assertThat(call(execution -> "receipt")).isEqualTo("receipt");
    }

    @Test
    void anOwnerThatWasLateButNotTakenOverCompletes() throws Throwable {
        assertThat(call(execution -> {
                    ticker.elapse(PAY.lease().multipliedBy(3));
                    assertThat(execution.leaseLost()).isTrue();
                    return "late";
                }))
                .isEqualTo("late");
        assertThat(call(execution -> "never")).isEqualTo("late");
    }

    private record Seen(long token, int takeovers, Instant firstClaimedAt) {}

    @Test
    void tokensGrowAndTakeoversAreCountedFromTheFirstClaim() throws Throwable {
        List<Seen> seen = new ArrayList<>();
        IdempotentWork<String> third = execution -> {
            seen.add(seen());
            return "third";
        };
        IdempotentWork<String> second = execution -> {
            seen.add(seen());
            takeOver(engine, third);
            return "second";
        };
        String result = call(execution -> {
            seen.add(seen());
            takeOver(otherNode, second);
            return "first";
        });
        assertThat(result).isEqualTo("third");
        assertThat(seen).extracting(Seen::takeovers).containsExactly(0, 1, 2);
        assertThat(seen).extracting(Seen::token).isSorted().doesNotHaveDuplicates();
        assertThat(seen)
                .extracting(Seen::firstClaimedAt)
                .containsOnly(seen.get(0).firstClaimedAt());

        // A key that was given back begins anew, but its tokens do not.
        store.forget(KEY, store.find(KEY).fencingToken());
        call(execution -> {
            seen.add(seen());
            return "fourth";
        });
        assertThat(seen.get(3).takeovers()).isZero();
        assertThat(seen.get(3).token()).isGreaterThan(seen.get(2).token());
        assertThat(seen.get(3).firstClaimedAt()).isAfter(seen.get(0).firstClaimedAt());
    }

    private static Seen seen() {
        IdempotencyContext context = IdempotencyContext.current();
        return new Seen(context.fencingToken(), context.takeovers(), context.firstClaimedAt());
    }

    @Test
    void derivedIdentifiersAreTheSameForTheOwnerThatTakesOver() throws Throwable {
        List<Object> derived = new ArrayList<>();
        call(execution -> {
            derived.add(execution.uuid("receipt"));
            takeOver(otherNode, successor -> {
                derived.add(IdempotencyContext.current().uuid("receipt"));
                return "";
            });
            return "";
        });
        assertThat(derived).hasSize(2);
        assertThat(derived.get(0)).isEqualTo(derived.get(1));
    }
}
