package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.transaction.AtomicApplication.Kind;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.transaction.IllegalTransactionStateException;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionTimedOutException;
import org.springframework.transaction.annotation.Isolation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** What a method's own transaction is like, whose key is claimed in it: as it is declared, wherever that is. */
class AtomicAttributesTest {

    static Stream<Kind> kinds() {
        return Kind.wanted();
    }

    /** How the transaction that this is called in was begun. */
    private static String transaction() {
        return TransactionSynchronizationManager.isActualTransactionActive()
                ? TransactionSynchronizationManager.getCurrentTransactionName() + " at isolation "
                        + TransactionSynchronizationManager.getCurrentTransactionIsolationLevel()
                : "none";
    }

    @Transactional(isolation = Isolation.READ_COMMITTED)
    static class OfClass {

        @Idempotent(key = "#id", atomic = true)
        public String tell(String id) {
            return transaction();
        }
    }

    @Transactional(isolation = Isolation.SERIALIZABLE)
    interface OfInterface {

        @Idempotent(key = "#id", atomic = true)
        String tell(String id);
    }

    static class Implementation implements OfInterface {

        @Override
        public String tell(String id) {
            return transaction();
        }
    }

    private static ConnectionHolder connection(AtomicApplication application) {
        ConnectionHolder holder = (ConnectionHolder) TransactionSynchronizationManager.getResource(application.pool());
        assertThat(holder).isNotNull();
        return holder;
    }

    private static void fails(Class<? extends Exception> failure, Callable<?> call) {
        assertThatExceptionOfType(failure).isThrownBy(call::call);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void isolationTimeoutAndNameAreTheMethods(Kind kind) {
        try (AtomicApplication application = new AtomicApplication(kind)) {
            application.payments.meanwhile(() -> {
                assertThat(connection(application).getConnection().getTransactionIsolation())
                        .isEqualTo(TransactionDefinition.ISOLATION_SERIALIZABLE);
                assertThat(connection(application).getTimeToLiveInSeconds()).isBetween(1, 7);
                return transaction();
            });
            assertThat(application.payments.payInTime("a"))
                    .isEqualTo("io.idempotent.spring.transaction.AtomicApplication$Payments.payInTime at isolation "
                            + TransactionDefinition.ISOLATION_SERIALIZABLE);
            assertThat(application.rows("a")).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aTransactionThatIsOutOfTimeIsRolledBackAndItsKeyIsFree(Kind kind) {
        try (AtomicApplication application = new AtomicApplication(kind)) {
            application.payments.meanwhile(() -> {
                connection(application).setTimeoutInMillis(-1);
                application.pays("too late");
                return "unreached";
            });
            fails(TransactionTimedOutException.class, () -> application.payments.payInTime("a"));
            assertThat(application.rows("a")).isZero();
            assertThat(application.record("pay-in-time", "a")).isNull();
            application.payments.meanwhile(null);
            assertThat(application.payments.payInTime("a")).isEqualTo("a2");
            assertThat(application.events()).containsExactly("claimed", "released", "claimed", "completed");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void theTransactionOfAClassOrAnInterfaceIsItsMethodsToo(Kind kind) {
        try (AtomicApplication application =
                new AtomicApplication(kind, 4, IdempotencySettings.of(Map.of()), OfClass.class, Implementation.class)) {
            assertThat(application.bean(OfClass.class).tell("a"))
                    .endsWith("AtomicAttributesTest$OfClass.tell at isolation "
                            + TransactionDefinition.ISOLATION_READ_COMMITTED);
            assertThat(application.bean(OfInterface.class).tell("a"))
                    .endsWith("AtomicAttributesTest$Implementation.tell at isolation "
                            + TransactionDefinition.ISOLATION_SERIALIZABLE);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aMethodThatIsPartOfTransactionsOnlyIsNotRunWithoutOne(Kind kind) {
        try (AtomicApplication application = new AtomicApplication(kind)) {
            fails(IllegalTransactionStateException.class, () -> application.payments.payAsPart("a"));
            assertThat(application.payments.runs()).isZero();
            assertThat(application.record("pay-as-part", "a")).isNull();
            for (int calls = 0; calls < 2; calls++) {
                assertThat(application.transaction.<String>execute(status -> application.payments.payAsPart("a")))
                        .isEqualTo("a1");
            }
            assertThat(application.rows("a")).isEqualTo(1);
            assertThat(application.events()).containsExactly("claimed", "completed", "replayed");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aMethodThatNeedsNoTransactionHasOneOfItsOwn(Kind kind) {
        try (AtomicApplication application = new AtomicApplication(kind)) {
            application.payments.meanwhile(() -> {
                throw new IllegalStateException("declined in " + transaction());
            });
            fails(IllegalStateException.class, () -> application.payments.payAnyhow("a"));
            assertThat(application.rows("a")).isZero();
            application.payments.meanwhile(null);
            assertThat(application.payments.payAnyhow("a")).isEqualTo("a2");
            assertThat(application.payments.payAnyhow("a")).isEqualTo("a2");
            assertThat(application.rows("a")).isEqualTo(1);
        }
    }
}
