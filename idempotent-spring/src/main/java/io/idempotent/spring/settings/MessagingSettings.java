package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * What can be set for listeners of messages. A null stands for the default.
 *
 * @param redeliveryDelay Pause before the first redelivery of a message whose key is in progress, or whose store fails.
 * @param redeliveryMultiplier By how much each pause is longer than the one before.
 * @param redeliveryMaxDelay The longest pause. With Kafka it has to be shorter than max.poll.interval.ms.
 * @param holdAtMost How long a listener on AMQP, JMS or SQS holds such a message and tries again, before it gives the
 *     message back to the broker, which may count the delivery as a failure. Zero gives it back at once.
 * @param replayedFailures What becomes of a message whose recorded outcome is a failure: it is thrown, as the first
 *     time, or the message is acknowledged.
 * @param jmsDeadLetterQueue Name of the queue that gets a JMS message which no redelivery helps. A message without it
 *     is redelivered until the broker gives up. A blank one is not set.
 * @param sqsDeadLetterQueue Name, URL or ARN of the queue that gets a message of SQS which no redelivery helps. A
 *     message without it comes again until the redrive policy takes it. A blank one is not set.
 */
@ConfigurationProperties("idempotent.messaging")
public record MessagingSettings(
        Duration redeliveryDelay,
        Double redeliveryMultiplier,
        Duration redeliveryMaxDelay,
        Duration holdAtMost,
        ReplayedFailures replayedFailures,
        @Nullable String jmsDeadLetterQueue,
        @Nullable String sqsDeadLetterQueue) {

    /** What becomes of a message whose recorded outcome is a failure. */
    public enum ReplayedFailures {
        /** The failure is thrown, and the container does with the message what it did the first time. */
        THROW,
        /** The message is acknowledged: what there was to do is done. */
        DROP
    }

    /** The settings that hold if nothing is said. */
    public static final MessagingSettings DEFAULTS = SettingRecords.read(MessagingSettings.class, (name, type) -> null);

    /**
     * Makes settings.
     *
     * @throws IdempotencyConfigurationException if a pause is not positive, shrinks, or is longer than the longest
     */
    public MessagingSettings {
        redeliveryDelay = Defaults.or(redeliveryDelay, Duration.ofMillis(200));
        redeliveryMultiplier = Defaults.or(redeliveryMultiplier, 2.0);
        redeliveryMaxDelay = Defaults.or(redeliveryMaxDelay, Duration.ofSeconds(10));
        holdAtMost = Defaults.or(holdAtMost, Duration.ofMinutes(2));
        replayedFailures = Defaults.or(replayedFailures, ReplayedFailures.THROW);
        jmsDeadLetterQueue = Defaults.notBlank(jmsDeadLetterQueue);
        sqsDeadLetterQueue = Defaults.notBlank(sqsDeadLetterQueue);
        check(redeliveryDelay.toMillis() > 0, "redelivery-delay", redeliveryDelay, "at least a millisecond");
        check(redeliveryMultiplier >= 1, "redelivery-multiplier", redeliveryMultiplier, "one or more");
        check(
                redeliveryMaxDelay.compareTo(redeliveryDelay) >= 0,
                "redelivery-max-delay",
                redeliveryMaxDelay,
                "redelivery-delay or more");
        check(!holdAtMost.isNegative(), "hold-at-most", holdAtMost, "zero or more");
    }

    private static void check(boolean holds, String setting, Object value, String demanded) {
        if (!holds) {
            throw new IdempotencyConfigurationException(
                    "idempotent.messaging." + setting + " is " + value, "It has to be " + demanded);
        }
    }
}
