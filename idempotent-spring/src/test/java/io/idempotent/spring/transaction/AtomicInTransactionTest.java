package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.transaction.AtomicApplication.Caller;
import io.idempotent.spring.transaction.AtomicApplication.Kind;
import io.idempotent.spring.transaction.AtomicApplication.Payments;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.UnexpectedRollbackException;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Atomic operations in transactions of their callers', on each kind of database. */
@OnOneJdk("AtomicTest runs on both")
class AtomicInTransactionTest {

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

    /** A payment that is under way until it is let end. */
    private static final class Begun {

        private final CountDownLatch mayEnd = new CountDownLatch(1);
        private final Caller<String> caller;

        Begun(AtomicApplication application, Payments node, String id) throws InterruptedException {
            CountDownLatch begun = new CountDownLatch(1);
            node.meanwhile(() -> {
                begun.countDown();
                if (!mayEnd.await(30, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("Nobody let it end");
                }
                return "done";
            });
            caller = application.elsewhere(() -> node.pay(id, 1));
            assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
            node.meanwhile(null);
        }

        String end() throws Exception {
            mayEnd.countDown();
            return caller.answer();
        }
    }

    private static void refused(Reason reason, ThrowingCallable call) {
        assertThatExceptionOfType(IdempotencyInProgressException.class)
                .isThrownBy(call)
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aCallIsOneAttemptHoweverManyAreConfigured(Kind kind) {
        AtomicApplication application = start(kind);
        application.payments.meanwhile(() -> {
            throw new TransientDataAccessResourceException("again");
        });
        assertThatExceptionOfType(TransientDataAccessResourceException.class)
                .isThrownBy(() -> application.transaction.execute(status -> application.payments.payRetrying("a")))
                .satisfies(failure -> assertThat(failure.getSuppressed()).isEmpty());
        assertThat(application.payments.runs()).isEqualTo(1);
        assertThat(application.rows("a")).isZero();
        assertThat(application.record("pay-retrying", "a")).isNull();
        assertThat(application.events()).containsExactly("claimed", "released");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void afterAFailureTheTransactionCanOnlyBeRolledBackWhateverItsCallerMakesOfIt(Kind kind) {
        AtomicApplication application = start(kind);
        List<Exception> failures = List.of(new IOException("the line is down"), new IllegalStateException("declined"));
        for (Exception failure : failures) {
            application.payments.meanwhile(() -> {
                throw failure;
            });
            assertThatExceptionOfType(UnexpectedRollbackException.class)
                    .isThrownBy(() -> application.transaction.executeWithoutResult(status -> {
                        application.pays("mine");
                        assertThatExceptionOfType(failure.getClass()).isThrownBy(() -> {
                            if (failure instanceof IOException) {
                                application.payments.payOrFail("a");
                            } else {
                                application.payments.payOrBeDeclined("a");
                            }
                        });
                        assertThat(status.isRollbackOnly()).isTrue();
                    }));
        }
        assertThat(application.rows("mine")).isZero();
        assertThat(application.rows("a")).isZero();
        assertThat(application.record("pay-or-fail", "a")).isNull();
        assertThat(application.record("pay-or-be-declined", "a"))
                .as("a final failure")
                .isNull();
        assertThat(application.events()).containsExactly("claimed", "released", "claimed", "released");
        application.payments.meanwhile(null);
        assertThat(application.payments.payOrBeDeclined("a")).isEqualTo("a3");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aTransactionThatIsReadOnlyIsNamedAsTheCauseAndGoesOn(Kind kind) {
        AtomicApplication application = start(kind);
        TransactionTemplate reading = new TransactionTemplate(application.manager);
        reading.setReadOnly(true);
        reading.executeWithoutResult(status -> {
            assertThatExceptionOfType(IdempotencyStoreException.class)
                    .isThrownBy(() -> application.payments.pay("a", 1))
                    .withMessageContaining(
                            "The caller's transaction is read-only, so that 'pay:a' cannot be claimed in it")
                    .withMessageContaining("Call the method in a transaction that writes");
            assertThat(application.rows("a")).isZero();
        });
        assertThat(application.payments.pay("a", 1)).isEqualTo("a1");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void afterAFailureTheTransactionCanOnlyBeRolledBackWhereSpringWouldLetItGoOn(Kind kind) {
        AtomicApplication application = start(kind);
        application.manager.setGlobalRollbackOnParticipationFailure(false);
        application.payments.meanwhile(() -> {
            throw new IllegalStateException("declined");
        });
        assertThatExceptionOfType(UnexpectedRollbackException.class)
                .isThrownBy(() -> application.transaction.executeWithoutResult(
                        status -> assertThatExceptionOfType(IllegalStateException.class)
                                .isThrownBy(() -> application.payments.pay("a", 1))));
        assertThat(application.rows("a")).isZero();
        application.payments.meanwhile(null);
        assertThat(application.payments.pay("a", 1)).isEqualTo("a2");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aRollbackToASavepointFreesTheKeyWhileTheTransactionGoesOn(Kind kind) {
        AtomicApplication application = start(kind);
        application.transaction.executeWithoutResult(status -> {
            application.pays("mine");
            Object savepoint = status.createSavepoint();
            assertThat(application.payments.pay("a", 1)).isEqualTo("a1");
            application.answerFromElsewhere(() -> {
                refused(Reason.NOT_WAITING, () -> application.payments.pay("a", 1));
                refused(Reason.NOT_WAITING, () -> application.otherNode.pay("a", 1));
                return "refused";
            });
            status.rollbackToSavepoint(savepoint);
            assertThat(application.answerFromElsewhere(() -> application.payments.pay("a", 1)))
                    .isEqualTo("a2");
        });
        assertThat(application.rows("mine")).isEqualTo(1);
        assertThat(application.rows("a")).isEqualTo(1);
        assertThat(application.otherNode.pay("a", 1)).isEqualTo("a2");
        assertThat(application.events())
                .containsExactly("claimed", "refused", "refused", "released", "claimed", "completed", "replayed");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aFailureInANestedTransactionIsUndoneWithThatAlone(Kind kind) {
        AtomicApplication application = start(kind);
        TransactionTemplate nested = application.propagation(TransactionDefinition.PROPAGATION_NESTED);
        application.transaction.executeWithoutResult(status -> {
            application.pays("mine");
            application.payments.meanwhile(() -> {
                throw new IllegalStateException("declined");
            });
            assertThatExceptionOfType(IllegalStateException.class)
                    .isThrownBy(() -> nested.execute(inner -> application.payments.pay("a", 1)));
            application.payments.meanwhile(null);
            assertThat(nested.<String>execute(inner -> application.payments.pay("a", 1)))
                    .isEqualTo("a2");
        });
        assertThat(application.rows("mine")).isEqualTo(1);
        assertThat(application.rows("a")).isEqualTo(1);
        assertThat(application.payments.pay("a", 1)).isEqualTo("a2");
        assertThat(application.events()).containsExactly("claimed", "released", "claimed", "completed", "replayed");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aDuplicateOfWhatRunsElsewhereIsRefusedAndItsTransactionGoesOn(Kind kind) throws Exception {
        AtomicApplication application = start(kind);
        for (Payments holder : List.of(application.payments, application.otherNode)) {
            String id = holder == application.payments ? "here" : "there";
            Begun first = new Begun(application, holder, id);
            application.transaction.executeWithoutResult(status -> {
                application.pays("mine");
                refused(Reason.NOT_WAITING, () -> application.payments.pay(id, 1));
                refused(Reason.WAITED, () -> application.payments.payImpatiently(id, 1));
                assertThat(status.isRollbackOnly()).isFalse();
                application.pays("mine");
                assertThat(application.payments.pay("another of " + id, 1)).isNotEqualTo("done");
            });
            assertThat(application.rows("mine")).isEqualTo(2);
            assertThat(application.rows("another of " + id)).isEqualTo(1);
            assertThat(first.end()).isEqualTo("done");
            assertThat(application.payments.pay(id, 1)).isEqualTo("done");
            assertThat(application.rows(id)).isEqualTo(1);
            application.rowsAreForgotten();
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aDuplicateWaitsInItsTransactionForTheOutcome(Kind kind) throws Exception {
        AtomicApplication application = start(kind);
        for (Payments holder : List.of(application.payments, application.otherNode)) {
            String id = holder == application.payments ? "here" : "there";
            Begun first = new Begun(application, holder, id);
            Caller<String> duplicate = application.elsewhere(
                    () -> application.transaction.execute(status -> application.payments.payWaiting(id, 1)));
            await().until(duplicate::isWaiting);
            assertThat(first.end()).isEqualTo("done");
            assertThat(duplicate.answer()).isEqualTo("done");
            assertThat(application.rows(id)).isEqualTo(1);
        }
        assertThat(application.payments.runs()).isEqualTo(2);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void whoeverWaitsForACallersTransactionRunsWhenThatIsRolledBack(Kind kind) throws Exception {
        AtomicApplication application = start(kind);
        for (Payments waiting : List.of(application.payments, application.otherNode)) {
            String id = waiting == application.payments ? "here" : "there";
            Caller<String> waiter = application.transaction.execute(status -> {
                assertThat(application.payments.pay(id, 1)).startsWith(id);
                Caller<String> begun = application.elsewhere(() -> waiting.payWaiting(id, 1));
                await().until(begun::isWaiting);
                status.setRollbackOnly();
                return begun;
            });
            assertThat(waiter.answer()).startsWith(id);
            assertThat(application.rows(id)).isEqualTo(1);
        }
        assertThat(application.payments.runs()).isEqualTo(4);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void whatIsCalledAfterTheEndOfATransactionHasOneOfItsOwn(Kind kind) {
        AtomicApplication application = start(kind);
        application.transaction.executeWithoutResult(status ->
                TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                    @Override
                    public void afterCommit() {
                        assertThat(application.payments.pay("after the commit", 1))
                                .isEqualTo("after the commit1");
                    }

                    @Override
                    public void afterCompletion(int status) {
                        assertThat(application.payments.pay("at the end", 1)).isEqualTo("at the end2");
                    }
                }));
        for (String id : List.of("after the commit", "at the end")) {
            assertThat(application.rows(id)).isOne();
            assertThat(application.record("pay", id)).isNotNull();
        }
        assertThat(application.events()).containsExactly("claimed", "completed", "claimed", "completed");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aDuplicateInTheSameTransactionIsReplayedIfItSaysTheSame(Kind kind) {
        AtomicApplication application = start(kind);
        application.transaction.executeWithoutResult(status -> {
            assertThat(application.payments.pay("a", 1)).isEqualTo("a1");
            assertThat(application.payments.payWaiting("a", 1)).isEqualTo("a1");
            assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                    .isThrownBy(() -> application.payments.pay("a", 2));
            assertThat(application.events())
                    .as("not completed before the commit")
                    .containsExactly("claimed", "replayed", "refused");
        });
        assertThat(application.rows("a")).isEqualTo(1);
        assertThat(application.events()).containsExactly("completed");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aCallWithTheKeyOfAnOuterTransactionOfItsOwnThreadNeverWaitsForIt(Kind kind) {
        AtomicApplication application = start(kind);
        TransactionTemplate apart = application.propagation(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        application.transaction.executeWithoutResult(status -> {
            assertThat(application.payments.pay("a", 1)).isEqualTo("a1");
            refused(Reason.REENTRANT, () -> apart.execute(inner -> application.payments.payWaiting("a", 1)));
        });
        application.payments.meanwhile(() -> apart.execute(inner -> application.payments.payWaiting("b", 1)));
        refused(Reason.REENTRANT, () -> application.payments.pay("b", 1));
        assertThat(application.rows("a")).isEqualTo(1);
        assertThat(application.rows("b")).isZero();
        assertThat(application.events())
                .containsExactly("claimed", "refused", "completed", "claimed", "refused", "released");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void anUnrecordedResultLeavesItsWorkToTheTransactionAndTheKeyFree(Kind kind) {
        AtomicApplication application = start(kind);
        application.payments.meanwhile(() -> "unrecorded");
        application.transaction.executeWithoutResult(status -> {
            assertThat(application.payments.payUnlessUnrecorded("a")).isEqualTo("unrecorded");
            assertThat(application.payments.payUnlessUnrecorded("a")).isEqualTo("unrecorded");
        });
        assertThat(application.rows("a")).isEqualTo(2);
        assertThat(application.record("pay-unless-unrecorded", "a")).isNull();
        application.payments.meanwhile(null);
        assertThat(application.otherNode.payUnlessUnrecorded("a")).isEqualTo("a3");
        assertThat(application.events())
                .containsExactly("claimed", "released", "claimed", "released", "claimed", "completed");
    }

    static Stream<Arguments> snapshots() {
        return Kind.wanted()
                .flatMap(kind -> Stream.of(
                                TransactionDefinition.ISOLATION_REPEATABLE_READ,
                                TransactionDefinition.ISOLATION_SERIALIZABLE)
                        .map(isolation -> Arguments.of(kind, isolation)));
    }

    @ParameterizedTest
    @MethodSource("snapshots")
    void aDuplicateThatWasCompletedAfterTheTransactionsSnapshotIsTransient(Kind kind, int isolation) {
        AtomicApplication application = start(kind);
        TransactionTemplate snapshot = application.transaction(isolation);
        // Its reads lock what is there now, so that nobody could write.
        boolean hasNone = kind == Kind.MARIADB && isolation == TransactionDefinition.ISOLATION_SERIALIZABLE;
        snapshot.executeWithoutResult(status -> {
            if (!hasNone) {
                application.readsRecords();
            }
            assertThat(application.answerFromElsewhere(() -> application.otherNode.pay("a", 1)))
                    .isEqualTo("a1");
            if (hasNone) {
                assertThat(application.payments.pay("a", 1)).isEqualTo("a1");
            } else {
                assertThatExceptionOfType(IdempotencyStoreException.class)
                        .isThrownBy(() -> application.payments.payWaiting("a", 1))
                        .satisfies(refusal -> assertThat(refusal.isTransient()).isTrue());
            }
            assertThat(status.isRollbackOnly()).isFalse();
            application.pays("mine");
        });
        assertThat(application.rows("mine")).isEqualTo(1);
        assertThat(snapshot.<String>execute(status -> application.payments.pay("a", 1)))
                .as("the transaction run again")
                .isEqualTo("a1");
        assertThat(application.rows("a")).isEqualTo(1);
        assertThat(application.payments.runs()).isEqualTo(1);
    }
}
