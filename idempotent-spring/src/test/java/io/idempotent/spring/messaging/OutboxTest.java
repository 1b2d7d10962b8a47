package io.idempotent.spring.messaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.OnOneJdk;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.messaging.OutboxApplication.OrderPlaced;
import io.idempotent.spring.messaging.OutboxApplication.Orders;
import io.idempotent.spring.messaging.OutboxApplication.Shipments;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.modulith.events.ApplicationModuleListener;
import org.springframework.modulith.events.ResubmissionOptions;
import org.springframework.scheduling.annotation.Async;
import org.springframework.transaction.event.TransactionalEventListener;

/** An outbox: Spring Modulith's registry of event publications, and listeners that are idempotent. */
@OnOneJdk("what a registry publishes is no question of the JDK")
@ParameterizedClass
@ValueSource(classes = {OutboxTest.Leased.class, OutboxTest.Atomic.class})
class OutboxTest {

    private final OutboxApplication application;
    private final Shipments shipments;

    OutboxTest(Class<? extends Shipments> listener) {
        application = new OutboxApplication(listener);
        shipments = application.bean(listener);
    }

    @AfterEach
    void close() {
        application.close();
    }

    @Test
    void anEventIsPublishedWhenItsTransactionCommits() {
        application.orders().place("4711", () -> assertThat(shipments.runs).hasValue(0));

        application.awaitCompleted(1);
        assertThat(application.shipped()).containsExactly("4711");
    }

    @Test
    void anEventIsNotPublishedIfItsTransactionIsRolledBack() {
        Orders orders = application.orders();

        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> orders.place("4711", Shipments::fail));

        assertThat(application.publications()).isEmpty();
        assertThat(shipments.runs).hasValue(0);
    }

    @Test
    void anOperationThatIsReplayedPublishesNothingMore() {
        application.orders().place("4711", () -> {});
        application.orders().place("4711", () -> {});

        application.awaitCompleted(1);
        assertThat(application.shipped()).containsExactly("4711");
        assertThat(application.publications()).hasSize(1);
    }

    @Test
    void anEventWhoseListenerFailsIsPublishedAgainAndItsEffectsHappenOnce() {
        shipments.atTheEnd = Shipments::fail;
        application.orders().place("4711", () -> {});
        application.awaitFailed(1);
        assertThat(application.shipped()).isEmpty();

        shipments.atTheEnd = () -> {};
        application.incomplete().resubmitIncompletePublications(ResubmissionOptions.defaults());

        application.awaitCompleted(1);
        assertThat(application.shipped()).containsExactly("4711");
        assertThat(shipments.runs).hasValue(2);
    }

    @Test
    void anEventWhoseCompletionIsLostIsPublishedAgainAndReplayed() {
        application.orders().place("4711", () -> {});
        application.awaitCompleted(1);

        application.loseCompletions();
        application.incomplete().resubmitIncompletePublicationsOlderThan(Duration.ZERO);

        application.awaitCompleted(1);
        assertThat(application.replays()).isEqualTo(1);
        assertThat(application.shipped()).containsExactly("4711");
        assertThat(shipments.runs).hasValue(1);
    }

    @Test
    void anEventThatIsPublishedAgainBeforeItsListenerFinishesHasItsEffectsOnce() {
        Held held = new Held();
        shipments.atTheEnd = held;
        application.orders().place("4711", () -> {});
        held.awaitEntered();

        try (OutboxApplication other = application.anotherInstance()) {
            other.incomplete().resubmitIncompletePublications(any -> true);
            other.awaitRefused(1);
            other.awaitFailed(1);
            held.release();
            application.awaitCompleted(1);
        }

        assertThat(application.shipped()).containsExactly("4711");
        assertThat(shipments.runs).hasValue(1);
    }

    @Test
    void anEventThatWasInProgressElsewhereComesAgainIfItsListenerFailsThere() {
        Held held = new Held();
        shipments.atTheEnd = () -> {
            held.run();
            Shipments.fail();
        };
        application.orders().place("4711", () -> {});
        held.awaitEntered();

        try (OutboxApplication other = application.anotherInstance()) {
            other.incomplete().resubmitIncompletePublications(any -> true);
            other.awaitRefused(1);
            other.awaitFailed(1);
            held.release();
            application.awaitReleased(1);
            application.awaitFailed(1);
            other.incomplete().resubmitIncompletePublications(ResubmissionOptions.defaults());
            other.awaitCompleted(1);
        }

        assertThat(application.shipped()).containsExactly("4711");
        assertThat(shipments.runs).hasValue(1);
    }

    @Test
    void anEventThatIsTakenForStaleWhileItsListenerRunsHasItsEffectsOnce() {
        Held held = new Held();
        shipments.atTheEnd = held;
        application.orders().place("4711", () -> {});
        held.awaitEntered();

        application.takeForStale();
        application.incomplete().resubmitIncompletePublications(ResubmissionOptions.defaults());
        application.awaitRefused(1);
        application.awaitFailed(1);
        held.release();
        application.awaitCompleted(1);

        assertThat(application.shipped()).containsExactly("4711");
        assertThat(shipments.runs).hasValue(1);
    }

    /** Spring Modulith's listener: its transaction begins within the execution, and is its own. */
    static class Leased extends Shipments {

        @ApplicationModuleListener
        @Idempotent(key = "#event.id", operation = "ship")
        public void on(OrderPlaced event) {
            ship(event);
        }
    }

    /** The same without a transaction of its own, so that the record's is its transaction. */
    static class Atomic extends Shipments {

        @Async
        @TransactionalEventListener
        @Idempotent(key = "#event.id", operation = "ship", atomic = true)
        public void on(OrderPlaced event) {
            ship(event);
        }
    }

    /** Holds who runs it. */
    private static final class Held implements Runnable {

        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);

        @Override
        public void run() {
            entered.countDown();
            await(released);
        }

        void awaitEntered() {
            await(entered);
        }

        void release() {
            released.countDown();
        }

        private static void await(CountDownLatch latch) {
            try {
                assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException interruption) {
                throw new IllegalStateException(interruption);
            }
        }
    }
}
