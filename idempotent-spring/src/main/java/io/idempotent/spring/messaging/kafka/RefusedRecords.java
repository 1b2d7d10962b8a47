package io.idempotent.spring.messaging.kafka;

import io.idempotent.spring.messaging.ListenerAnswer;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.springframework.kafka.core.KafkaOperations;
import org.springframework.kafka.listener.ConsumerAwareRecordRecoverer;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.support.KafkaUtils;

/**
 * Sends the records that an idempotent listener refuses to the topic that Spring Kafka names for them, {@code
 * <topic>-dlt}. A record that is given up after failures of the listener's own is logged and skipped, as Spring Kafka
 * does without a recoverer; an application that wants more declares a recoverer.
 */
public final class RefusedRecords implements ConsumerAwareRecordRecoverer {

    private static final Log LOG = LogFactory.getLog(RefusedRecords.class);

    private final @Nullable DeadLetterPublishingRecoverer deadLetters;

    /**
     * Makes a recoverer.
     *
     * @param operations sends dead letters; null logs them
     */
    public RefusedRecords(@Nullable KafkaOperations<?, ?> operations) {
        this.deadLetters = operations == null ? null : new DeadLetterPublishingRecoverer(operations);
    }

    @Override
    public void accept(ConsumerRecord<?, ?> record, @Nullable Consumer<?, ?> consumer, @Nullable Exception failure) {
        if (deadLetters != null && failure != null && ListenerAnswer.of(failure) == ListenerAnswer.DEAD_LETTER) {
            deadLetters.accept(record, consumer, failure);
        } else {
            LOG.error("The record " + KafkaUtils.format(record) + " is given up, and skipped", failure);
        }
    }
}
