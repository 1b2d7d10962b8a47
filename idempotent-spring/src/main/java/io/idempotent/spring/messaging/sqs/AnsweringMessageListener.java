package io.idempotent.spring.messaging.sqs;

import io.awspring.cloud.sqs.MessageExecutionThread;
import io.awspring.cloud.sqs.MessagingHeaders;
import io.awspring.cloud.sqs.listener.AsyncMessageListener;
import io.awspring.cloud.sqs.listener.SqsMessageListenerContainer;
import io.awspring.cloud.sqs.listener.TaskExecutorAware;
import io.awspring.cloud.sqs.listener.acknowledgement.Acknowledgement;
import io.idempotent.spring.messaging.ContainerCall;
import io.idempotent.spring.settings.MessagingSettings;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.core.task.TaskExecutor;
import org.springframework.messaging.Message;

/**
 * Calls a container's listener on a thread that knows it, keeps a message that the listener holds from other consumers,
 * and acknowledges a replay where the listener acknowledges its messages itself. What its failures ask for is done by
 * {@link AnsweringErrorHandler}.
 */
final class AnsweringMessageListener<T> implements AsyncMessageListener<T>, TaskExecutorAware {

    // SQS's own, for queues and listeners that have no other.
    private static final Duration DEFAULT_VISIBILITY = Duration.ofSeconds(30);

    private static final Log LOG = LogFactory.getLog(AnsweringMessageListener.class);

    private final AsyncMessageListener<T> listener;

    private final SqsMessageListenerContainer<T> container;

    private final Duration longestPause;

    private @Nullable TaskExecutor executor;

    AnsweringMessageListener(
            AsyncMessageListener<T> listener, SqsMessageListenerContainer<T> container, MessagingSettings settings) {
        this.listener = listener;
        this.container = container;
        this.longestPause = settings.redeliveryMaxDelay();
    }

    @Override
    public void setTaskExecutor(TaskExecutor executor) {
        this.executor = executor;
        if (listener instanceof TaskExecutorAware aware) {
            aware.setTaskExecutor(executor);
        }
    }

    /** A listener that does not return futures runs on one of the container's threads, where it is called then. */
    @Override
    public CompletableFuture<Void> onMessage(Message<T> message) {
        return executor == null || Thread.currentThread() instanceof MessageExecutionThread
                ? call(message)
                : CompletableFuture.completedFuture(message).thenComposeAsync(this::call, executor);
    }

    /** A listener that gets several messages is not idempotent itself. */
    @Override
    public CompletableFuture<Void> onMessage(Collection<Message<T>> messages) {
        return listener.onMessage(messages);
    }

    private CompletableFuture<Void> call(Message<T> message) {
        ContainerCall call = new ContainerCall(() -> keep(message));
        ContainerCall before = ContainerCall.bind(call);
        CompletableFuture<Void> answer;
        try {
            answer = listener.onMessage(message);
        } finally {
            ContainerCall.bind(before);
        }
        // Only containers that leave it to their listeners say how to acknowledge.
        return call.isReplayed() && message.getHeaders().containsKey(MessagingHeaders.ACKNOWLEDGMENT_CALLBACK_HEADER)
                ? answer.thenCompose(answered -> Acknowledgement.acknowledgeAsync(message))
                : answer;
    }

    /**
     * Keeps a message that is held from other consumers for another pause, and for as long as the listener may take
     * when it runs after that.
     */
    private boolean keep(Message<T> message) {
        Duration own = container.getContainerOptions().getMessageVisibility();
        try {
            VisibilityTimeout.change(message, longestPause.plus(own == null ? DEFAULT_VISIBILITY : own))
                    .join();
            return true;
        } catch (CompletionException failure) {
            LOG.warn("A message is held no longer, since its visibility timeout cannot be changed", failure.getCause());
            return false;
        }
    }
}
