package io.idempotent.spring.messaging.sqs;

import io.awspring.cloud.sqs.listener.SqsHeaders.MessageSystemAttributes;
import io.awspring.cloud.sqs.listener.SqsMessageListenerContainer;
import io.awspring.cloud.sqs.listener.TaskExecutorAware;
import io.awspring.cloud.sqs.listener.acknowledgement.handler.AcknowledgementMode;
import io.awspring.cloud.sqs.listener.errorhandler.AsyncErrorHandler;
import io.idempotent.spring.messaging.ListenerAnswer;
import io.idempotent.spring.messaging.Redelivery;
import io.idempotent.spring.settings.MessagingSettings;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.core.task.TaskExecutor;
import org.springframework.messaging.Message;

/**
 * Does what failures of a container's listener ask for, see {@link IdempotencyErrorHandlers}. The container's own error
 * handler gets the others.
 */
final class AnsweringErrorHandler<T> implements AsyncErrorHandler<T>, TaskExecutorAware {

    private static final Log LOG = LogFactory.getLog(AnsweringErrorHandler.class);

    private final @Nullable AsyncErrorHandler<T> policy;

    private final SqsMessageListenerContainer<T> container;

    private final MessagingSettings settings;

    private final @Nullable DeadLetterQueue deadLetters;

    /**
     * Makes the handler.
     *
     * @param policy the container's own; null if it has none
     * @param deadLetters where messages go that no redelivery helps; null leaves them to the container
     */
    AnsweringErrorHandler(
            @Nullable AsyncErrorHandler<T> policy,
            SqsMessageListenerContainer<T> container,
            MessagingSettings settings,
            @Nullable DeadLetterQueue deadLetters) {
        this.policy = policy;
        this.container = container;
        this.settings = settings;
        this.deadLetters = deadLetters;
    }

    @Override
    public void setTaskExecutor(TaskExecutor executor) {
        if (policy instanceof TaskExecutorAware aware) {
            aware.setTaskExecutor(executor);
        }
    }

    @Override
    public CompletableFuture<Void> handle(Message<T> message, Throwable failure) {
        return answer(
                List.of(message),
                failure,
                () -> policy == null ? CompletableFuture.failedFuture(failure) : policy.handle(message, failure));
    }

    @Override
    public CompletableFuture<Void> handle(Collection<Message<T>> messages, Throwable failure) {
        return answer(
                messages,
                failure,
                () -> policy == null ? CompletableFuture.failedFuture(failure) : policy.handle(messages, failure));
    }

    private CompletableFuture<Void> answer(
            Collection<Message<T>> messages, Throwable failure, Supplier<CompletableFuture<Void>> byPolicy) {
        return switch (ListenerAnswer.of(failure)) {
            case REDELIVER -> failed(failure, redelivered(messages, failure));
            case DEAD_LETTER -> {
                // It would take the others of a batch with it.
                if (deadLetters == null || messages.size() > 1) {
                    yield byPolicy.get();
                }
                yield deadLetters
                        .send(messages.iterator().next(), failure)
                        .exceptionallyCompose(unsent -> failed(failure, CompletableFuture.failedFuture(unsent)));
            }
            case POLICY -> byPolicy.get();
        };
    }

    /** Lets messages be delivered again after a pause. */
    private CompletableFuture<Void> redelivered(Collection<Message<T>> messages, Throwable failure) {
        if (container.getContainerOptions().getAcknowledgementMode() == AcknowledgementMode.ALWAYS) {
            LOG.warn("A message that is to be delivered again is lost, since its container acknowledges each message,"
                    + " whether its listener fails or not; let the acknowledgement mode be ON_SUCCESS or MANUAL");
        }
        return CompletableFuture.allOf(messages.stream()
                .map(message ->
                        VisibilityTimeout.change(message, Redelivery.delay(settings, failure, deliveries(message))))
                .toArray(CompletableFuture[]::new));
    }

    /**
     * Fails when something is done, so that the message is not acknowledged. If that cannot be done, the message is
     * delivered again when its visibility timeout ends.
     */
    private static CompletableFuture<Void> failed(Throwable failure, CompletableFuture<Void> done) {
        return done.handle((ok, undone) -> {
                    if (undone != null) {
                        failure.addSuppressed(undone);
                    }
                    return failure;
                })
                .thenCompose(CompletableFuture::failedFuture);
    }

    private static long deliveries(Message<?> message) {
        String count = message.getHeaders().get(MessageSystemAttributes.SQS_APPROXIMATE_RECEIVE_COUNT, String.class);
        return count == null ? 1 : Long.parseLong(count);
    }
}
