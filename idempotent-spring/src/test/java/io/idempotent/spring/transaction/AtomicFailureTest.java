package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.idempotent.IdempotencyContext;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.transaction.AtomicApplication.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.transaction.UnexpectedRollbackException;
import org.springframework.transaction.interceptor.TransactionAspectSupport;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Atomic operations in transactions of their own, whose work, transaction or commit does not end as it should. */
@OnOneJdk("AtomicTest runs on both")
class AtomicFailureTest {

    private final List<AtomicApplication> applications = new ArrayList<>();

    static Stream<Kind> kinds() {
        return Kind.wanted();
    }

    private AtomicApplication start(Kind kind) {
        AtomicApplication application = new AtomicApplication(kind);
        applications.add(application);
        return application;
    }

    @AfterEach
    void close() {
        applications.forEach(AtomicApplication::close);
    }

    private static void fails(Throwable failure, ThrowingCallable call) {
        assertThat(catchThrowable(call)).isSameAs(failure).hasNoSuppressedExceptions();
    }

    /** Does this when the transaction has ended in this way. */
    private static void afterwards(int end, Runnable work) {
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCompletion(int status) {
                assertThat(status).isEqualTo(end);
                work.run();
            }
        });
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void whateverIsThrownIsTheCallersAndLeavesNothing(Kind kind) {
        AtomicApplication application = start(kind);
        IOException checked = new IOException("the line is down");
        application.payments.meanwhile(() -> {
            throw checked;
        });
        fails(checked, () -> application.payments.payOrFail("a"));
        IllegalStateException kept = new IllegalStateException("declined");
        application.payments.meanwhile(() -> {
            throw kept;
        });
        fails(kept, () -> application.payments.payKeeping("a"));
        fails(kept, () -> application.payments.pay("a", 1));
        Error error = new AssertionError("a fault");
        application.payments.meanwhile(() -> {
            throw error;
        });
        fails(error, () -> application.payments.payRetrying("a"));

        assertThat(application.payments.runs()).isEqualTo(4);
        assertThat(application.rows("a")).isZero();
        for (String operation : List.of("pay-or-fail", "pay-keeping", "pay", "pay-retrying")) {
            assertThat(application.record(operation, "a")).isNull();
        }
        assertThat(application.events())
                .containsExactly(
                        "claimed", "released", "claimed", "released", "claimed", "released", "claimed", "released");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aResultThatIsNotRecordedLeavesItsWorkAndTheKeyFree(Kind kind) {
        AtomicApplication application = start(kind);
        application.payments.meanwhile(() -> "unrecorded");
        assertThat(application.payments.payUnlessUnrecorded("a")).isEqualTo("unrecorded");
        assertThat(application.rows("a")).isEqualTo(1);
        assertThat(application.record("pay-unless-unrecorded", "a")).isNull();
        application.payments.meanwhile(null);
        assertThat(application.payments.payUnlessUnrecorded("a")).isEqualTo("a2");
        assertThat(application.payments.payUnlessUnrecorded("a")).isEqualTo("a2");
        assertThat(application.events()).containsExactly("claimed", "released", "claimed", "completed", "replayed");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void nothingAndNullAreOutcomes(Kind kind) {
        AtomicApplication application = start(kind);
        application.payments.meanwhile(() -> null);
        for (int calls = 0; calls < 2; calls++) {
            application.payments.payAndSayNothing("a");
            assertThat(application.payments.pay("a", 1)).isNull();
        }
        assertThat(application.payments.runs()).isEqualTo(2);
        assertThat(application.events())
                .containsExactly("claimed", "completed", "claimed", "completed", "replayed", "replayed");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aMethodThatUndoesItsOwnTransactionAndReturnsIsAnsweredAndNothingIsRecorded(Kind kind) {
        AtomicApplication application = start(kind);
        application.payments.meanwhile(() -> {
            TransactionAspectSupport.currentTransactionStatus().setRollbackOnly();
            return "undone";
        });
        assertThat(application.payments.payOrBeDeclined("a")).isEqualTo("undone");
        assertThat(application.rows("a")).isZero();
        assertThat(application.record("pay-or-be-declined", "a")).isNull();
        application.payments.meanwhile(null);
        assertThat(application.payments.payOrBeDeclined("a")).isEqualTo("a2");
        assertThat(application.events()).containsExactly("claimed", "released", "claimed", "completed");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void nobodyTakesForSuccessWhatReturnedThoughAPartOfItUndidTheTransaction(Kind kind) {
        AtomicApplication application = start(kind);
        application.payments.meanwhile(() -> {
            application.transaction.executeWithoutResult(status -> status.setRollbackOnly());
            return "undone";
        });
        assertThatExceptionOfType(UnexpectedRollbackException.class).isThrownBy(() -> application.payments.pay("b", 1));
        assertThatExceptionOfType(UnexpectedRollbackException.class)
                .isThrownBy(() -> application.payments.payOrBeDeclined("a"));
        assertThat(application.rows("a")).isZero();
        assertThat(application.record("pay-or-be-declined", "a")).isNull();
        application.payments.meanwhile(null);
        assertThat(application.payments.payOrBeDeclined("a")).isEqualTo("a3");
        assertThat(application.events())
                .containsExactly("claimed", "released", "claimed", "released", "claimed", "completed");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void anAttemptThatFindsTheOutcomeOfAnotherNodeReplaysIt(Kind kind) {
        AtomicApplication application = start(kind);
        application.payments.meanwhile(() -> {
            afterwards(
                    TransactionSynchronization.STATUS_ROLLED_BACK,
                    () -> application.answerFromElsewhere(() -> application.otherNode.payRetrying("a")));
            throw new TransientDataAccessResourceException("again");
        });
        assertThat(application.payments.payRetrying("a")).isEqualTo("a2");
        assertThat(application.rows("a")).isEqualTo(1);
        assertThat(application.events()).containsExactly("claimed", "claimed", "completed", "released", "replayed");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aFinalFailureIsNotRecordedWhereAnotherNodeHasTakenTheKey(Kind kind) {
        AtomicApplication application = start(kind);
        IllegalStateException declined = new IllegalStateException("declined");
        application.payments.meanwhile(() -> {
            afterwards(
                    TransactionSynchronization.STATUS_ROLLED_BACK,
                    () -> application.answerFromElsewhere(() -> application.otherNode.payOrBeDeclined("a")));
            throw declined;
        });
        fails(declined, () -> application.payments.payOrBeDeclined("a"));
        assertThat(application.payments.payOrBeDeclined("a")).isEqualTo("a2");
        assertThat(application.rows("a")).isEqualTo(1);
        assertThat(application.events()).containsExactly("claimed", "claimed", "completed", "released", "replayed");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aFinalFailureThatCannotBeRecordedIsTheCallersAndTheKeyIsFree(Kind kind) {
        AtomicApplication application = start(kind);
        IllegalStateException declined = new IllegalStateException("declined");
        application.payments.meanwhile(() -> {
            afterwards(TransactionSynchronization.STATUS_ROLLED_BACK, application.manager::refuse);
            throw declined;
        });
        assertThat(catchThrowable(() -> application.payments.payOrBeDeclined("a")))
                .isSameAs(declined)
                .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(1));
        assertThat(application.record("pay-or-be-declined", "a")).isNull();
        assertThat(application.events()).containsExactly("claimed", "released");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void whatFailsBeforeTheCommitKeepsEverythingFromIt(Kind kind) {
        AtomicApplication application = start(kind);
        IllegalStateException failure = new IllegalStateException("not like this");
        application.payments.meanwhile(() -> {
            TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                @Override
                public void beforeCommit(boolean readOnly) {
                    throw failure;
                }
            });
            return "undone";
        });
        fails(failure, () -> application.payments.pay("a", 1));
        assertThat(application.rows("a")).isZero();
        assertThat(application.record("pay", "a")).isNull();
        application.payments.meanwhile(null);
        assertThat(application.payments.pay("a", 1)).isEqualTo("a2");
        assertThat(application.events()).containsExactly("claimed", "released", "claimed", "completed");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void whatFailsAfterTheCommitIsTheCallersAndTheOutcomeStays(Kind kind) {
        AtomicApplication application = start(kind);
        List<RuntimeException> failures = List.of(
                new IllegalStateException("too late"), new UnexpectedRollbackException("of another transaction"));
        for (RuntimeException failure : failures) {
            application.payments.meanwhile(() -> {
                TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                    @Override
                    public void afterCommit() {
                        throw failure;
                    }
                });
                return "done";
            });
            String id = failure.getClass().getSimpleName();
            fails(failure, () -> application.payments.payOrBeDeclined(id));
            assertThat(application.payments.payOrBeDeclined(id)).isEqualTo("done");
            assertThat(application.rows(id)).isEqualTo(1);
            assertThat(application.events()).as(id).containsExactly("claimed", "completed", "replayed");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aCommitWhoseAnswerWasLostIsFoundToHaveTakenEffect(Kind kind) {
        for (boolean rollsBackAfterwards : new boolean[] {false, true}) {
            AtomicApplication application = start(kind);
            application.manager.loseAnswer();
            if (rollsBackAfterwards) {
                application.manager.rollBackAfterwards();
            }
            assertThat(application.payments.payRetrying("a")).isEqualTo("a1");
            assertThat(application.payments.payRetrying("a")).isEqualTo("a1");
            assertThat(application.rows("a")).isEqualTo(1);
            assertThat(application.events()).containsExactly("claimed", "completed", "replayed");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aCommitThatDidNotArriveIsFoundToHaveHadNoEffect(Kind kind) {
        for (boolean rollsBackAfterwards : new boolean[] {false, true}) {
            AtomicApplication application = start(kind);
            application.manager.loseRequest();
            if (rollsBackAfterwards) {
                application.manager.rollBackAfterwards();
            }
            assertThat(catchThrowable(() -> application.payments.pay("a", 1))).isNotNull();
            assertThat(application.rows("a")).isZero();
            assertThat(application.record("pay", "a")).isNull();
            assertThat(application.otherNode.pay("a", 1)).isEqualTo("a2");
            assertThat(application.events()).containsExactly("claimed", "released", "claimed", "completed");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void theCommitOfAnUnrecordedResultWhoseAnswerWasLostIsFoundToHaveTakenEffect(Kind kind) {
        AtomicApplication application = start(kind);
        application.manager.loseAnswer();
        application.payments.meanwhile(() -> "unrecorded");
        assertThat(application.payments.payUnlessUnrecorded("a")).isEqualTo("unrecorded");
        assertThat(application.rows("a")).isEqualTo(1);
        assertThat(application.events()).containsExactly("claimed", "released");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void theCommitOfAFinalFailureIsSettledLikeAnyOther(Kind kind) {
        AtomicApplication application = start(kind);
        application.manager.loseAnswer();
        IllegalStateException declined = new IllegalStateException("declined");
        application.payments.meanwhile(() -> {
            throw declined;
        });
        fails(declined, () -> application.payments.payOrBeDeclined("a"));
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> application.payments.payOrBeDeclined("a"))
                .withMessage("declined");
        assertThat(application.payments.runs()).isEqualTo(1);
        assertThat(application.events()).containsExactly("claimed", "completed", "replayed");

        AtomicApplication another = start(kind);
        another.manager.loseRequest();
        another.payments.meanwhile(() -> {
            throw declined;
        });
        assertThat(catchThrowable(() -> another.payments.payOrBeDeclined("a"))).isSameAs(declined);
        assertThat(declined.getSuppressed()).singleElement().isInstanceOf(TransactionSystemException.class);
        assertThat(another.record("pay-or-be-declined", "a")).isNull();
        assertThat(another.events()).containsExactly("claimed", "released");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void anAttemptOnWhichTheDatabaseDidNothingIsFollowedByOthers(Kind kind) {
        AtomicApplication application = start(kind);
        AtomicInteger attempts = new AtomicInteger();
        application.payments.meanwhile(() -> {
            attempts.set(IdempotencyContext.current().attempt());
            throw new TransientDataAccessResourceException("attempt " + attempts.get());
        });
        assertThatExceptionOfType(TransientDataAccessResourceException.class)
                .isThrownBy(() -> application.payments.payRetrying("a"))
                .withMessage("attempt 4")
                .satisfies(last -> assertThat(last.getSuppressed()).hasSize(3));
        assertThat(application.rows("a")).isZero();
        assertThat(application.events()).containsExactly("claimed", "released");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aNearCacheHasWhatIsCommittedAndNothingElse(Kind kind) {
        AtomicApplication application =
                new AtomicApplication(kind, 4, IdempotencySettings.of(Map.of("near-cache.maximum-size", "100")));
        applications.add(application);
        application.transaction.executeWithoutResult(status -> {
            assertThat(application.payments.pay("a", 1)).isEqualTo("a1");
            assertThat(application.payments.pay("a", 1)).isEqualTo("a1");
            status.setRollbackOnly();
        });
        assertThat(application.payments.pay("a", 1)).as("run again").isEqualTo("a2");
        assertThat(application.payments.pay("a", 1)).as("from the database").isEqualTo("a2");
        application.dropRecords();
        assertThat(application.payments.pay("a", 1)).as("from nearby").isEqualTo("a2");
        assertThat(application.transaction.<String>execute(status -> application.payments.pay("a", 1)))
                .isEqualTo("a2");
        assertThat(application.otherNode.pay("a", 1)).isEqualTo("a3");
    }
}
