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
 * <p>Where containers bind their calls, anybody else's call is made as if the method were no listener.
 *
 * @param bound whether containers bind their calls, see {@link ContainerCall}
 * @param acknowledging acknowledges a delivery; null if the container does, or what binds its call
 * @param holds whether messages are held
 * @param settings what is configured
 * @param closing whether the application is closing
 */
record AnsweredListener(
        boolean bound,
        @Nullable Acknowledging acknowledging,
        boolean holds,
        MessagingSettings settings,
        BooleanSupplier closing)
        implements ListenerMethod {

    @Override
    public @Nullable Object answer(@Nullable Object[] arguments, Delivery delivery) throws Throwable {
        if (!bound) {
            return acknowledged(arguments, delivery, () -> true);
        }
        // The container does not call what the method calls.
        ContainerCall call = ContainerCall.bind(null);
        if (call == null) {
            return delivery.make();
        }
        boolean answered = false;
        try {
            Object result = acknowledged(arguments, delivery, call::isKept);
            answered = true;
            return result;
        } finally {
            call.ended(answered, delivery.hasReturned());
            ContainerCall.bind(call);
        }
    }

    private @Nullable Object acknowledged(@Nullable Object[] arguments, Delivery delivery, BooleanSupplier keeping)
            throws Throwable {
        Object result;
        try {
            result = holds ? new HeldDelivery(delivery, settings, closing, keeping).make() : delivery.make();
        } catch (Throwable failure) {
            if (settings.replayedFailures() == ReplayedFailures.THROW || !delivery.isReplay(failure)) {
                throw failure;
            }
            result = null;
        }
        if (acknowledging != null && !delivery.hasReturned()) {
            acknowledging.acknowledge(arguments);
        }
        return result;
    }
}
