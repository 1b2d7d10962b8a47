package io.idempotent.spring.messaging;

import io.idempotent.spring.settings.MessagingSettings;
import org.springframework.util.backoff.ExponentialBackOff;

/** How long a message waits that is to be delivered again. */
public final class Redelivery {

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
}
