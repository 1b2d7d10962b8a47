package io.idempotent.spring.messaging;

import io.idempotent.IdempotencyInProgressException;
import io.idempotent.spring.operation.ListenerMethod.Delivery;
import io.idempotent.spring.settings.MessagingSettings;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.core.retry.RetryException;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.core.retry.Retryable;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.util.backoff.BackOff;

/**
 * A delivery that is held while another one has its key, or the store fails, and made again by Spring Framework's
 * {@link RetryTemplate}. It is made again only if the method did not run, so that nothing is done twice, and outside of
 * transactions, which have to begin anew. It is its own policy, since whether the method ran is the delivery's.
 *
 * @param delivery makes the call
 * @param settings the pauses, and how long it is held
 * @param closing whether the application is closing, so that the message is given back
 * @param keeping keeps the message from other consumers for another pause, and tells whether that is possible
 */
record HeldDelivery(Delivery delivery, MessagingSettings settings, BooleanSupplier closing, BooleanSupplier keeping)
        implements Retryable<@Nullable Object>, RetryPolicy {

    /** Makes the call, until it is answered or may not be made again. */
    @Nullable
    Object make() throws Throwable {
        try {
            return new RetryTemplate(this).execute(this);
        } catch (RetryException ended) {
            throw ended.getLastException();
        }
    }

    // The type argument says @Nullable, which javac 17 does not read from class files.
    @Override
    @SuppressWarnings("NullAway")
    public @Nullable Object execute() throws Throwable {
        return delivery.make();
    }

    @Override
    public boolean shouldRetry(Throwable failure) {
        return !delivery.hasRun()
                && ListenerAnswer.of(failure) == ListenerAnswer.REDELIVER
                && !isReentrant(failure)
                && !closing.getAsBoolean()
                && !TransactionSynchronizationManager.isActualTransactionActive()
                && keeping.getAsBoolean();
    }

    /** Whether this very thread has the key, which it keeps while it waits. */
    private static boolean isReentrant(Throwable failure) {
        return ListenerAnswer.find(failure) instanceof IdempotencyInProgressException inProgress
                && inProgress.reason() == IdempotencyInProgressException.Reason.REENTRANT;
    }

    @Override
    public BackOff getBackOff() {
        return Redelivery.backOff(settings);
    }

    @Override
    public Duration getTimeout() {
        return settings.holdAtMost();
    }
}
