package io.idempotent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyClaimLostException;
import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.IdempotencyOutcomeException;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import io.idempotent.transaction.JdbcTransactions;
import io.idempotent.transaction.JdbcTransactions.CallersTransaction;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Atomic operations on a database in this JVM: what needs no server to go wrong. */
@Timeout(60)
final class AtomicCallsTest {

    private static final Operation<String> PAY = operation(Duration.ZERO);
    private static final Operation<String> WAITS = operation(Duration.ofMinutes(1));
    private static final Operation<String> WAITS_SHORTLY = operation(Duration.ofMillis(50));
    private static final IdempotencyKey KEY = PAY.key("4711");
    private static final Fingerprint PAYMENT = Fingerprint.ofDigest("1:payment");

    private final JdbcDataSource database = new JdbcDataSource();
    private final RecordedEvents events = new RecordedEvents();
    private final Callers callers = new Callers();
    private final Callers.Gate gate = new Callers.Gate();
    private final AtomicInteger runs = new AtomicInteger();

    private JdbcIdempotencyStore store;
    private JdbcTransactions plain;
    private TroubledTransactions transactions;
    private IdempotencyEngine engine;
    private IdempotencyEngine otherNode;

    private static Operation<String> operation(Duration waitAtMost) {
        return Operation.builder("payment-service-pay", String.class)
                .waitAtMost(waitAtMost)
                .recordFailures(List.of(IOException.class))
                .build();
    }

    @BeforeEach
    void open() throws SQLException {
        database.setUrl("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=20");
        store = JdbcIdempotencyStore.builder(database).build();
        plain = new JdbcTransactions(store);
        transactions = new TroubledTransactions(plain);
        engine = builder().listener(events).build();
        otherNode = builder().build();
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE payment (payment_key VARCHAR(64) NOT NULL)");
        }
    }

    private IdempotencyEngine.Builder builder() {
        return IdempotencyEngine.builder(store)
                .codec(JacksonOutcomeCodec.create())
                .completionTimeout(Duration.ofMillis(1_500))
                .errorHandler(events);
    }

    @AfterEach
    void everyKeyIsLetGo() {
        gate.open();
        assertThat(engine.awaitIdle(Callers.PATIENCE)).as("owners").isTrue();
        callers.close();
        engine.close();
        otherNode.close();
    }

    private String insertPayment() throws SQLException {
        try (PreparedStatement insert = plain.connection().prepareStatement("INSERT INTO payment VALUES (?)")) {
            insert.setString(1, KEY.value());
            insert.executeUpdate();
        }
        return "receipt of run " + runs.incrementAndGet();
    }

    private int payments() {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT COUNT(*) FROM payment")) {
            result.next();
            return result.getInt(1);
        } catch (SQLException failure) {
            throw new AssertionError(failure);
        }
    }

    private String pay(IdempotencyEngine node, Operation<String> operation, AtomicWork<String> work) throws Exception {
        try {
            return node.executeAtomically(operation, KEY, PAYMENT, node == engine ? transactions : plain, work);
        } catch (Exception | Error thrown) {
            throw thrown;
        } catch (Throwable neither) {
            throw new AssertionError(neither);
        }
    }

    private String pay(Operation<String> operation) throws Exception {
        return pay(engine, operation, execution -> insertPayment());
    }

    private String pay() throws Exception {
        return pay(PAY);
    }

    private String payAndThen(Callable<String> then) throws Exception {
        return pay(engine, PAY, execution -> {
            insertPayment();
            return then.call();
        });
    }

    /** Calls on the other node, from another thread. */
    private String payElsewhere() {
        try {
            return Callers.get(callers.call(() -> pay(otherNode, WAITS, execution -> insertPayment())));
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    /** Begins a call that is in progress until the gate is opened. */
    private Future<String> begin(IdempotencyEngine node) {
        Future<String> first = callers.call(() -> pay(node, PAY, execution -> gate.pass(insertPayment())));
        gate.awaitEntered();
        return first;
    }

    private IdempotencyInProgressException refused(Operation<String> operation) {
        return catchThrowableOfType(IdempotencyInProgressException.class, () -> pay(operation));
    }

    private void awaitAtGate(int number) {
        Callers.until(() -> callers.waitingIn(Execution.class).size() == number);
    }

    @Test
    void aKeyWhoseStepsWereRecordedWhenTheOperationWasNotAtomicIsNotRunAgain() {
        ClaimRequest request = new ClaimRequest(KEY, UUID.randomUUID(), PAYMENT, Duration.ofMillis(10), false);
        Claim leased = ((ClaimResult.Claimed) store.claim(request)).claim();
        assertThat(store.recordStep(leased, new RecordedStep("charge", null))).isTrue();
        assertThat(store.abandon(leased)).isTrue();

        assertThat(catchThrowable(this::pay)).isInstanceOf(IdempotencyOutcomeUnknownException.class);
        assertThat(payments()).isZero();
        assertThat(store.find(KEY)).matches(IdempotencyRecord::isAbandoned);
        assertThat(store.findSteps(KEY)).containsExactly(new RecordedStep("charge", null));

        assertThat(store.release(leased, Duration.ofHours(1))).isTrue();
        assertThat(catchThrowable(this::pay)).isInstanceOf(IdempotencyOutcomeUnknownException.class);
        assertThat(payments()).isZero();
    }

    // waiting

    @Test
    void waitersInThisJvmAreWokenAndReplayAndHaveBegunNoTransactionMeanwhile() throws Exception {
        Future<String> first = begin(engine);
        List<Future<String>> waiters = callers.call(5, () -> pay(WAITS));
        awaitAtGate(5);
        assertThat(transactions.begun()).isEqualTo(1);

        gate.open();
        assertThat(Callers.get(first)).isEqualTo("receipt of run 1");
        for (Future<String> waiter : waiters) {
            assertThat(Callers.get(waiter)).isEqualTo("receipt of run 1");
        }
        assertThat(payments()).isEqualTo(1);
        assertThat(events.named("replayed")).hasSize(5);
    }

    @Test
    void whoWaitsForOneThatFailsRunsNext() throws Exception {
        IllegalStateException broken = new IllegalStateException("broken");
        Future<String> first = callers.call(() -> pay(engine, PAY, execution -> {
            gate.pass(insertPayment());
            throw broken;
        }));
        gate.awaitEntered();
        Future<String> second = callers.call(() -> pay(WAITS));
        awaitAtGate(1);
        gate.open();
        assertThat(catchThrowable(() -> Callers.get(first))).hasCause(broken);
        assertThat(Callers.get(second)).isEqualTo("receipt of run 2");
        assertThat(payments()).isEqualTo(1);
    }

    @Test
    void whoDoesNotWaitIsRefusedAtOnceAndWhoWaitsWhenTheTimeIsOver() throws Exception {
        Future<String> first = begin(engine);
        assertThat(refused(PAY).reason()).isEqualTo(Reason.NOT_WAITING);
        IdempotencyInProgressException waited = refused(WAITS_SHORTLY);
        assertThat(waited.reason()).isEqualTo(Reason.WAITED);
        assertThat(waited.claimedSince()).isGreaterThanOrEqualTo(WAITS_SHORTLY.waitAtMost());
        assertThat(transactions.begun()).isEqualTo(1);
        // On a busy machine the time is over before it begins to wait.
        assertThat(events.names())
                .filteredOn(name -> !name.equals("waiting"))
                .containsExactly("claimed", "refused", "refused");
        gate.open();
        assertThat(Callers.get(first)).isEqualTo("receipt of run 1");
    }

    @Test
    void aKeyThatATransactionOfAnotherNodeHoldsIsRefusedOrWaitedForWithoutOne() throws Exception {
        Future<String> first = begin(otherNode);
        assertThat(refused(PAY).reason()).isEqualTo(Reason.NOT_WAITING);
        assertThat(refused(WAITS_SHORTLY).reason()).isEqualTo(Reason.WAITED);
        assertThat(refused(operation(Duration.ofNanos(1))).reason())
                .as("the claim alone took longer")
                .isEqualTo(Reason.WAITED);
        int waits = events.named("waiting").size();
        Future<String> waiter = callers.call(() -> pay(WAITS));
        int begun = transactions.begun();
        Callers.until(() -> transactions.begun() > begun + 3);
        assertThat(events.named("waiting"))
                .as("told once, however often it looks")
                .hasSize(waits + 1);
        gate.open();
        assertThat(Callers.get(waiter)).isEqualTo("receipt of run 1");
        assertThat(Callers.get(first)).isEqualTo("receipt of run 1");
        assertThat(payments()).isEqualTo(1);
    }

    @Test
    void noMoreWaitThanMayAndWhoHasHisTurnWaitsNoLonger() throws Exception {
        IllegalStateException broken = new IllegalStateException("broken");
        Callers.Gate ofSecond = new Callers.Gate();
        try (IdempotencyEngine narrow = builder().maxWaiters(1).build()) {
            Future<String> first = callers.call(() -> pay(narrow, PAY, execution -> {
                gate.pass("nothing");
                throw broken;
            }));
            gate.awaitEntered();
            Future<String> second = callers.call(() -> pay(narrow, WAITS, execution -> ofSecond.pass(insertPayment())));
            awaitAtGate(1);
            assertThat(catchThrowableOfType(
                                    IdempotencyInProgressException.class,
                                    () -> pay(narrow, WAITS, execution -> insertPayment()))
                            .reason())
                    .isEqualTo(Reason.TOO_MANY_WAITERS);

            gate.open();
            ofSecond.awaitEntered();
            assertThat(catchThrowable(() -> Callers.get(first))).hasCause(broken);
            Future<String> third = callers.call(() -> pay(narrow, WAITS, execution -> insertPayment()));
            awaitAtGate(1);
            ofSecond.open();
            assertThat(Callers.get(second)).isEqualTo("receipt of run 1");
            assertThat(Callers.get(third)).isEqualTo("receipt of run 1");
        } finally {
            ofSecond.open();
        }
    }

    @Test
    void anInterruptEndsTheWaitInThisJvmAndForOtherNodes() throws Exception {
        for (IdempotencyEngine node : List.of(engine, otherNode)) {
            AtomicReference<Boolean> flag = new AtomicReference<>();
            CompletableFuture<Thread> thread = new CompletableFuture<>();
            Callers.Gate held = new Callers.Gate();
            Future<String> first = callers.call(() -> pay(node, PAY, execution -> {
                held.pass("nothing");
                throw new IllegalStateException("broken");
            }));
            held.awaitEntered();
            Future<String> waiter = callers.call(() -> {
                thread.complete(Thread.currentThread());
                try {
                    return pay(WAITS);
                } finally {
                    flag.set(Thread.interrupted());
                }
            });
            int begun = transactions.begun();
            if (node == engine) {
                awaitAtGate(1);
            } else {
                Callers.until(() -> transactions.begun() > begun);
            }
            thread.get().interrupt();
            assertThat(catchThrowable(() -> Callers.get(waiter)))
                    .cause()
                    .isInstanceOfSatisfying(
                            IdempotencyInProgressException.class,
                            refusal -> assertThat(refusal.reason()).isEqualTo(Reason.INTERRUPTED));
            assertThat(flag.get()).isTrue();
            held.open();
            assertThat(catchThrowable(() -> Callers.get(first))).isInstanceOf(ExecutionException.class);
        }
        assertThat(payments()).isZero();
    }

    @Test
    void anInterruptedThreadCompletesWhatItHasBegun() throws Exception {
        assertThat(payAndThen(() -> {
                    Thread.currentThread().interrupt();
                    return "receipt";
                }))
                .isEqualTo("receipt");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(pay()).isEqualTo("receipt");
    }

    @Test
    void anEngineThatIsClosedWaitsForThoseWhoRunAndLetsNobodyBegin() throws Exception {
        Future<String> first = begin(engine);
        Future<String> waiter = callers.call(() -> pay(WAITS));
        awaitAtGate(1);
        Future<Boolean> closing = callers.call(() -> {
            engine.close();
            return true;
        });
        Callers.until(() -> catchThrowable(this::pay) instanceof IllegalStateException);
        assertThat(closing.isDone()).isFalse();
        gate.open();
        assertThat(Callers.get(first)).isEqualTo("receipt of run 1");
        assertThat(Callers.get(closing)).isTrue();
        assertThat(catchThrowable(() -> Callers.get(waiter)))
                .cause()
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        assertThat(payments()).isEqualTo(1);
    }

    @Test
    void aCallDoesNotWaitForItself() throws Exception {
        assertThat(payAndThen(() -> refused(WAITS).reason().name())).isEqualTo("REENTRANT");
        assertThat(payments()).isEqualTo(1);
    }

    @Test
    void aLeasedClaimIsRespectedAndItsRequestCompared() throws Exception {
        store.claim(new ClaimRequest(KEY, UUID.randomUUID(), PAYMENT, Duration.ofMinutes(1), true));
        IdempotencyInProgressException refusal = refused(PAY);
        assertThat(refusal.reason()).isEqualTo(Reason.NOT_WAITING);
        assertThat(refusal.leaseRemaining()).isBetween(Duration.ofSeconds(30), Duration.ofMinutes(1));
        assertThat(refused(WAITS_SHORTLY).reason()).isEqualTo(Reason.WAITED);
        assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                .isThrownBy(() -> otherRequest(execution -> insertPayment()));
        assertThat(payments()).isZero();
    }

    private String otherRequest(AtomicWork<String> work) throws Throwable {
        return engine.executeAtomically(PAY, KEY, Fingerprint.ofDigest("1:other"), transactions, work);
    }

    @Test
    void anAbandonedLeaseIsTakenOverByTheSameRequestOnly() throws Throwable {
        ClaimResult.Claimed lost = (ClaimResult.Claimed)
                store.claim(new ClaimRequest(KEY, UUID.randomUUID(), PAYMENT, Duration.ofNanos(1), true));
        assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                .isThrownBy(() -> otherRequest(execution -> insertPayment()));
        assertThat(pay(engine, PAY, execution -> {
                    assertThat(execution.takeovers()).isEqualTo(1);
                    assertThat(execution.firstClaimedAt()).isEqualTo(lost.firstClaimedAt());
                    assertThat(execution.fencingToken())
                            .isGreaterThan(lost.claim().fencingToken());
                    assertThat(execution.leaseLost()).isFalse();
                    assertThat(execution.remaining()).isNull();
                    execution.limitAttempts(Duration.ofSeconds(3));
                    assertThat(execution.remaining()).isBetween(Duration.ofNanos(1), Duration.ofSeconds(3));
                    return insertPayment();
                }))
                .isEqualTo("receipt of run 1");
        assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                .isThrownBy(() -> otherRequest(execution -> insertPayment()));
    }

    // claims that fail

    @Test
    void aClaimThatWasUndoneIsAskedForAgainAFewTimes() throws Exception {
        for (int failures = 1; failures <= 4; failures++) {
            transactions.failClaim(TroubledStore.failure());
        }
        assertThat(pay()).isEqualTo("receipt of run 1");
        assertThat(transactions.begun()).isEqualTo(5);
        assertThat(events.names()).containsExactly("claimed", "completed");
    }

    @Test
    void aClaimThatFailsToTheEndIsRefusedAndNothingIsRun() {
        for (int failures = 1; failures <= 5; failures++) {
            transactions.failClaim(TroubledStore.failure());
        }
        assertThatExceptionOfType(IdempotencyStoreException.class).isThrownBy(this::pay);
        IdempotencyStoreException lasting = TroubledStore.lastingFailure();
        transactions.failClaim(lasting);
        assertThat(catchThrowable(this::pay)).isSameAs(lasting);
        transactions.failClaim(new IllegalArgumentException("foreign"));
        assertThatExceptionOfType(IdempotencyStoreException.class).isThrownBy(this::pay);
        assertThat(transactions.begun()).isEqualTo(7);
        assertThat(runs).hasValue(0);
        assertThat(events.names()).containsExactly("refused", "refused", "refused");
    }

    @Test
    void aClaimThatFailsWhileItsThreadIsInterruptedIsMadeAgainInAnotherTransaction() throws Exception {
        transactions.failClaim(TroubledStore.lastingFailure());
        Thread.currentThread().interrupt();
        assertThat(pay()).isEqualTo("receipt of run 1");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(transactions.begun()).isEqualTo(2);
        assertThat(events.names()).containsExactly("claimed", "completed");
    }

    @Test
    void whoIsInterruptedWhileTheStoreFailsToTheEndIsToldThatItFails() {
        IdempotencyStoreException lasting = TroubledStore.lastingFailure();
        for (int failures = 1; failures <= 5; failures++) {
            transactions.failClaim(lasting);
        }
        Thread.currentThread().interrupt();
        assertThat(catchThrowable(this::pay)).isSameAs(lasting);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(transactions.begun()).isEqualTo(5);
        assertThat(events.names()).containsExactly("refused");
    }

    // the operation's end

    @Test
    void aFailureLeavesNothingAndIsTheCallers() throws Exception {
        IllegalStateException broken = new IllegalStateException("broken");
        assertThat(catchThrowable(() -> payAndThen(() -> {
                    throw broken;
                })))
                .isSameAs(broken)
                .hasNoSuppressedExceptions();
        assertThat(payments()).isZero();
        assertThat(store.find(KEY)).isNull();
        assertThat(events.names()).containsExactly("claimed", "released");
        assertThat(events.named("released").get(0).detail()).isSameAs(broken);
        assertThat(pay()).isEqualTo("receipt of run 2");
    }

    @Test
    void aFinalFailureIsRecordedWithoutItsWork() {
        for (int calls = 0; calls < 3; calls++) {
            assertThat(catchThrowable(() -> payAndThen(() -> {
                        throw new IOException("declined");
                    })))
                    .isInstanceOf(IOException.class)
                    .hasMessage("declined");
        }
        assertThat(runs).hasValue(1);
        assertThat(payments()).isZero();
        assertThat(events.names()).containsExactly("claimed", "completed", "replayed", "replayed");
    }

    @Test
    void aFinalFailureIsNotRecordedWhereSomebodyElseHasCompletedMeanwhile() throws Exception {
        IOException declined = new IOException("declined");
        assertThat(catchThrowable(() -> payAndThen(() -> {
                    transactions.atBegin(recording -> payElsewhere());
                    throw declined;
                })))
                .isSameAs(declined)
                .hasNoSuppressedExceptions();
        assertThat(events.names()).containsExactly("claimed", "released");
        assertThat(pay()).isEqualTo("receipt of run 2");
        assertThat(payments()).isEqualTo(1);
    }

    @Test
    void aFinalFailureThatCannotBeRecordedIsTheCallersAllTheSame() throws Exception {
        IOException declined = new IOException("declined");
        IdempotencyStoreException down = TroubledStore.failure();
        assertThat(catchThrowable(() -> payAndThen(() -> {
                    transactions.failClaim(down);
                    throw declined;
                })))
                .isSameAs(declined)
                .hasSuppressedException(down);
        assertThat(events.names()).containsExactly("claimed", "released");
        assertThat(pay()).isEqualTo("receipt of run 2");
    }

    @Test
    void aResultThatIsNotToBeRecordedLeavesItsWorkAndFreesTheKey() throws Exception {
        AtomicWork<String> pending = new AtomicWork<>() {
            @Override
            public String run(Execution execution) throws SQLException {
                return insertPayment();
            }

            @Override
            public boolean releases(String result) {
                return result.equals("receipt of run 1");
            }
        };
        assertThat(pay(engine, PAY, pending)).isEqualTo("receipt of run 1");
        assertThat(payments()).isEqualTo(1);
        assertThat(pay(engine, PAY, pending)).isEqualTo("receipt of run 2");
        assertThat(pay(engine, PAY, pending)).isEqualTo("receipt of run 2");
        assertThat(payments()).isEqualTo(2);
        assertThat(events.names()).containsExactly("claimed", "released", "claimed", "completed", "replayed");
    }

    @Test
    void aResultThatCannotBeEncodedIsTheCallersAndIsKnownToBeDone() throws Exception {
        Operation<Object> anything =
                Operation.<Object>builder("payment-service-pay", Thread.class).build();
        Object result = Thread.currentThread();
        try {
            assertThat(engine.executeAtomically(anything, KEY, PAYMENT, transactions, execution -> {
                        insertPayment();
                        return result;
                    }))
                    .isSameAs(result);
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
        assertThatExceptionOfType(IdempotencyOutcomeException.class).isThrownBy(this::pay);
        assertThat(payments()).isEqualTo(1);
        assertThat(events.names()).containsExactly("claimed", "notReplayable", "completed", "refused");
    }

    @Test
    void aTransactionThatCanOnlyBeRolledBackIsNoSuccessAndItsKeyFree() throws Exception {
        transactions.atBegin(TroubledTransactions.Troubled::setRollbackOnly);
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(this::pay)
                .withMessage("It can only be rolled back");
        assertThat(payments()).isZero();
        assertThat(store.find(KEY)).isNull();
        assertThat(pay()).isEqualTo("receipt of run 2");
        assertThat(events.names()).containsExactly("claimed", "released", "claimed", "completed");
    }

    @Test
    void aRecordThatIsNoLongerTheTransactionsOwnRollsItBack() throws Exception {
        assertThatExceptionOfType(IdempotencyClaimLostException.class)
                .isThrownBy(() -> payAndThen(() -> {
                    try (Statement statement = plain.connection().createStatement()) {
                        statement.execute("DELETE FROM idempotency_record");
                    }
                    return "receipt";
                }));
        assertThat(payments()).isZero();
        assertThat(pay()).isEqualTo("receipt of run 2");
    }

    // attempts

    /** Attempts a second time what failed at first. */
    private AtomicWork<String> twice(Callable<String> work) {
        return new AtomicWork<>() {
            @Override
            public String run(Execution execution) throws Exception {
                insertPayment();
                return work.call();
            }

            @Override
            public String retry(Execution execution, Attempt<String> attempt) throws Throwable {
                try {
                    return attempt.run();
                } catch (IllegalStateException first) {
                    return attempt.run();
                }
            }
        };
    }

    @Test
    void anAttemptThatFindsTheKeyCompletedMeanwhileReplaysAndTheFirstOnesClaimIsOver() throws Exception {
        assertThat(pay(engine, PAY, twice(() -> {
                    transactions.atBegin(second -> payElsewhere());
                    throw new IllegalStateException("broken");
                })))
                .isEqualTo("receipt of run 2");
        assertThat(payments()).isEqualTo(1);
        assertThat(events.names()).containsExactly("claimed", "released", "replayed");
    }

    @Test
    void aSecondAttemptIsToldAsOneCall() throws Exception {
        assertThat(pay(engine, PAY, twice(() -> {
                    if (runs.get() == 1) {
                        throw new IllegalStateException("broken");
                    }
                    return "receipt";
                })))
                .isEqualTo("receipt");
        assertThat(payments()).isEqualTo(1);
        assertThat(events.names()).containsExactly("claimed", "completed");
    }

    // commits that fail

    private static IllegalStateException broken() {
        return new IllegalStateException("the commit failed");
    }

    @Test
    void aCommitWhoseAnswerWasLostIsFoundToHaveTakenEffect() throws Exception {
        transactions.atCommit(transaction -> {
            transaction.commitInFact();
            throw broken();
        });
        assertThat(pay()).isEqualTo("receipt of run 1");
        assertThat(pay()).isEqualTo("receipt of run 1");
        assertThat(payments()).isEqualTo(1);
        assertThat(events.names()).containsExactly("claimed", "completed", "replayed");
    }

    @Test
    void aCommitThatDidNotArriveIsFoundToHaveLeftNothing() throws Exception {
        IllegalStateException failure = broken();
        transactions.atCommit(transaction -> {
            transaction.rollBack();
            throw failure;
        });
        assertThat(catchThrowable(this::pay)).isSameAs(failure).hasNoSuppressedExceptions();
        assertThat(payments()).isZero();
        assertThat(events.names()).containsExactly("claimed", "released");
        assertThat(pay()).isEqualTo("receipt of run 2");
    }

    @Test
    void aTransactionThatIsKnownToHaveBeenRolledBackIsNotAskedFor() {
        transactions.atCommit(transaction -> {
            transaction.rollBack();
            transaction.tell(StoreTransaction.End.ROLLED_BACK);
            throw broken();
        });
        assertThatIllegalStateException().isThrownBy(this::pay);
        assertThat(transactions.begun()).isEqualTo(1);
        assertThat(events.names()).containsExactly("claimed", "released");
    }

    @Test
    void whatFailsAfterTheCommitIsTheCallersAndTheRecordStands() throws Exception {
        IllegalStateException failure = broken();
        transactions.atCommit(transaction -> {
            transaction.commitInFact();
            transaction.tell(StoreTransaction.End.COMMITTED);
            throw failure;
        });
        assertThat(catchThrowable(this::pay)).isSameAs(failure);
        assertThat(pay()).isEqualTo("receipt of run 1");
        assertThat(events.names()).containsExactly("claimed", "completed", "replayed");
    }

    @Test
    void aCommitOfWhichNobodyKnowsIsToldOnceThoughTheNextAttemptIsRefused() {
        AtomicReference<TroubledTransactions.Troubled> stuck = new AtomicReference<>();
        transactions.atCommit(transaction -> {
            stuck.set(transaction);
            throw broken();
        });
        assertThatExceptionOfType(IdempotencyInProgressException.class)
                .isThrownBy(() -> pay(engine, PAY, twice(() -> "receipt")));
        assertThat(events.names()).containsExactly("claimed", "completionFailed", "refused");
        commit(stuck.get());
        assertThat(payments()).isEqualTo(1);
    }

    @Test
    void aCommitThatIsStillUnderWayIsWaitedFor() throws Exception {
        transactions.atCommit(transaction -> {
            // Its row is locked until it has been asked for.
            transactions.atBegin(asking -> {});
            transactions.atBegin(asking -> commit(transaction));
            throw broken();
        });
        assertThat(pay()).isEqualTo("receipt of run 1");
        assertThat(payments()).isEqualTo(1);
        assertThat(events.names()).containsExactly("claimed", "completed");
    }

    private void commit(TroubledTransactions.Troubled transaction) {
        try {
            // In another thread, since this one has a transaction by now.
            Callers.get(callers.call(() -> {
                transaction.commitInFact();
                return true;
            }));
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    @Test
    void aCommitOfWhichNobodyKnowsForTooLongIsToldAsSuchAndSettledByTheNextCall() throws Exception {
        IllegalStateException failure = broken();
        AtomicReference<TroubledTransactions.Troubled> stuck = new AtomicReference<>();
        transactions.atCommit(transaction -> {
            stuck.set(transaction);
            throw failure;
        });
        assertThat(catchThrowable(this::pay)).isSameAs(failure);
        assertThat(failure.getSuppressed())
                .singleElement()
                .isInstanceOfSatisfying(
                        IdempotencyStoreException.class,
                        unknown -> assertThat(unknown.key()).isEqualTo(KEY));
        assertThat(events.names()).containsExactly("claimed", "completionFailed");
        assertThat(refused(PAY).reason()).isEqualTo(Reason.NOT_WAITING);
        commit(stuck.get());
        assertThat(pay()).isEqualTo("receipt of run 1");
        assertThat(payments()).isEqualTo(1);
    }

    // in a caller's transaction

    @Test
    void inACallersTransactionACallIsCompleteWhenThatCommits() throws Exception {
        try (CallersTransaction caller = plain.beginCallers()) {
            assertThat(pay()).isEqualTo("receipt of run 1");
            assertThat(pay()).as("again in the same").isEqualTo("receipt of run 1");
            assertThat(events.names()).containsExactly("claimed", "pending", "replayed");
            assertThat(payments()).isZero();
            assertThat(Callers.get(callers.call(() -> refused(PAY).reason()))).isEqualTo(Reason.NOT_WAITING);
            caller.commit();
        }
        assertThat(payments()).isEqualTo(1);
        assertThat(pay()).isEqualTo("receipt of run 1");
        assertThat(events.names())
                .containsExactly("claimed", "pending", "replayed", "refused", "completed", "replayed");
    }

    @Test
    void inACallersTransactionThatIsRolledBackNothingHasHappened() throws Exception {
        try (CallersTransaction caller = plain.beginCallers()) {
            assertThat(pay()).isEqualTo("receipt of run 1");
            assertThat(caller.isRollbackOnly()).isFalse();
        }
        assertThat(payments()).isZero();
        assertThat(events.names()).containsExactly("claimed", "pending", "released");
        assertThat(pay()).isEqualTo("receipt of run 2");
    }

    @Test
    void aFailureInACallersTransactionLeavesItToBeRolledBackAndIsNotRecorded() throws Exception {
        try (CallersTransaction caller = plain.beginCallers()) {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> payAndThen(() -> {
                        throw new IOException("declined");
                    }));
            assertThat(caller.isRollbackOnly()).isTrue();
        }
        assertThat(store.find(KEY)).isNull();
        assertThat(events.names()).containsExactly("claimed", "released");
    }

    @Test
    void aCallersTransactionGoesOnWhenTheKeyIsHeldElsewhere() throws Exception {
        Future<String> first = begin(engine);
        try (CallersTransaction caller = plain.beginCallers()) {
            plain.connection().createStatement().execute("INSERT INTO payment VALUES ('other')");
            assertThat(refused(PAY).reason()).isEqualTo(Reason.NOT_WAITING);
            assertThat(refused(WAITS_SHORTLY).reason()).isEqualTo(Reason.WAITED);
            caller.commit();
        }
        gate.open();
        assertThat(Callers.get(first)).isEqualTo("receipt of run 1");
        assertThat(payments()).isEqualTo(2);
    }

    @Test
    void aClaimThatFailsInACallersTransactionIsNotAskedForAgain() throws Exception {
        IdempotencyStoreException passing = TroubledStore.failure();
        try (CallersTransaction caller = plain.beginCallers()) {
            transactions.failClaim(passing);
            assertThat(catchThrowable(this::pay)).isSameAs(passing);
            assertThat(pay()).isEqualTo("receipt of run 1");
            caller.commit();
        }
        assertThat(payments()).isEqualTo(1);
    }
}
