package io.idempotent.spring.messaging.kafka;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.settings.MessagingSettings;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.jspecify.annotations.Nullable;
import org.springframework.kafka.listener.ConsumerRecordRecoverer;
import org.springframework.kafka.listener.ContainerProperties.EOSMode;
import org.springframework.kafka.listener.DefaultAfterRollbackProcessor;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.kafka.listener.MessageListenerContainer;
import org.springframework.kafka.listener.RetryListener;
import org.springframework.util.backoff.BackOff;

/**
 * Makes Spring Kafka's own error handlers do what an idempotent listener's answer asks for. Containers of listener
 * methods without an error handler get one before they start. An application that has its own makes it here, with its
 * recoverer and its back-off:
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
 *   <li>A record that no redelivery helps goes to the recoverer at once. In a batch, the listener has to name it by a
 *       {@code BatchListenerFailedException}; the batch's failure counts as the listener's own otherwise.
 *   <li>Any other failure is repeated as the application's back-off says, and then goes to the recoverer.
 * </ol>
 *
 * <p>Set neither another back-off function nor whether a changed exception resets the state on what is made here, since
 * these rules are one.
 */
public final class IdempotencyErrorHandlers {

    /** How long Kafka waits for the next poll of a consumer if nothing is configured, in milliseconds. */
    private static final long DEFAULT_MAX_POLL_INTERVAL = 300_000;

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
        return new ErrorHandler(recoverer, new Answers(backOff, settings));
    }

    /**
     * Makes what follows the rollback of a Kafka transaction, for containers with a Kafka transaction manager.
     *
     * @param recoverer gets the records that are given up; null logs them, as Spring Kafka does
     * @param backOff how often and when the listener's own failures are repeated
     * @param settings the pauses before redeliveries
     */
    public static <K, V> DefaultAfterRollbackProcessor<K, V> afterRollbackProcessor(
            @Nullable ConsumerRecordRecoverer recoverer, BackOff backOff, MessagingSettings settings) {
        return new RollbackProcessor<>(recoverer, new Answers(backOff, settings));
    }

    /** Whether this class made what handles failures. */
    static boolean isMadeHere(Object handler) {
        return handler instanceof ErrorHandler || handler instanceof RollbackProcessor<?, ?>;
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
                            + ", and Kafka takes a consumer for dead after max.poll.interval.ms = " + interval,
                    "Make the delay shorter, or the interval longer");
        }
    }

    private static RetryListener[] with(Answers answers, RetryListener... listeners) {
        return Stream.concat(Stream.of(answers), Stream.of(listeners)).toArray(RetryListener[]::new);
    }

    private static final class ErrorHandler extends DefaultErrorHandler {

        private final Answers answers;

        ErrorHandler(@Nullable ConsumerRecordRecoverer recoverer, Answers answers) {
            super(recoverer, answers);
            this.answers = answers;
            // Each record keeps one back-off, which tells the kinds of its failures apart.
            setResetStateOnExceptionChange(false);
            super.setRetryListeners(answers);
        }

        @Override
        public void setRetryListeners(RetryListener... listeners) {
            super.setRetryListeners(with(answers, listeners));
        }

        @Override
        public void clearThreadState() {
            super.clearThreadState();
            answers.forget();
        }

        @Override
        public void handleRemaining(
                Exception failure,
                List<ConsumerRecord<?, ?>> records,
                Consumer<?, ?> consumer,
                MessageListenerContainer container) {
            try {
                super.handleRemaining(failure, records, consumer, container);
            } finally {
                answers.pauseIfStuck(container);
            }
        }

        @Override
        public <K, V> ConsumerRecords<K, V> handleBatchAndReturnRemaining(
                Exception failure,
                ConsumerRecords<?, ?> records,
                Consumer<?, ?> consumer,
                MessageListenerContainer container,
                Runnable listener) {
            try {
                return super.handleBatchAndReturnRemaining(failure, records, consumer, container, listener);
            } finally {
                answers.pauseIfStuck(container);
            }
        }

        @Override
        public void handleBatch(
                Exception failure,
                ConsumerRecords<?, ?> records,
                Consumer<?, ?> consumer,
                MessageListenerContainer container,
                Runnable listener) {
            try {
                super.handleBatch(failure, records, consumer, container, listener);
            } finally {
                answers.pauseIfStuck(container);
            }
        }
    }

    private static final class RollbackProcessor<K, V> extends DefaultAfterRollbackProcessor<K, V> {

        private final Answers answers;

        RollbackProcessor(@Nullable ConsumerRecordRecoverer recoverer, Answers answers) {
            super(recoverer, answers);
            this.answers = answers;
            setResetStateOnExceptionChange(false);
            super.setRetryListeners(answers);
        }

        @Override
        public void setRetryListeners(RetryListener... listeners) {
            super.setRetryListeners(with(answers, listeners));
        }

        @Override
        public void clearThreadState() {
            super.clearThreadState();
            answers.forget();
        }

        @Override
        public void process(
                List<ConsumerRecord<K, V>> records,
                Consumer<K, V> consumer,
                @Nullable MessageListenerContainer container,
                Exception failure,
                boolean recoverable,
                EOSMode mode) {
            try {
                super.process(records, consumer, container, failure, recoverable, mode);
            } finally {
                if (container != null) {
                    answers.pauseIfStuck(container);
                }
            }
        }
    }
}
