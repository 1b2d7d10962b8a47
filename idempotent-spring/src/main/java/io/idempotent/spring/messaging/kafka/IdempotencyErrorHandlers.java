package io.idempotent.spring.messaging.kafka;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.messaging.ListenerAnswer;
import io.idempotent.spring.messaging.Redelivery;
import io.idempotent.spring.settings.MessagingSettings;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.jspecify.annotations.Nullable;
import org.springframework.kafka.core.KafkaOperations;
import org.springframework.kafka.listener.ConsumerRecordRecoverer;
import org.springframework.kafka.listener.DefaultAfterRollbackProcessor;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.util.backoff.BackOff;
import org.springframework.util.backoff.FixedBackOff;

/**
 * Makes Spring Kafka's own error handlers do what an idempotent listener's answer asks for. Spring Boot installs one
 * where the application has none. An application that has its own makes it here, with its recoverer and its back-off:
 *
 * <pre>{@code
 * @Bean
 * DefaultErrorHandler errorHandler(KafkaOperations<?, ?> operations, IdempotencySettings settings) {
 *     return IdempotencyErrorHandlers.errorHandler(
 *             new DeadLetterPublishingRecoverer(operations), new FixedBackOff(1_000, 5), settings.messaging());
 * }
 * }</pre>
 *
 * <ol>
 *   <li>A record whose key is in progress, whose claim was lost, or whose store fails, is delivered again after a
 *       pause, as often as it takes. The recoverer never gets it, and the application's back-off does not count it.
 *       Records behind it in its partition wait.
 *   <li>A record that no redelivery helps goes to the recoverer at once.
 *   <li>Any other failure is repeated as the application's back-off says, and then goes to the recoverer.
 * </ol>
 *
 * <p>Do not set another back-off function on what is made here, since these rules are one.
 */
public final class IdempotencyErrorHandlers {

    /** How long Kafka waits for the next poll of a consumer if nothing is configured, in milliseconds. */
    private static final long DEFAULT_MAX_POLL_INTERVAL = 300_000;

    private static final BackOff NONE = new FixedBackOff(0, 0);

    private IdempotencyErrorHandlers() {}

    /**
     * Makes an error handler for containers without Kafka transactions.
     *
     * @param recoverer gets the records that are given up; null logs them, as Spring Kafka does
     * @param backOff how often and when the listener's own failures are repeated
     * @param settings the pauses before redeliveries
     */
    public static DefaultErrorHandler errorHandler(
            @Nullable ConsumerRecordRecoverer recoverer, BackOff backOff, MessagingSettings settings) {
        // The redelivery's back-off first: one that never repeats would switch off the function below.
        DefaultErrorHandler handler = new DefaultErrorHandler(recoverer, Redelivery.backOff(settings));
        handler.setBackOffFunction((record, failure) -> backOff(failure, backOff, settings));
        return handler;
    }

    /**
     * Makes what follows the rollback of a Kafka transaction, for containers with a Kafka transaction manager.
     *
     * @param recoverer gets the records that are given up; null logs them, as Spring Kafka does
     * @param backOff how often and when the listener's own failures are repeated
     * @param settings the pauses before redeliveries
     * @param operations sends the offset of a record that is given up, in a transaction of its own; not null if the
     *     recoverer sends records by them
     */
    public static <K, V> DefaultAfterRollbackProcessor<K, V> afterRollbackProcessor(
            @Nullable ConsumerRecordRecoverer recoverer,
            BackOff backOff,
            MessagingSettings settings,
            @Nullable KafkaOperations<?, ?> operations) {
        DefaultAfterRollbackProcessor<K, V> processor = new DefaultAfterRollbackProcessor<>(
                recoverer, Redelivery.backOff(settings), operations, operations != null);
        processor.setBackOffFunction((record, failure) -> backOff(failure, backOff, settings));
        return processor;
    }

    /**
     * Refuses pauses that are longer than Kafka waits for the next poll: the group would take the consumer for dead,
     * and its partitions away.
     *
     * @param consumer the consumer's configuration
     * @throws IdempotencyConfigurationException if redelivery-max-delay is as long as max.poll.interval.ms, or longer
     */
    public static void checkPauses(MessagingSettings settings, Map<String, Object> consumer) {
        Object configured = consumer.get(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG);
        long interval = configured == null ? DEFAULT_MAX_POLL_INTERVAL : Long.parseLong(configured.toString());
        if (settings.redeliveryMaxDelay().toMillis() >= interval) {
            throw new IdempotencyConfigurationException(
                    "idempotent.messaging.redelivery-max-delay is " + settings.redeliveryMaxDelay()
                            + ", and Kafka takes" + " a consumer for dead after max.poll.interval.ms = " + interval,
                    "Make the delay shorter, or the interval longer");
        }
    }

    private static BackOff backOff(@Nullable Exception failure, BackOff policy, MessagingSettings settings) {
        return failure == null
                ? policy
                : switch (ListenerAnswer.of(failure)) {
                    case REDELIVER -> Redelivery.backOff(settings);
                    case DEAD_LETTER -> NONE;
                    case POLICY -> policy;
                };
    }
}
