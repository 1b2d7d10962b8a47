package io.idempotent.spring.messaging;

import io.idempotent.spring.operation.ListenerMethod;
import io.idempotent.spring.settings.MessagingSettings;
import io.idempotent.spring.settings.MessagingSettings.ReplayedFailures;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Answers the container of one listener method.
 *
 * <ol>
 *   <li>A message whose key is in progress, or whose store fails, is held and tried again if the broker counts
 *       redeliveries.
 *   <li>A failure from an earlier run is thrown, or the message is dropped, which is to acknowledge it.
 *   <li>A delivery that the method does not see, since its outcome is an earlier one, is acknowledged in its place if
 *       the method acknowledges its deliveries itself.
 *   <li>Any other failure is the container's, see {@link ListenerAnswer}.
 * </ol>
 *
 * @param acknowledging acknowledges a delivery; null if the container does
 * @param holds whether messages are held
 * @param settings what is configured
 * @param closing whether the application is closing
 */
record AnsweredListener(
        @Nullable Acknowledging acknowledging, boolean holds, MessagingSettings settings, BooleanSupplier closing)
        implements ListenerMethod {

    @Override
    public @Nullable Object answer(@Nullable Object[] arguments, Delivery delivery) throws Throwable {
        Object result;
        try {
            result = holds ? new HeldDelivery(delivery, settings, closing).make() : delivery.make();
        } catch (Throwable failure) {
            if (settings.replayedFailures() == ReplayedFailures.THROW || !delivery.isReplay(failure)) {
                throw failure;
            }
            result = null;
        }
        if (acknowledging != null && !delivery.hasRun()) {
            acknowledging.acknowledge(arguments);
        }
        return result;
    }
}
