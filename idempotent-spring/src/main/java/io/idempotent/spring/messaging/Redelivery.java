package io.idempotent.spring.messaging;

import io.idempotent.IdempotencyInProgressException;
import io.idempotent.spring.settings.MessagingSettings;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import org.springframework.core.Ordered;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.util.backoff.ExponentialBackOff;

/** How long a message waits that is to be delivered again. */
public final class Redelivery {

    // A container that stops waits for its listeners; this is how long it waits for a pause.
    private static final long STEP_MILLIS = 20;

    private Redelivery() {}

    /**
     * Makes the pauses between deliveries of one message: each longer than the one before up to a longest, with jitter,
     * and without an end.
     */
    public static ExponentialBackOff backOff(MessagingSettings settings) {
        ExponentialBackOff backOff =
                new ExponentialBackOff(settings.redeliveryDelay().toMillis(), settings.redeliveryMultiplier());
        // Without jitter, consumers that met at one key come back together.
        backOff.setJitter(settings.redeliveryDelay().toMillis());
        backOff.setMaxInterval(settings.redeliveryMaxDelay().toMillis());
        return backOff;
    }

    /**
     * Tells how long a message waits until it is delivered again, which is no longer than the longest pause. A key in
     * progress says {@linkplain IdempotencyInProgressException#retryAfter how long}; otherwise each pause is longer
     * than the one before.
     *
     * @param failure what asks for the redelivery
     * @param deliveries how often the message was delivered
     */
    public static Duration delay(MessagingSettings settings, Throwable failure, long deliveries) {
        long longest = settings.redeliveryMaxDelay().toMillis();
        long delay = settings.redeliveryDelay().toMillis();
        long asked = ListenerAnswer.find(failure) instanceof IdempotencyInProgressException inProgress
                ? inProgress.retryAfter().toMillis()
                : (long) (delay * Math.pow(settings.redeliveryMultiplier(), deliveries - 1.0));
        return Duration.ofMillis(Math.min(
                longest, Math.min(longest, asked) + ThreadLocalRandom.current().nextLong(delay)));
    }

    /**
     * Waits before a message is given back to its broker, for its {@link #delay}.
     *
     * <p>In a transaction it waits when the transaction has ended, and before the message is given back if that is done
     * after the transaction, so that nothing is locked meanwhile.
     *
     * @param failure what asks for the redelivery
     * @param deliveries how often the message was delivered
     * @param stopping whether the container is stopping, which ends the pause
     */
    public static void pause(MessagingSettings settings, Throwable failure, long deliveries, BooleanSupplier stopping) {
        long millis = delay(settings, failure, deliveries).toMillis();
        if (TransactionSynchronizationManager.isActualTransactionActive()
                && TransactionSynchronizationManager.isSynchronizationActive()) {
            TransactionSynchronizationManager.registerSynchronization(new AfterTransaction(millis, stopping));
        } else {
            pause(millis, stopping);
        }
    }

    private static void pause(long millis, BooleanSupplier stopping) {
        long end = System.nanoTime() + Duration.ofMillis(millis).toNanos();
        try {
            while (System.nanoTime() - end < 0 && !stopping.getAsBoolean()) {
                Thread.sleep(Math.min(STEP_MILLIS, millis));
            }
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
        }
    }

    /** Comes before the synchronizations by which messages are given back. */
    private record AfterTransaction(long millis, BooleanSupplier stopping)
            implements TransactionSynchronization, Ordered {

        @Override
        public int getOrder() {
            return Ordered.HIGHEST_PRECEDENCE;
        }

        @Override
        public void afterCompletion(int status) {
            pause(millis, stopping);
        }
    }
}
