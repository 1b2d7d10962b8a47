package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.transaction.AtomicApplication.Caller;
import io.idempotent.spring.transaction.AtomicApplication.Kind;
import io.idempotent.store.IdempotencyRecord;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/** Atomic operations in transactions of their own, on each kind of database. */
class AtomicTest {

    static Stream<Kind> kinds() {
        return Kind.wanted();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void recordAndWorkAreCommittedTogetherAndReplayed(Kind kind) {
        try (AtomicApplication application = new AtomicApplication(kind)) {
            assertThat(application.payments.pay("a", 1)).isEqualTo("a1");
            assertThat(application.payments.pay("a", 1)).isEqualTo("a1");
            assertThat(application.rows("a")).isEqualTo(1);
            assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                    .isThrownBy(() -> application.payments.pay("a", 2));
            assertThat(application.events()).containsExactly("claimed", "completed", "replayed", "refused");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void nothingIsLeftOfWhatFailed(Kind kind) {
        try (AtomicApplication application = new AtomicApplication(kind)) {
            application.payments.meanwhile(() -> {
                throw new IOException("the line is down");
            });
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> application.payments.payOrFail("a"));
            assertThat(application.rows("a")).isZero();
            assertThat(application.record("pay-or-fail", "a")).isNull();
            application.payments.meanwhile(null);
            assertThat(application.rows("a")).isZero();
            assertThat(application.events()).containsExactly("claimed", "released");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void anotherRunsWhileTheTransactionOfTheFirstIsSuspended(Kind kind) throws Exception {
        try (AtomicApplication application = new AtomicApplication(kind)) {
            TransactionTemplate suspending = new TransactionTemplate(application.manager);
            suspending.setPropagationBehavior(TransactionDefinition.PROPAGATION_NOT_SUPPORTED);
            application.payments.meanwhile(() -> {
                application.payments.meanwhile(null);
                return suspending.execute(status -> application.payments.pay("inner", 1));
            });
            assertThat(application.payments.payOrFail("outer")).isEqualTo("inner2");
            assertThat(application.rows("outer")).isEqualTo(1);
            assertThat(application.rows("inner")).isEqualTo(1);
            assertThat(application.payments.payOrFail("outer")).isEqualTo("inner2");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aFinalFailureIsRecordedAfterItsWorkWasRolledBack(Kind kind) {
        try (AtomicApplication application = new AtomicApplication(kind)) {
            application.payments.meanwhile(() -> {
                throw new IllegalStateException("declined");
            });
            for (int calls = 0; calls < 3; calls++) {
                assertThatExceptionOfType(IllegalStateException.class)
                        .isThrownBy(() -> application.payments.payOrBeDeclined("a"))
                        .withMessage("declined");
            }
            assertThat(application.payments.runs()).isEqualTo(1);
            assertThat(application.rows("a")).isZero();
            assertThat(application.events()).containsExactly("claimed", "completed", "replayed", "replayed");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void eachAttemptHasATransactionOfItsOwn(Kind kind) {
        try (AtomicApplication application = new AtomicApplication(kind)) {
            application.payments.meanwhile(() -> {
                assertThat(application.rowsSeenHere("a")).isEqualTo(1);
                int attempt = IdempotencyContext.current().attempt();
                if (attempt < 3) {
                    throw new TransientDataAccessResourceException("again");
                }
                return "attempt " + attempt;
            });
            assertThat(application.payments.payRetrying("a")).isEqualTo("attempt 3");
            assertThat(application.payments.payRetrying("a")).isEqualTo("attempt 3");
            assertThat(application.rows("a")).isEqualTo(1);
            assertThat(application.events()).containsExactly("claimed", "completed", "replayed");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aDuplicateIsRefusedOrWaitsWhileTheFirstRuns(Kind kind) throws Exception {
        try (AtomicApplication application = new AtomicApplication(kind)) {
            CountDownLatch running = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            application.payments.meanwhile(() -> {
                running.countDown();
                goOn.await();
                return "done";
            });
            Caller<String> first = application.elsewhere(() -> application.payments.pay("a", 1));
            running.await();
            assertThatExceptionOfType(IdempotencyInProgressException.class)
                    .isThrownBy(() -> application.payments.pay("a", 1))
                    .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.NOT_WAITING));
            assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                    .isThrownBy(() -> application.payments.pay("a", 2));
            assertThatExceptionOfType(IdempotencyInProgressException.class)
                    .as("on another node")
                    .isThrownBy(() -> application.otherNode.pay("a", 1))
                    .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.NOT_WAITING));
            goOn.countDown();
            assertThat(first.answer()).isEqualTo("done");
            assertThat(application.otherNode.pay("a", 1)).isEqualTo("done");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void whoeverHasWaitedAndRunsTakesNoPlaceOfThoseWhoWait(Kind kind) throws Exception {
        try (AtomicApplication application =
                new AtomicApplication(kind, 4, IdempotencySettings.of(Map.of("max-waiters", "1")))) {
            CountDownLatch firstRuns = new CountDownLatch(1);
            CountDownLatch firstMayFail = new CountDownLatch(1);
            application.payments.meanwhile(() -> {
                firstRuns.countDown();
                firstMayFail.await();
                throw new IllegalStateException("declined");
            });
            Caller<String> first = application.elsewhere(() -> application.payments.pay("a", 1));
            firstRuns.await();

            CountDownLatch secondRuns = new CountDownLatch(1);
            CountDownLatch secondMayEnd = new CountDownLatch(1);
            application.payments.meanwhile(() -> {
                secondRuns.countDown();
                secondMayEnd.await();
                return "done";
            });
            Caller<String> second = application.elsewhere(() -> application.payments.payWaiting("a", 1));
            await().until(second::isWaiting);
            firstMayFail.countDown();
            assertThatExceptionOfType(ExecutionException.class).isThrownBy(first::answer);
            secondRuns.await();

            Caller<String> third = application.elsewhere(() -> application.payments.payWaiting("a", 1));
            await().until(() -> third.isWaiting() || third.isDone());
            secondMayEnd.countDown();
            assertThat(third.answer()).isEqualTo("done");
            assertThat(second.answer()).isEqualTo("done");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void itJoinsTheTransactionOfItsCaller(Kind kind) {
        try (AtomicApplication application = new AtomicApplication(kind)) {
            application.transaction.executeWithoutResult(status -> {
                assertThat(application.payments.pay("a", 1)).isEqualTo("a1");
                assertThat(application.payments.pay("a", 1)).isEqualTo("a1");
                status.setRollbackOnly();
            });
            assertThat(application.rows("a")).isZero();
            assertThat(application.record("pay", "a")).isNull();
            application.transaction.executeWithoutResult(
                    status -> assertThat(application.payments.pay("a", 1)).isEqualTo("a2"));
            assertThat(application.payments.pay("a", 1)).isEqualTo("a2");
            assertThat(application.rows("a")).isEqualTo(1);
            IdempotencyRecord record = application.record("pay", "a");
            assertThat(record).isNotNull();
            assertThat(record.key()).isEqualTo(IdempotencyKey.of("pay", "a"));
            assertThat(application.events())
                    .containsExactly("claimed", "replayed", "released", "claimed", "completed", "replayed");
        }
    }
}
