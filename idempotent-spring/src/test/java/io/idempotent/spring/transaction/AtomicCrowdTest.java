package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.IdempotencyInProgressException;
import io.idempotent.OnOneJdk;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.spring.transaction.AtomicApplication.Caller;
import io.idempotent.spring.transaction.AtomicApplication.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Many callers of atomic operations and ten connections. */
@OnOneJdk("the same waits and locks")
class AtomicCrowdTest {

    private static final int CONNECTIONS = 10;
    private static final int DUPLICATES = 1_000;

    static Stream<Kind> kinds() {
        return Kind.wanted();
    }

    private static AtomicApplication start(Kind kind) {
        return new AtomicApplication(kind, CONNECTIONS, IdempotencySettings.of(Map.of()));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aThousandDuplicatesWaitForOneExecutionWithoutAConnectionThatOthersNeed(Kind kind) throws Exception {
        try (AtomicApplication application = start(kind)) {
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch mayEnd = new CountDownLatch(1);
            application.payments.meanwhile(() -> {
                begun.countDown();
                if (!mayEnd.await(30, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("Nobody let it end");
                }
                return "done";
            });
            Caller<String> first = application.elsewhere(() -> application.payments.payWaiting("crowded", 1));
            assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
            application.payments.meanwhile(null);
            List<Caller<String>> duplicates = new ArrayList<>();
            for (int number = 0; number < DUPLICATES; number++) {
                duplicates.add(application.elsewhere(() -> application.payments.payWaiting("crowded", 1)));
            }
            await().untilAsserted(() -> {
                assertThat(application.pool().getHikariPoolMXBean().getThreadsAwaitingConnection())
                        .isZero();
                assertThat(application.pool().getHikariPoolMXBean().getActiveConnections())
                        .as("that of the execution alone")
                        .isEqualTo(1);
                assertThat(duplicates).allMatch(Caller::isWaiting);
            });

            for (int number = 0; number < 2 * CONNECTIONS; number++) {
                String other = "other-" + number;
                assertThat(application
                                .elsewhere(() -> application.payments.payWaiting(other, 1))
                                .answer())
                        .startsWith(other);
            }
            assertThat(first).isNotDone();
            assertThat(duplicates).noneMatch(Caller::isDone);

            mayEnd.countDown();
            assertThat(first.answer()).isEqualTo("done");
            for (Caller<String> duplicate : duplicates) {
                assertThat(duplicate.answer()).isEqualTo("done");
            }
            assertThat(application.rows("crowded")).isEqualTo(1);
            assertThat(application.payments.runs()).isEqualTo(1 + 2 * CONNECTIONS);
        }
    }

    /** A call in each of as many transactions as there are connections, when the transactions have them all. */
    private static List<Caller<String>> callInTransactions(AtomicApplication application, List<String> ids) {
        CyclicBarrier allTaken = new CyclicBarrier(CONNECTIONS);
        return ids.stream()
                .map(id -> application.elsewhere(() -> application.transaction.execute(status -> {
                    application.pays("work of the caller's own");
                    try {
                        allTaken.await(30, TimeUnit.SECONDS);
                    } catch (Exception failure) {
                        throw new IllegalStateException("Not all transactions began", failure);
                    }
                    return application.payments.payWaiting(id, 1);
                })))
                .toList();
    }

    private static void awaitWithinThePatienceOfThePool(List<Caller<String>> callers) {
        long since = System.nanoTime();
        await().until(() -> callers.stream().allMatch(Caller::isDone));
        assertThat(Duration.ofNanos(System.nanoTime() - since)).isLessThan(AtomicApplication.PATIENCE);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void callersOfOneKeyWhoseTransactionsHoldAllConnectionsGetOneOutcome(Kind kind) throws Exception {
        try (AtomicApplication application = start(kind)) {
            List<Caller<String>> callers = callInTransactions(
                    application, Stream.generate(() -> "a").limit(CONNECTIONS).toList());
            awaitWithinThePatienceOfThePool(callers);
            int refused = 0;
            for (Caller<String> caller : callers) {
                try {
                    assertThat(caller.answer()).isEqualTo("a1");
                } catch (ExecutionException failure) {
                    assertThat(failure).hasCauseInstanceOf(IdempotencyInProgressException.class);
                    refused++;
                }
            }
            assertThat(refused).isZero();
            assertThat(application.payments.runs()).isEqualTo(1);
            assertThat(application.rows("a")).isEqualTo(1);
            assertThat(application.rows("work of the caller's own")).isEqualTo(CONNECTIONS);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void callersOfManyKeysWhoseTransactionsHoldAllConnectionsAllSucceed(Kind kind) throws Exception {
        try (AtomicApplication application = start(kind)) {
            List<String> ids = Stream.iterate(0, number -> number + 1)
                    .limit(CONNECTIONS)
                    .map(number -> "order-" + number)
                    .toList();
            List<Caller<String>> callers = callInTransactions(application, ids);
            awaitWithinThePatienceOfThePool(callers);
            for (int number = 0; number < CONNECTIONS; number++) {
                assertThat(callers.get(number).answer()).startsWith(ids.get(number));
                assertThat(application.rows(ids.get(number))).isEqualTo(1);
                assertThat(application.record("pay", ids.get(number))).isNotNull();
            }
        }
    }
}
