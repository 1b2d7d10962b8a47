package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Statements are cancelled when they are late, and at no other time. */
final class StatementTimeoutsTest {

    private static final Duration INTERVAL = Duration.ofMillis(2);

    private final AtomicInteger cancelled = new AtomicInteger();
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long AN_HOUR = Duration.ofHours(1).toNanos();

    private final StatementTimeouts timeouts = new StatementTimeouts(INTERVAL, 5, PATIENCE);
    private final Statement statement = statement(cancelled::incrementAndGet);

    private interface Cancellation {
        void run() throws Exception;
    }

    private static Statement statement(Cancellation cancellation) {
        return (Statement) Proxy.newProxyInstance(
                Statement.class.getClassLoader(), new Class<?>[] {Statement.class}, (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("cancel");
                    cancellation.run();
                    return null;
                });
    }

    /** One whose connection can be cut. */
    private static Statement statement(Cancellation cancellation, Runnable cut) {
        Connection connection = (Connection) Proxy.newProxyInstance(
                Connection.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("abort");
                    cut.run();
                    return null;
                });
        return (Statement) Proxy.newProxyInstance(
                Statement.class.getClassLoader(), new Class<?>[] {Statement.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection")) {
                        return connection;
                    }
                    assertThat(method.getName()).isEqualTo("cancel");
                    cancellation.run();
                    return null;
                });
    }

    /** Begins something that is late at once, and waits until it has been cancelled. */
    private static void awaitCancellation(StatementTimeouts timeouts) throws Exception {
        CompletableFuture<Boolean> cancelled = new CompletableFuture<>();
        StatementTimeouts.Running late = timeouts.begin(statement(() -> cancelled.complete(true)), 0);
        assertThat(cancelled.get(20, TimeUnit.SECONDS)).isTrue();
        late.end();
    }

    @Test
    void aStatementThatTakesTooLongIsCancelledOnce() throws Exception {
        StatementTimeouts.Running late = timeouts.begin(statement, 0);
        await().until(() -> cancelled.get() == 1);
        awaitCancellation(timeouts);
        awaitCancellation(timeouts);
        assertThat(cancelled).hasValue(1);
        late.end();
        awaitCancellation(timeouts);
        assertThat(cancelled).hasValue(1);
    }

    @Test
    void oneThatHasTimeLeftOrHasEndedIsNotCancelled() throws Exception {
        StatementTimeouts.Running inTime = timeouts.begin(statement, AN_HOUR);
        StatementTimeouts.Running ended = new StatementTimeouts(Duration.ofHours(1), 1, PATIENCE).begin(statement, 0);
        ended.end();
        ended.look(System.nanoTime());
        awaitCancellation(timeouts);
        awaitCancellation(timeouts);
        inTime.end();
        assertThat(cancelled).hasValue(0);
    }

    @Test
    void aStatementEndsAfterItsCancellationSoThatTheNextOnItsConnectionIsNotHit() throws Exception {
        CountDownLatch cancelling = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        StatementTimeouts.Running late = timeouts.begin(
                statement(() -> {
                    cancelling.countDown();
                    assertThat(mayEnd.await(20, TimeUnit.SECONDS)).isTrue();
                }),
                0);
        assertThat(cancelling.await(20, TimeUnit.SECONDS)).isTrue();
        Thread user = new Thread(late::end);
        user.start();
        await().until(() -> user.getState() == Thread.State.TIMED_WAITING);
        mayEnd.countDown();
        user.join(20_000);
        assertThat(user.isAlive()).isFalse();
    }

    @Test
    void aCancellationThatFailsKeepsNoOtherFromBeingMade() throws Exception {
        timeouts.begin(
                statement(() -> {
                    throw new SQLException("The line is down");
                }),
                0);
        timeouts.begin(
                statement(() -> {
                    throw new UnsupportedOperationException();
                }),
                0);
        awaitCancellation(timeouts);
        awaitCancellation(timeouts);
    }

    @Test
    void aCancellationThatHangsKeepsNoOtherFromBeingMade() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        CountDownLatch hanging = new CountDownLatch(3);
        for (int number = 0; number < 3; number++) {
            timeouts.begin(
                    statement(() -> {
                        hanging.countDown();
                        never.await();
                    }),
                    0);
        }
        assertThat(hanging.await(20, TimeUnit.SECONDS)).isTrue();
        awaitCancellation(timeouts);
        never.countDown();
    }

    @Test
    void theConnectionOfAStatementThatRunsOnAfterItsCancellationIsCutOnce() throws Exception {
        StatementTimeouts impatient = new StatementTimeouts(INTERVAL, 5, Duration.ofMillis(1));
        AtomicInteger cuts = new AtomicInteger();
        StatementTimeouts.Running late =
                impatient.begin(statement(cancelled::incrementAndGet, cuts::incrementAndGet), 0);
        await().until(() -> cuts.get() > 0);
        awaitCancellation(impatient);
        awaitCancellation(impatient);
        late.end();
        assertThat(cuts).hasValue(1);
        assertThat(cancelled).hasValue(1);
    }

    @Test
    void aStatementEndsThoughItsCancellationHangsAndItsConnectionIsCut() throws Exception {
        StatementTimeouts impatient = new StatementTimeouts(INTERVAL, 5, Duration.ofMillis(50));
        CountDownLatch cancelling = new CountDownLatch(1);
        CountDownLatch cut = new CountDownLatch(1);
        StatementTimeouts.Running late = impatient.begin(
                statement(
                        () -> {
                            cancelling.countDown();
                            cut.await();
                        },
                        cut::countDown),
                0);
        assertThat(cancelling.await(20, TimeUnit.SECONDS)).isTrue();
        late.end();
        assertThat(cut.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void theThreadEndsWhenThereIsNothingToLookAtAndComesBack() throws Exception {
        for (int time = 0; time < 3; time++) {
            assertThat(timeouts.isWatched()).isFalse();
            StatementTimeouts.Running running = timeouts.begin(statement, AN_HOUR);
            awaitCancellation(timeouts);
            assertThat(timeouts.isWatched()).isTrue();
            running.end();
            await().until(() -> !timeouts.isWatched());
        }
    }

    @Test
    void aStatementThatBeginsWhenTheThreadEndsIsLookedAtAllTheSame() throws Exception {
        // Thinks of ending before it has looked once.
        StatementTimeouts hasty = new StatementTimeouts(Duration.ofNanos(1), 0, PATIENCE);
        for (int time = 0; time < 1_000; time++) {
            awaitCancellation(hasty);
        }
    }
}
