package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.transaction.Application.Store;
import io.idempotent.spring.transaction.Application.TransactionsOutside;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.transaction.UnexpectedRollbackException;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Methods that throw, and what their own transactions make of it. */
@ExtendWith(OutputCaptureExtension.class)
class FailureInTransactionTest {

    private final List<Application> applications = new ArrayList<>();

    private Application start(Store store, Exception failure) {
        Application application = new Application(store);
        applications.add(application);
        application.payments.meanwhile(() -> {
            throw failure;
        });
        return application;
    }

    @AfterEach
    void close() {
        applications.forEach(Application::close);
    }

    private static void fails(Class<? extends Exception> failure, ThrowingCallable call) {
        assertThatExceptionOfType(failure)
                .isThrownBy(call)
                .satisfies(thrown -> assertThat(thrown.getSuppressed()).isEmpty());
    }

    // on which the method's own transaction commits

    @Test
    void aFailureOnWhichTheMethodsOwnTransactionCommitsAbandonsTheKeySinceItsWorkStands() throws Exception {
        for (Store store : Store.values()) {
            Application application = start(store, new IOException("timeout"));
            fails(IOException.class, () -> application.payments.joining("a"));
            assertThat(application.committed("a")).isOne();
            assertThat(application.state("joining", "a")).isEqualTo("abandoned");
            assertThat(application.events.drain()).containsExactly("claimed", "abandoned");
        }
        Application application = start(Store.IN_MEMORY, new IllegalStateException("timeout"));
        fails(IllegalStateException.class, () -> application.payments.keeping("a"));
        assertThat(application.committed("a")).isOne();
        assertThat(application.state("keeping", "a")).isEqualTo("abandoned");
    }

    @Test
    void whatAnEarlierAttemptCommittedIsNotForgottenWhenALaterOneIsRolledBack() throws Exception {
        Application application = start(Store.IN_MEMORY, new IOException("timeout"));
        application.payments.meanwhile(() -> {
            throw IdempotencyContext.current().attempt() == 1
                    ? new IOException("timeout")
                    : new IllegalStateException("declined");
        });
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> application.payments.retryingKeeping("a"));
        assertThat(application.committed("a")).isOne();
        assertThat(application.state("retrying-keeping", "a")).isEqualTo("abandoned");
    }

    @Test
    void aFailureThatIsRolledBackReleasesTheKey() throws Exception {
        Application application = start(Store.IN_MEMORY, new IOException("timeout"));
        fails(IOException.class, () -> application.payments.undoing("a"));
        assertThat(application.committed("a")).isZero();
        assertThat(application.state("undoing", "a")).isEqualTo("free");
        application.payments.meanwhile(() -> {
            throw new IllegalStateException("declined");
        });
        fails(IllegalStateException.class, () -> application.payments.joining("a"));
        assertThat(application.state("joining", "a")).isEqualTo("free");
        assertThat(application.events.drain()).containsExactly("claimed", "released", "claimed", "released");
    }

    @Test
    void aFailureOutsideOfAllTransactionsReleasesTheKey() throws Exception {
        Application application = start(Store.IN_MEMORY, new IOException("timeout"));
        fails(IOException.class, () -> application.payments.without("a"));
        fails(IOException.class, () -> application.payments.supporting("a"));
        assertThat(application.events.drain()).containsExactly("claimed", "released", "claimed", "released");
    }

    @Test
    void aFailureOnWhichAJoinedTransactionCommitsIsUnknownOnlyOnceItHasCommitted() throws Exception {
        for (Store store : Store.values()) {
            Application application = start(store, new IOException("timeout"));
            application.transaction.executeWithoutResult(status -> {
                fails(IOException.class, () -> application.payments.joining("a"));
                assertThat(application.events.drain()).containsExactly("claimed");
                // Its work stands in this transaction, so that another run would do it twice.
                assertThatExceptionOfType(IdempotencyInProgressException.class)
                        .isThrownBy(() -> application.payments.joining("a"));
            });
            assertThat(application.committed("a")).isOne();
            assertThat(application.state("joining", "a")).isEqualTo("abandoned");
            assertThat(application.events.drain()).containsExactly("abandoned");

            application.transaction.executeWithoutResult(status -> {
                fails(IOException.class, () -> application.payments.joining("b"));
                fails(IOException.class, () -> application.payments.supporting("b"));
                status.setRollbackOnly();
            });
            assertThat(application.state("joining", "b")).isEqualTo("free");
            assertThat(application.state("supporting", "b")).isEqualTo("free");
            assertThat(application.events.drain()).containsExactly("claimed", "claimed", "released", "released");
        }
    }

    @Test
    void aFailureOnWhichATransactionApartFromItsCallersCommitsIsUnknownAtOnce() throws Exception {
        Application application = start(Store.IN_MEMORY, new IOException("timeout"));
        application.transaction.executeWithoutResult(status -> {
            fails(IOException.class, () -> application.payments.apart("a"));
            assertThat(application.events.drain()).containsExactly("claimed", "abandoned");
            status.setRollbackOnly();
        });
        assertThat(application.committed("a")).isOne();
        assertThat(application.state("apart", "a")).isEqualTo("abandoned");
    }

    @Test
    void aRecordedFailureFollowsTheTransactionThatItsMethodJoinedLikeAnyOutcome() throws Exception {
        for (Store store : Store.values()) {
            Application application = start(store, new IOException("declined"));
            application.transaction.executeWithoutResult(status -> {
                fails(IOException.class, () -> application.payments.recording("a"));
                assertThat(application.events.drain()).containsExactly("claimed");
                application.payments.meanwhile(null);
                assertThatExceptionOfType(IOException.class)
                        .as("in the same transaction")
                        .isThrownBy(() -> application.payments.recording("a"))
                        .withMessage("declined");
                assertThat(application.events.drain()).containsExactly("replayed");
                status.setRollbackOnly();
            });
            assertThat(application.events.drain()).containsExactly("released");
            assertThat(application.state("recording", "a")).isEqualTo("free");
            assertThat(application.payments.recording("a")).isEqualTo("receipt 2");

            application.payments.meanwhile(() -> {
                throw new IOException("declined");
            });
            application.events.drain();
            application.transaction.executeWithoutResult(
                    status -> fails(IOException.class, () -> application.payments.recording("b")));
            assertThat(application.events.drain()).containsExactly("claimed", "completed");
            application.payments.meanwhile(null);
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> application.payments.recording("b"))
                    .withMessage("declined");
            assertThat(application.committed("b")).isOne();
        }
    }

    @Test
    void aRecordedFailureThatUndoesTheTransactionThatItsMethodJoinedIsNotRecorded() throws Exception {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE, new IllegalStateException("declined"));
        assertThatExceptionOfType(UnexpectedRollbackException.class)
                .isThrownBy(() -> application.transaction.executeWithoutResult(status ->
                        fails(IllegalStateException.class, () -> application.payments.recordingAndUndoing("a"))));
        assertThat(application.state("recording-and-undoing", "a")).isEqualTo("free");
        assertThat(application.events.drain()).containsExactly("claimed", "released");
        fails(IllegalStateException.class, () -> application.payments.recordingAndUndoing("a"));
        assertThat(application.state("recording-and-undoing", "a")).as("alone").isEqualTo("completed");
    }

    @Test
    void aCommitOfTheMethodsOwnWhoseAnswerWasLostAbandonsTheKeyAndNeverFreesIt() throws Exception {
        Application application = start(Store.IN_MEMORY, new IOException("never thrown"));
        application.payments.meanwhile(null);
        application.transactionManager.loseAnswer();
        fails(TransactionSystemException.class, () -> application.payments.joining("a"));
        assertThat(application.committed("a")).isOne();
        assertThat(application.state("joining", "a")).isEqualTo("abandoned");
    }

    // caught by the caller

    @Test
    void aJoinedTransactionThatFailedCannotCommitAndTheKeyIsFree() throws Exception {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE, new IllegalStateException("declined"));
        assertThatExceptionOfType(UnexpectedRollbackException.class)
                .isThrownBy(() -> application.transaction.executeWithoutResult(status -> {
                    fails(IllegalStateException.class, () -> application.payments.joining("a"));
                    application.payments.meanwhile(null);
                    assertThat(application.payments.bare("b", 1)).isEqualTo("receipt 2");
                }));
        assertThat(application.committed("a")).isZero();
        assertThat(application.committed("b")).isZero();
        assertThat(application.state("joining", "a")).isEqualTo("free");
        assertThat(application.state("bare", "b")).isEqualTo("free");
    }

    // retries

    @Test
    void aCallersTransactionThatCanOnlyBeRolledBackIsNotAttemptedInAgain() {
        Application application = start(Store.IN_MEMORY, new TransientDataAccessResourceException("try again"));
        fails(TransientDataAccessResourceException.class, () -> application.payments.retryingJoining("alone"));
        assertThat(application.payments.runs()).isEqualTo(3);
        assertThatExceptionOfType(UnexpectedRollbackException.class)
                .isThrownBy(() -> application.transaction.executeWithoutResult(status -> fails(
                        TransientDataAccessResourceException.class, () -> application.payments.retryingJoining("a"))));
        assertThat(application.payments.runs()).isEqualTo(4);
    }

    @Test
    void aCallersTransactionThatCanStillCommitIsAttemptedInAgain() throws Exception {
        Application application = start(Store.IN_MEMORY, new IOException("never thrown"));
        application.payments.meanwhile(() -> {
            application.payments.meanwhile(null);
            throw new TransientDataAccessResourceException("try again");
        });
        application.transaction.executeWithoutResult(
                status -> assertThat(application.payments.retryingBare("a")).isEqualTo("receipt 2"));

        assertThat(application.state("retrying-bare", "a")).isEqualTo("completed");
    }

    // transactions outside of the advice

    @Test
    void whereTransactionAdviceStandsOutsideTheMethodsOwnTransactionIsFollowed() throws Exception {
        Application application = new Application(Store.ON_THE_SAME_DATA_SOURCE, TransactionsOutside.class);
        applications.add(application);
        application.transactionManager.loseRequest();
        for (String method : List.of("joining", "apart")) {
            assertThatExceptionOfType(TransactionSystemException.class).isThrownBy(() -> call(application, method));
            assertThat(application.committed("a")).isZero();
            assertThat(application.state(method, "a")).isEqualTo("abandoned");
        }
        assertThat(((StoreOnDataSource) application.store).completedOn()).isEqualTo(2);
    }

    private static String call(Application application, String method) throws IOException {
        return method.equals("apart") ? application.payments.apart("a") : application.payments.joining("a");
    }

    // at startup

    static class Declaring {

        @Idempotent(key = "#id")
        @Transactional
        public String told(String id) throws IOException {
            return id;
        }

        @Idempotent(key = "#id", recordFailures = IOException.class)
        @Transactional
        public String recorded(String id) throws EOFException {
            return id;
        }

        @Idempotent(key = "#id")
        @Transactional(rollbackFor = Exception.class)
        public String rolledBack(String id) throws IOException {
            return id;
        }

        @Idempotent(key = "#id")
        @Transactional
        public String unchecked(String id) throws IllegalStateException {
            return id;
        }

        @Idempotent(key = "#id")
        @Transactional(propagation = Propagation.NOT_SUPPORTED)
        public String without(String id) throws IOException {
            return id;
        }

        @Idempotent(key = "#id")
        public String bare(String id) throws IOException {
            return id;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableTransactionManagement
    static class Enabled {}

    @Test
    void aMethodThatCommitsOnAFailureItDoesNotRecordIsToldAtStartupAndWhatToDo(CapturedOutput output) {
        new ApplicationContextRunner()
                .withUserConfiguration(Enabled.class)
                .withBean(Declaring.class)
                .run(context -> assertThat(context).hasNotFailed());
        assertThat(output.getAll())
                .containsOnlyOnce("commits its transaction when it throws")
                .contains(Declaring.class.getName() + ".told(String) commits its transaction when it throws"
                        + " java.io.IOException")
                .contains("@Transactional(rollbackFor = IOException.class)")
                .contains("@Idempotent(recordFailures = IOException.class)");
    }
}
