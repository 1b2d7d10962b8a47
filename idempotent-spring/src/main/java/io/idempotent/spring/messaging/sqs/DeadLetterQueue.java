package io.idempotent.spring.messaging.sqs;

import io.awspring.cloud.sqs.FifoUtils;
import io.awspring.cloud.sqs.MessagingHeaders;
import io.awspring.cloud.sqs.QueueAttributesResolver;
import io.awspring.cloud.sqs.listener.QueueAttributes;
import io.awspring.cloud.sqs.listener.QueueNotFoundStrategy;
import io.awspring.cloud.sqs.listener.SqsHeaders;
import io.awspring.cloud.sqs.listener.acknowledgement.Acknowledgement;
import io.idempotent.IdempotencyException;
import io.idempotent.spring.messaging.ListenerAnswer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.SendMessageRequest;

/**
 * Gets messages that no redelivery helps, as they came, and what happened in further attributes.
 *
 * @param name the queue's name, URL or ARN
 * @param client sends there
 */
record DeadLetterQueue(String name, SqsAsyncClient client) {

    // SQS takes no more.
    private static final int MOST_ATTRIBUTES = 10;

    /** Sends a message, and acknowledges it where its container does not. */
    CompletableFuture<Void> send(org.springframework.messaging.Message<?> message, Throwable failure) {
        if (!(message.getHeaders().get(SqsHeaders.SQS_SOURCE_DATA_HEADER) instanceof Message source)) {
            return CompletableFuture.failedFuture(
                    new IllegalStateException("The message has no header " + SqsHeaders.SQS_SOURCE_DATA_HEADER
                            + "; let its converter map headers as that of Spring Cloud AWS does"));
        }
        String from = message.getHeaders().get(SqsHeaders.SQS_QUEUE_NAME_HEADER, String.class);
        return url().thenCompose(url -> client.sendMessage(letter(source, url, from, ListenerAnswer.find(failure))))
                .thenCompose(sent -> message.getHeaders().containsKey(MessagingHeaders.ACKNOWLEDGMENT_CALLBACK_HEADER)
                        ? Acknowledgement.acknowledgeAsync(message)
                        : CompletableFuture.completedFuture(null));
    }

    private CompletableFuture<String> url() {
        return QueueAttributesResolver.builder()
                .queueName(name)
                .queueAttributeNames(List.of())
                .queueNotFoundStrategy(QueueNotFoundStrategy.FAIL)
                .sqsAsyncClient(client)
                .build()
                .resolveQueueAttributes()
                .thenApply(QueueAttributes::getQueueUrl);
    }

    private SendMessageRequest letter(
            Message source, String url, @Nullable String from, @Nullable IdempotencyException failure) {
        Map<String, MessageAttributeValue> attributes = new HashMap<>(source.messageAttributes());
        if (failure != null) {
            add(
                    attributes,
                    IdempotencyErrorHandlers.EXCEPTION,
                    failure.getClass().getName());
            add(attributes, IdempotencyErrorHandlers.OPERATION, ListenerAnswer.operation(failure));
        }
        add(attributes, IdempotencyErrorHandlers.ORIGINAL_ID, source.messageId());
        add(attributes, IdempotencyErrorHandlers.ORIGINAL_QUEUE, from);
        SendMessageRequest.Builder letter = SendMessageRequest.builder()
                .queueUrl(url)
                .messageBody(source.body())
                .messageAttributes(attributes);
        if (FifoUtils.isFifo(url)) {
            // The id lets SQS drop what is sent twice.
            letter.messageDeduplicationId(source.messageId())
                    .messageGroupId(source.attributes()
                            .getOrDefault(MessageSystemAttributeName.MESSAGE_GROUP_ID, source.messageId()));
        }
        return letter.build();
    }

    private static void add(Map<String, MessageAttributeValue> attributes, String name, @Nullable String value) {
        if (value != null && (attributes.size() < MOST_ATTRIBUTES || attributes.containsKey(name))) {
            attributes.put(
                    name,
                    MessageAttributeValue.builder()
                            .dataType("String")
                            .stringValue(value)
                            .build());
        }
    }
}
