package io.idempotent.spring.messaging.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyInProgressException;
import io.idempotent.IdempotencyInProgressException.Reason;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.spring.settings.MessagingSettings;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.junit.jupiter.api.Test;
import org.springframework.kafka.listener.BatchListenerFailedException;
import org.springframework.kafka.listener.ListenerExecutionFailedException;
import org.springframework.util.backoff.BackOffExecution;
import org.springframework.util.backoff.FixedBackOff;

/** How long a record waits after each of its failures. */
class AnswersTest {

    private static final ConsumerRecord<String, String> FAILED = new ConsumerRecord<>("topic", 0, 0, "key", "value");
    private static final long POLICY = 7;

    private final Answers answers = new Answers(new FixedBackOff(POLICY, 9), MessagingSettings.DEFAULTS);
    private final BackOffExecution execution = answers.start();

    @Test
    void aFailureOfTheListenersOwnIsCountedThoughTheRecordWasInProgressBefore() {
        for (int time = 0; time < 30; time++) {
            assertThat(next(inProgress())).isPositive();
        }
        // Not a type of its own: in progress is one of its subtypes.
        for (int time = 0; time < 9; time++) {
            assertThat(next(new RuntimeException("planted"))).isEqualTo(POLICY);
        }
        assertThat(next(new RuntimeException("planted"))).isEqualTo(BackOffExecution.STOP);
    }

    @Test
    void whatIsInProgressDoesNotCountAmongFailuresOfTheListenersOwn() {
        for (int time = 0; time < 9; time++) {
            assertThat(next(new RuntimeException("planted"))).isEqualTo(POLICY);
        }
        for (int time = 0; time < 30; time++) {
            assertThat(next(inProgress())).isNotEqualTo(BackOffExecution.STOP);
        }
        assertThat(next(new RuntimeException("planted"))).isEqualTo(BackOffExecution.STOP);
    }

    @Test
    void aFailureOfAnotherTypeIsCountedAnewAsSpringKafkaDoes() {
        for (int time = 0; time < 9; time++) {
            assertThat(next(new IllegalStateException("planted"))).isEqualTo(POLICY);
        }
        assertThat(next(new IllegalArgumentException("planted"))).isEqualTo(POLICY);
    }

    @Test
    void whatNoRedeliveryHelpsEndsAtOnceThoughTheRecordWasInProgressBefore() {
        assertThat(next(inProgress())).isPositive();
        assertThat(next(refused())).isEqualTo(BackOffExecution.STOP);
    }

    @Test
    void aBatchIsPutAsideOnlyByTheRecordThatItNames() {
        ConsumerRecords<String, String> batch = new ConsumerRecords<>(Map.of(), Map.of());

        answers.failedDelivery(batch, wrapped(refused()), 1);
        assertThat(execution.nextBackOff()).isEqualTo(POLICY);

        answers.failedDelivery(batch, wrapped(new BatchListenerFailedException("planted", refused(), FAILED)), 1);
        assertThat(execution.nextBackOff()).isEqualTo(BackOffExecution.STOP);
    }

    private long next(Exception failure) {
        answers.failedDelivery(FAILED, wrapped(failure), 1);
        return execution.nextBackOff();
    }

    private static Exception wrapped(Exception failure) {
        return new ListenerExecutionFailedException("planted", failure);
    }

    private static Exception inProgress() {
        return new IdempotencyInProgressException(
                IdempotencyKey.of("operation", "key"), Reason.NOT_WAITING, Duration.ZERO);
    }

    private static Exception refused() {
        return new IdempotencyKeyException("operation", "planted");
    }
}
