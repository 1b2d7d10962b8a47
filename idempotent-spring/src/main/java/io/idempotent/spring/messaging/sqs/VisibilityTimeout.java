package io.idempotent.spring.messaging.sqs;

import io.awspring.cloud.sqs.listener.SqsHeaders;
import io.awspring.cloud.sqs.listener.Visibility;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.springframework.messaging.Message;

/** For how long no other consumer gets a message that was received. */
final class VisibilityTimeout {

    private VisibilityTimeout() {}

    /** Lets a message be delivered again after a time, which is at least a second, since SQS counts those. */
    static CompletableFuture<Void> change(Message<?> message, Duration time) {
        Visibility visibility = message.getHeaders().get(SqsHeaders.SQS_VISIBILITY_TIMEOUT_HEADER, Visibility.class);
        if (visibility == null) {
            return CompletableFuture.failedFuture(
                    new IllegalStateException("The message has no header " + SqsHeaders.SQS_VISIBILITY_TIMEOUT_HEADER
                            + "; let its converter be aware of its context, as that of Spring Cloud AWS is"));
        }
        long seconds = time.plusMillis(999).toSeconds();
        return visibility.changeToAsync((int) Math.min(seconds, Visibility.MAX_VISIBILITY_TIMEOUT_SECONDS));
    }
}
