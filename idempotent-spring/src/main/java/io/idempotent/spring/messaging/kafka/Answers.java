package io.idempotent.spring.messaging.kafka;

import io.idempotent.spring.messaging.ListenerAnswer;
import io.idempotent.spring.messaging.Redelivery;
import io.idempotent.spring.settings.MessagingSettings;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.jspecify.annotations.Nullable;
import org.springframework.kafka.listener.BatchListenerFailedException;
import org.springframework.kafka.listener.ListenerUtils;
import org.springframework.kafka.listener.MessageListenerContainer;
import org.springframework.kafka.listener.RetryListener;
import org.springframework.util.backoff.BackOff;
import org.springframework.util.backoff.BackOffExecution;

/**
 * How long a record waits that failed, by its latest failure. Spring Kafka asks for a back-off when a record fails for
 * the first time, and tells each failure, on the consumer's thread, before it asks that back-off for the next pause.
 *
 * <ol>
 *   <li>What is to be delivered again has pauses without an end, and does not count.
 *   <li>What goes to the dead letters has none. A batch that does not say which of its records failed is not put aside
 *       as a whole: its failure counts as the listener's own.
 *   <li>A failure of the listener's own is counted by the application's back-off, anew if it is of another type, as
 *       Spring Kafka does.
 *   <li>A record that could not be put aside waits for the longest pause before it comes again.
 * </ol>
 */
final class Answers implements RetryListener, BackOff {

    private final BackOff policy;
    private final MessagingSettings settings;

    // By the threads of the consumers, as Spring Kafka keeps the state of its records.
    private final Map<Thread, Failed> latest = new ConcurrentHashMap<>();
    private final Set<Thread> stuck = ConcurrentHashMap.newKeySet();

    Answers(BackOff policy, MessagingSettings settings) {
        this.policy = policy;
        this.settings = settings;
    }

    @Override
    public void failedDelivery(ConsumerRecord<?, ?> failed, @Nullable Exception failure, int attempt) {
        latest.put(Thread.currentThread(), Failed.of(failure));
    }

    @Override
    public void failedDelivery(ConsumerRecords<?, ?> failed, @Nullable Exception failure, int attempt) {
        Failed found = Failed.of(failure);
        boolean together = found.answer() == ListenerAnswer.DEAD_LETTER && !namesItsRecord(failure);
        latest.put(Thread.currentThread(), together ? new Failed(failure, ListenerAnswer.POLICY) : found);
    }

    private static boolean namesItsRecord(@Nullable Throwable failure) {
        for (Throwable next = failure; next != null; next = next.getCause()) {
            if (next instanceof BatchListenerFailedException) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void recoveryFailed(ConsumerRecord<?, ?> kept, @Nullable Exception failure, Exception ofRecovery) {
        stuck.add(Thread.currentThread());
    }

    @Override
    public void recoveryFailed(ConsumerRecords<?, ?> kept, @Nullable Exception failure, Exception ofRecovery) {
        stuck.add(Thread.currentThread());
    }

    /** Pauses if a record could not be put aside since this was asked last. Ends when the container stops. */
    void pauseIfStuck(MessageListenerContainer container) {
        if (stuck.remove(Thread.currentThread())) {
            try {
                ListenerUtils.stoppableSleep(
                        container, settings.redeliveryMaxDelay().toMillis());
            } catch (InterruptedException interrupt) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Forgets the failures of this thread's consumer. */
    void forget() {
        latest.remove(Thread.currentThread());
        stuck.remove(Thread.currentThread());
    }

    @Override
    public BackOffExecution start() {
        return new OfOneRecord();
    }

    private record Failed(@Nullable Exception failure, ListenerAnswer answer) {

        static Failed of(@Nullable Exception failure) {
            return new Failed(failure, failure == null ? ListenerAnswer.POLICY : ListenerAnswer.of(failure));
        }
    }

    private final class OfOneRecord implements BackOffExecution {

        private final BackOffExecution redelivery = Redelivery.backOff(settings).start();
        private BackOffExecution own = policy.start();
        private @Nullable Throwable ownBefore;

        @Override
        public long nextBackOff() {
            Failed failed = latest.get(Thread.currentThread());
            if (failed == null) {
                return own.nextBackOff();
            }
            return switch (failed.answer()) {
                case REDELIVER -> redelivery.nextBackOff();
                case DEAD_LETTER -> STOP;
                case POLICY -> nextOwn(failed.failure());
            };
        }

        private long nextOwn(@Nullable Throwable failure) {
            Throwable cause = failure == null || failure.getCause() == null ? failure : failure.getCause();
            if (ownBefore != null && cause != null && !cause.getClass().isInstance(ownBefore)) {
                own = policy.start();
            }
            ownBefore = cause;
            return own.nextBackOff();
        }
    }
}
