package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.OnOneJdk;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.engine.EnclosingTransaction;
import io.idempotent.engine.Execution;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.IdempotentWork;
import io.idempotent.engine.Operation;
import io.idempotent.spring.interceptor.MethodTransaction;
import io.idempotent.spring.transaction.Application.Store;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.Ordered;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Calls that are made in a transaction of their caller's. */
@OnOneJdk("the same transactions")
class CallerTransactionTest {

    private final List<Application> applications = new ArrayList<>();

    private Application start(Store store) {
        Application application = new Application(store);
        applications.add(application);
        return application;
    }

    @AfterEach
    void close() {
        applications.forEach(Application::close);
    }

    static Stream<Arguments> storesAndIsolations() {
        return Stream.of(Store.values())
                .flatMap(store -> Stream.of(
                                TransactionDefinition.ISOLATION_READ_COMMITTED,
                                TransactionDefinition.ISOLATION_REPEATABLE_READ,
                                TransactionDefinition.ISOLATION_SERIALIZABLE)
                        .map(isolation -> Arguments.of(store, isolation)));
    }

    // commit and rollback

    @ParameterizedTest(name = "store {0}, isolation {1}")
    @MethodSource("storesAndIsolations")
    void aCallIsInProgressUntilItsTransactionCommitsAndCompletedThen(Store store, int isolation) throws Exception {
        Application application = start(store);
        String receipt = application.transaction(isolation).execute(status -> {
            // A snapshot is taken before the key is claimed.
            assertThat(application.rows("a")).isZero();
            String returned = application.payments.bare("a", 1);
            assertThatExceptionOfType(IdempotencyInProgressException.class)
                    .isThrownBy(() -> application.elsewhere(() -> application.payments.bare("a", 1)))
                    .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.NOT_WAITING));
            assertThat(application.events.drain()).containsExactly("claimed");
            return returned;
        });
        assertThat(application.events.drain()).containsExactly("completed");
        assertThat(application.elsewhere(() -> application.payments.bare("a", 1)))
                .isEqualTo(receipt)
                .isEqualTo("receipt 1");
        assertThat(application.events.drain()).containsExactly("replayed");
        assertThat(application.committed("a")).isOne();
        assertThat(application.payments.runs()).isOne();
    }

    @ParameterizedTest(name = "store {0}, isolation {1}")
    @MethodSource("storesAndIsolations")
    void aCallWhoseTransactionIsRolledBackLeavesItsKeyFree(Store store, int isolation) throws Exception {
        Application application = start(store);
        application.transaction(isolation).executeWithoutResult(status -> {
            application.payments.bare("a", 1);
            status.setRollbackOnly();
        });
        assertThat(application.events.drain()).containsExactly("claimed", "released");
        assertThat(application.state("bare", "a")).isEqualTo("free");
        assertThat(application.committed("a")).isZero();
        assertThat(application.elsewhere(() -> application.payments.bare("a", 1)))
                .isEqualTo("receipt 2");
        assertThat(application.committed("a")).isOne();
    }

    @ParameterizedTest(name = "store {0}, isolation {1}")
    @MethodSource("storesAndIsolations")
    void aDuplicateInTheSameTransactionGetsTheOutcomeThatWaitsForTheCommit(Store store, int isolation)
            throws Exception {
        Application application = start(store);
        application.transaction(isolation).executeWithoutResult(status -> {
            String receipt = application.payments.bare("a", 1);
            assertThat(application.payments.bare("a", 1)).isEqualTo(receipt);
            assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                    .isThrownBy(() -> application.payments.bare("a", 2));
            assertThat(application.events.drain()).containsExactly("claimed", "replayed");
            // Taking part in the transaction is the same transaction.
            application
                    .propagation(TransactionDefinition.PROPAGATION_REQUIRED)
                    .executeWithoutResult(inner ->
                            assertThat(application.payments.bare("a", 1)).isEqualTo(receipt));
        });
        assertThat(application.payments.runs()).isOne();
        assertThat(application.committed("a")).isOne();
        assertThat(application.state("bare", "a")).isEqualTo("completed");
    }

    @Test
    void onlyAStoreOnTheTransactionsDataSourceIsWrittenToInTheTransaction() {
        for (Store store : List.of(Store.ON_THE_SAME_DATA_SOURCE, Store.ON_ANOTHER_DATA_SOURCE)) {
            Application application = start(store);
            application.transaction.execute(status -> application.payments.bare("a", 1));
            assertThat(((StoreOnDataSource) application.store).completedOn())
                    .isEqualTo(store == Store.ON_THE_SAME_DATA_SOURCE ? 1 : 0);
        }
    }

    @Test
    void aTransactionThatReadsASnapshotIsNotWrittenToSinceItCannotSeeTheClaim() {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE);
        application
                .transaction(TransactionDefinition.ISOLATION_REPEATABLE_READ)
                .execute(status -> application.payments.bare("a", 1));
        assertThat(((StoreOnDataSource) application.store).completedOn()).isZero();
    }

    @Test
    void aTransactionThatOnlyReadsIsNotWrittenTo() throws Exception {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE);
        application.transaction.setReadOnly(true);
        application.transaction.executeWithoutResult(status -> {
            application.payments.meanwhile(() -> "read");
            application.payments.bare("a", 1);
        });
        assertThat(((StoreOnDataSource) application.store).completedOn()).isZero();
        assertThat(application.state("bare", "a")).isEqualTo("completed");
    }

    @Test
    void aConnectionThatCommitsByItselfBesideAnotherTransactionIsNotWrittenTo() throws Exception {
        Application application = start(Store.ON_ANOTHER_DATA_SOURCE);
        application.transaction.executeWithoutResult(status -> {
            // Bound to the thread until the transaction ends, but not part of it.
            new JdbcTemplate(application.other).queryForObject("select count(*) from completion", Integer.class);
            application.payments.bare("a", 1);
            status.setRollbackOnly();
        });
        assertThat(((StoreOnDataSource) application.store).completedOn()).isZero();
        application.transaction.executeWithoutResult(status -> {
            new JdbcTemplate(application.other).queryForObject("select count(*) from completion", Integer.class);
            application.payments.bare("a", 1);
        });
        assertThat(((StoreOnDataSource) application.store).completedOn()).isZero();
        assertThat(application.state("bare", "a")).isEqualTo("completed");
    }

    // savepoints

    @ParameterizedTest
    @EnumSource(Store.class)
    void aRollbackToASavepointUndoesWhatCameAfterIt(Store store) throws Exception {
        Application application = start(store);
        application.transaction.executeWithoutResult(status -> {
            application.payments.bare("before", 1);
            Object savepoint = status.createSavepoint();
            application.payments.bare("after", 1);
            Object later = status.createSavepoint();
            application.payments.bare("later", 1);
            status.rollbackToSavepoint(later);
            assertThat(state(application, "later")).isEqualTo("free");
            assertThat(state(application, "after")).isEqualTo("in progress");
            status.rollbackToSavepoint(savepoint);
            assertThat(state(application, "after")).isEqualTo("free");
            assertThat(state(application, "before")).isEqualTo("in progress");
            assertThat(application.payments.bare("after", 1)).isEqualTo("receipt 4");
        });
        assertThat(application.committed("before")).isOne();
        assertThat(application.committed("after")).isOne();
        assertThat(application.committed("later")).isZero();
        assertThat(application.state("bare", "before")).isEqualTo("completed");
        assertThat(application.elsewhere(() -> application.payments.bare("after", 1)))
                .isEqualTo("receipt 4");
    }

    @Test
    void aRollbackToASavepointThatWasMadeBeforeTheFirstCallUndoesAll() throws Exception {
        Application application = start(Store.IN_MEMORY);
        application.transaction.executeWithoutResult(status -> {
            Object savepoint = status.createSavepoint();
            application.payments.bare("a", 1);
            status.rollbackToSavepoint(savepoint);
            assertThat(state(application, "a")).isEqualTo("free");
        });
        assertThat(application.committed("a")).isZero();
        assertThat(application.events.drain()).containsExactly("claimed", "released");
    }

    @ParameterizedTest
    @EnumSource(Store.class)
    void aCallThatAListenerMakesWhileItIsToldOfARollbackToASavepointIsUndoneToo(Store store) throws Exception {
        Application application = start(store);
        application.events.onNextRelease(() -> application.payments.bare("listener", 1));
        application.transaction.executeWithoutResult(status -> {
            application.payments.bare("before", 1);
            Object savepoint = status.createSavepoint();
            application.payments.bare("after", 1);
            application.payments.bare("later", 1);
            status.rollbackToSavepoint(savepoint);
        });
        assertThat(application.committed("before")).isOne();
        assertThat(application.state("bare", "before")).isEqualTo("completed");
        for (String undone : List.of("after", "later", "listener")) {
            assertThat(application.committed(undone)).isZero();
            assertThat(application.state("bare", undone)).isEqualTo("free");
        }
        assertThat(application.events.drain())
                .containsExactly(
                        "claimed", "claimed", "claimed", "released", "claimed", "released", "released", "completed");
    }

    @Test
    void aNestedTransactionThatIsRolledBackUndoesItsCallsAndOneThatIsNotDoesNot() throws Exception {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE);
        var nested = application.propagation(TransactionDefinition.PROPAGATION_NESTED);
        application.transaction.executeWithoutResult(status -> {
            application.payments.bare("outer", 1);
            nested.executeWithoutResult(inner -> {
                application.payments.bare("undone", 1);
                inner.setRollbackOnly();
            });
            nested.executeWithoutResult(inner -> application.payments.bare("kept", 1));
            assertThat(state(application, "undone")).isEqualTo("free");
            assertThat(state(application, "kept")).isEqualTo("in progress");
        });
        assertThat(application.committed("undone")).isZero();
        assertThat(application.state("bare", "outer")).isEqualTo("completed");
        assertThat(application.state("bare", "kept")).isEqualTo("completed");
    }

    @Test
    void aNestedMethodIsUndoneByItsOwnRollbackAndFollowsItsCallersTransactionOtherwise() throws Exception {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE);
        application.transaction.executeWithoutResult(status -> {
            application.payments.meanwhile(() -> {
                throw new IllegalStateException("declined");
            });
            assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> application.payments.nested("a"));
            application.payments.meanwhile(null);
            assertThat(application.rows("a")).isZero();
            assertThat(application.payments.nested("a")).isEqualTo("receipt 2");
            assertThat(application.record("nested", "a").outcome()).isNull();
        });
        assertThat(application.committed("a")).isOne();
        assertThat(application.state("nested", "a")).isEqualTo("completed");
    }

    private static String state(Application application, String id) {
        try {
            return application.state("bare", id);
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    // failures

    @ParameterizedTest
    @EnumSource(Store.class)
    void aFailureReleasesTheKeyAtOnceAndItsCallerMayCommitAndCallAgain(Store store) throws Exception {
        Application application = start(store);
        application.transaction.executeWithoutResult(status -> {
            application.payments.meanwhile(() -> {
                throw new IllegalStateException("declined");
            });
            assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> application.payments.bare("a", 1));
            assertThat(application.events.drain()).containsExactly("claimed", "released");
            assertThat(state(application, "a")).isEqualTo("free");
            application.payments.meanwhile(null);
            assertThat(application.payments.bare("a", 1)).isEqualTo("receipt 2");
        });
        assertThat(application.events.drain()).containsExactly("claimed", "completed");
        assertThat(application.state("bare", "a")).isEqualTo("completed");
    }

    @Test
    void aResultThatIsNotToBeRecordedReleasesTheKeyAtOnce() {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE);
        application.transaction.executeWithoutResult(status -> {
            assertThat(application.payments.unrecorded("a")).isEqualTo("receipt 1");
            assertThat(application.payments.unrecorded("a")).isEqualTo("receipt 2");
        });
        assertThat(application.events.drain()).containsExactly("claimed", "released", "claimed", "released");
    }

    // transactions of the methods' own

    @ParameterizedTest
    @ValueSource(strings = {"apart", "without"})
    void aMethodWithATransactionOfItsOwnOrNoneIsCompletedAtOnceWhateverBecomesOfItsCallers(String method)
            throws Exception {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE);
        application.transaction.executeWithoutResult(status -> {
            assertThat(call(application, method)).isEqualTo("receipt 1");
            assertThat(application.events.drain()).containsExactly("claimed", "completed");
            status.setRollbackOnly();
        });
        assertThat(application.committed("a")).isOne();
        assertThat(application.elsewhere(() -> call(application, method))).isEqualTo("receipt 1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"joining", "supporting"})
    void aMethodThatJoinsItsCallersTransactionFollowsIt(String method) throws Exception {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE);
        application.transaction.executeWithoutResult(status -> {
            call(application, method);
            assertThat(application.events.drain()).containsExactly("claimed");
            status.setRollbackOnly();
        });
        assertThat(application.state(method, "a")).isEqualTo("free");
        application.transaction.executeWithoutResult(status -> call(application, method));
        assertThat(application.state(method, "a")).isEqualTo("completed");
        assertThat(application.committed("a")).isOne();
    }

    @ParameterizedTest
    @ValueSource(strings = {"joining", "supporting", "apart", "without"})
    void aMethodThatIsCalledOutsideOfTransactionsIsCompletedWhenItReturns(String method) throws Exception {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE);
        assertThat(call(application, method)).isEqualTo("receipt 1");
        assertThat(application.events.drain()).containsExactly("claimed", "completed");
        assertThat(((StoreOnDataSource) application.store).completedOn()).isZero();
    }

    private static String call(Application application, String method) {
        try {
            return switch (method) {
                case "apart" -> application.payments.apart("a");
                case "without" -> application.payments.without("a");
                case "joining" -> application.payments.joining("a");
                case "supporting" -> application.payments.supporting("a");
                default -> throw new IllegalArgumentException(method);
            };
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    @Test
    void aSuspendedTransactionsOutcomeIsNotSeenInAnother() throws Exception {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE);
        var apart = application.propagation(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        application.transaction.executeWithoutResult(status -> {
            application.payments.bare("outer", 1);
            apart.executeWithoutResult(inner -> {
                assertThatExceptionOfType(IdempotencyInProgressException.class)
                        .isThrownBy(() -> application.payments.bare("outer", 1))
                        .withMessageContaining("held by this very thread")
                        .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.REENTRANT));
                application.payments.bare("inner", 1);
            });
            assertThat(state(application, "inner")).isEqualTo("completed");
            assertThat(application.payments.bare("outer", 1)).isEqualTo("receipt 1");
            status.setRollbackOnly();
        });
        assertThat(application.state("bare", "outer")).isEqualTo("free");
        assertThat(application.elsewhere(() -> application.payments.bare("inner", 1)))
                .isEqualTo("receipt 2");
    }

    // what the transaction's end cannot be told, or is not

    @Test
    void anOutcomeThatCannotBeRecordedBeforeTheCommitRollsTheTransactionBack() throws Exception {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE);
        ((StoreOnDataSource) application.store).fail();
        assertThatExceptionOfType(IdempotencyStoreException.class)
                .isThrownBy(() -> application.transaction.execute(status -> application.payments.bare("a", 1)));
        assertThat(application.committed("a")).isZero();
        assertThat(application.state("bare", "a")).isEqualTo("free");
        assertThat(application.events.drain()).containsExactly("claimed", "released");
    }

    @Test
    void anOutcomeThatCannotBeRecordedAfterTheCommitIsToldAndBecomesAbandonedButNeverFree() throws Exception {
        Application application = start(Store.ON_ANOTHER_DATA_SOURCE);
        ((StoreOnDataSource) application.store).fail();
        MethodTransaction transaction =
                new SpringMethodTransaction(null, null, false, new CurrentTransaction(application.context()));
        Operation<String> operation =
                Operation.builder("payments-bare", String.class).build();
        try (IdempotencyEngine impatient = IdempotencyEngine.builder(application.store)
                .codec(JacksonOutcomeCodec.create())
                .completionTimeout(Duration.ZERO)
                .listener(application.events)
                .build()) {
            application.transaction.executeWithoutResult(
                    status -> execute(impatient, operation, new IdempotentWork<>() {
                        @Override
                        public String run(Execution execution) {
                            application.jdbc.update("insert into payment values ('a')");
                            return "receipt";
                        }

                        @Override
                        public @Nullable EnclosingTransaction enclosingTransaction() {
                            return transaction.enclosing();
                        }
                    }));
        }
        assertThat(application.committed("a")).isOne();
        assertThat(application.events.drain()).containsExactly("claimed", "completionFailed");
        assertThat(application.state("bare", "a")).isEqualTo("in progress");
        assertThatExceptionOfType(IdempotencyInProgressException.class)
                .isThrownBy(() -> application.payments.bare("a", 1));
        application.ticker.advance(Operation.DEFAULT_LEASE);
        assertThat(application.state("bare", "a")).isEqualTo("abandoned");
    }

    private static void execute(IdempotencyEngine engine, Operation<String> operation, IdempotentWork<String> work) {
        try {
            assertThat(engine.execute(operation, operation.key("a"), Fingerprint.none(), work))
                    .isEqualTo("receipt");
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
    }

    @ParameterizedTest
    @EnumSource(Store.class)
    void aTransactionWhoseClaimWasTakenOverDoesNotCommit(Store store) throws Exception {
        Application application = start(store);
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> application.transaction.execute(status -> {
                    String receipt = application.payments.bare("a", 1);
                    application.ticker.advance(Operation.DEFAULT_LEASE);
                    try {
                        assertThat(application.elsewhere(() -> application.payments.bare("a", 1)))
                                .isEqualTo("receipt 2");
                    } catch (Exception failure) {
                        throw new AssertionError(failure);
                    }
                    return receipt;
                }))
                .withMessageContaining("its transaction is not committed");
        assertThat(application.committed("a")).isOne();
        assertThat(application.elsewhere(() -> application.payments.bare("a", 1)))
                .isEqualTo("receipt 2");
        assertThat(application.events.drain())
                .containsExactly("claimed", "claimed", "completed", "leaseLost", "replayed");
    }

    @ParameterizedTest
    @EnumSource(Store.class)
    void aClaimThatWasTakenOverWhileTheMethodRanIsToldAtOnceAndForbidsTheCommit(Store store) throws Exception {
        Application application = start(store);
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> application.transaction.executeWithoutResult(status -> {
                    application.payments.meanwhile(() -> {
                        application.payments.meanwhile(null);
                        application.ticker.advance(Operation.DEFAULT_LEASE);
                        return application.elsewhere(() -> application.payments.bare("a", 1)) + " and late";
                    });
                    assertThatExceptionOfType(IdempotencyClaimLostException.class)
                            .isThrownBy(() -> application.payments.bare("a", 1));
                    // The caller goes on as if nothing had happened.
                }));
        assertThat(application.committed("a")).isOne();
        assertThat(application.elsewhere(() -> application.payments.bare("a", 1)))
                .isEqualTo("receipt 2");
    }

    @ParameterizedTest
    @EnumSource(Store.class)
    void aClaimWhoseLeaseIsOverButThatNobodyTookCommits(Store store) throws Exception {
        Application application = start(store);
        application.transaction.executeWithoutResult(status -> {
            application.payments.bare("a", 1);
            application.ticker.advance(Operation.DEFAULT_LEASE);
        });
        assertThat(application.state("bare", "a")).isEqualTo("completed");
    }

    @Test
    void aCommitWhoseAnswerWasLostIsSettledByAskingTheStoreThatWasPartOfIt() throws Exception {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE);
        application.transactionManager.loseAnswer();
        assertThatExceptionOfType(TransactionSystemException.class)
                .isThrownBy(() -> application.transaction.execute(status -> application.payments.bare("a", 1)));
        assertThat(application.committed("a")).isOne();
        assertThat(application.state("bare", "a")).isEqualTo("completed");
        assertThat(application.events.drain()).containsExactly("claimed", "completed");
    }

    @Test
    void aCommitThatIsSaidToBeRolledBackThoughItTookEffectIsSettledByAskingTheStoreThatWasPartOfIt() throws Exception {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE);
        application.transactionManager.loseAnswer();
        application.transactionManager.rollBackAfterwards();
        assertThatExceptionOfType(DataAccessResourceFailureException.class)
                .isThrownBy(() -> application.transaction.execute(status -> application.payments.bare("a", 1)));
        assertThat(application.committed("a")).isOne();
        assertThat(application.events.drain()).containsExactly("claimed", "completed");
    }

    @Test
    void aCommitThatFailedAndWasRolledBackLeavesTheKeyFreeIfTheStoreWasPartOfIt() throws Exception {
        Application application = start(Store.ON_THE_SAME_DATA_SOURCE);
        application.transactionManager.loseRequest();
        application.transactionManager.rollBackAfterwards();
        assertThatExceptionOfType(DataAccessResourceFailureException.class)
                .isThrownBy(() -> application.transaction.execute(status -> application.payments.bare("a", 1)));
        assertThat(application.committed("a")).isZero();
        assertThat(application.state("bare", "a")).isEqualTo("free");
        assertThat(application.events.drain()).containsExactly("claimed", "released");
    }

    @Test
    void aCommitThatNobodyKnowsOfAbandonsTheKeyAndNeverFreesIt() throws Exception {
        for (Store store : Store.values()) {
            Application application = start(store);
            application.transactionManager.loseRequest();
            assertThatExceptionOfType(TransactionSystemException.class)
                    .isThrownBy(() -> application.transaction.execute(status -> application.payments.bare("a", 1)));
            assertThat(application.state("bare", "a")).isEqualTo("abandoned");
            assertThat(application.events.drain()).containsExactly("claimed", "abandoned");
        }
        for (Store store : List.of(Store.IN_MEMORY, Store.ON_ANOTHER_DATA_SOURCE)) {
            for (boolean rollback : new boolean[] {false, true}) {
                Application application = start(store);
                application.transactionManager.loseAnswer();
                if (rollback) {
                    application.transactionManager.rollBackAfterwards();
                }
                assertThatExceptionOfType(RuntimeException.class)
                        .isThrownBy(() -> application.transaction.execute(status -> application.payments.bare("a", 1)))
                        .withRootCauseInstanceOf(SQLException.class);
                assertThat(application.committed("a")).isOne();
                assertThat(application.state("bare", "a")).isEqualTo("abandoned");
            }
        }
    }

    // beside the work of others

    private static void register(int order, TransactionSynchronization work) {
        TransactionSynchronizationManager.registerSynchronization(new Others(order, work));
    }

    private record Others(int order, TransactionSynchronization work) implements TransactionSynchronization {

        @Override
        public int getOrder() {
            return order;
        }

        @Override
        public void beforeCommit(boolean readOnly) {
            work.beforeCommit(readOnly);
        }

        @Override
        public void afterCommit() {
            work.afterCommit();
        }

        @Override
        public void afterCompletion(int status) {
            work.afterCompletion(status);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Ordered.HIGHEST_PRECEDENCE, Ordered.LOWEST_PRECEDENCE})
    void workAfterTheCommitThatFailsDoesNotKeepTheRecordFromBeingCompleted(int order) throws Exception {
        for (Store store : Store.values()) {
            Application application = start(store);
            assertThatExceptionOfType(IllegalStateException.class)
                    .isThrownBy(() -> application.transaction.execute(status -> {
                        register(order, new TransactionSynchronization() {
                            @Override
                            public void afterCommit() {
                                throw new IllegalStateException("mail server down");
                            }
                        });
                        return application.payments.bare("a", 1);
                    }))
                    .withMessage("mail server down");
            assertThat(application.state("bare", "a")).isEqualTo("completed");
            assertThat(application.events.drain()).containsExactly("claimed", "completed");
        }
    }

    @Test
    void workAfterTheCommitFindsTheKeyCompletedAndItsOwnCallsAreCompletedWhenItIsDone() throws Exception {
        Application application = start(Store.IN_MEMORY);
        List<String> found = new ArrayList<>();
        application.transaction.executeWithoutResult(status -> {
            register(Ordered.LOWEST_PRECEDENCE, new TransactionSynchronization() {
                @Override
                public void afterCommit() {
                    found.add(state(application, "a"));
                    application.payments.bare("b", 1);
                }
            });
            application.payments.bare("a", 1);
        });
        assertThat(found).containsExactly("completed");
        assertThat(application.state("bare", "b")).isEqualTo("completed");
    }

    @Test
    void aCallThatIsMadeWhenTheTransactionIsAlreadyEndingIsCompletedToo() throws Exception {
        for (Store store : Store.values()) {
            Application application = start(store);
            application.transaction.executeWithoutResult(status -> {
                register(Ordered.LOWEST_PRECEDENCE, new TransactionSynchronization() {
                    @Override
                    public void beforeCommit(boolean readOnly) {
                        application.payments.bare("before", 1);
                    }

                    @Override
                    public void afterCompletion(int completion) {
                        application.payments.meanwhile(() -> "after");
                        application.payments.bare("after", 1);
                    }
                });
            });
            assertThat(application.state("bare", "before")).isEqualTo("completed");
            assertThat(application.state("bare", "after")).isEqualTo("completed");
        }
    }

    @Test
    void workBeforeTheCommitThatRefusesItLeavesTheKeyFree() throws Exception {
        for (Store store : Store.values()) {
            Application application = start(store);
            assertThatExceptionOfType(IllegalStateException.class)
                    .isThrownBy(() -> application.transaction.execute(status -> {
                        String receipt = application.payments.bare("a", 1);
                        register(0, new TransactionSynchronization() {
                            @Override
                            public void beforeCommit(boolean readOnly) {
                                throw new IllegalStateException("out of balance");
                            }
                        });
                        return receipt;
                    }));
            assertThat(application.committed("a")).isZero();
            assertThat(application.state("bare", "a")).isEqualTo("free");
        }
    }
}
