package io.idempotent.spring.messaging.sqs;

import io.awspring.cloud.sqs.annotation.SqsHandler;
import io.awspring.cloud.sqs.annotation.SqsListener;
import io.awspring.cloud.sqs.listener.SqsHeaders;
import io.idempotent.spring.messaging.BatchListeners;
import io.idempotent.spring.messaging.ListenerKind;
import io.idempotent.spring.messaging.ReceivedMessage;
import java.lang.reflect.Method;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.MergedAnnotations;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;

/** Listeners of SQS. Each delivery counts toward the {@code maxReceiveCount} of the queue's redrive policy. */
final class SqsListeners implements ListenerKind {

    @Override
    public boolean isListener(MergedAnnotations annotations) {
        return annotations.isPresent(SqsListener.class) || annotations.isPresent(SqsHandler.class);
    }

    /** A method with a list gets a batch, whatever is in the list. */
    @Override
    public void check(Method method, MergedAnnotations annotations, String described) {
        BatchListeners.refuse(
                method,
                Stream.of(method.getParameterTypes()).anyMatch(List.class::isAssignableFrom),
                Message.class,
                described,
                "acknowledge by a BatchAcknowledgement what it handled: a failure brings the whole batch again");
    }

    /**
     * The id of a Spring message is SQS's only as long as nobody changes the message. That of what it was made from
     * stays.
     */
    @Override
    public @Nullable ReceivedMessage read(Object message) {
        if (message instanceof Message found) {
            return new Received(name -> value(found.messageAttributes().get(name)), found.messageId());
        }
        if (message instanceof org.springframework.messaging.Message<?> spring
                && spring.getHeaders().get(SqsHeaders.SQS_SOURCE_DATA_HEADER) instanceof Message source) {
            return new Received(spring.getHeaders()::get, source.messageId());
        }
        return null;
    }

    private static @Nullable Object value(@Nullable MessageAttributeValue attribute) {
        if (attribute == null) {
            return null;
        }
        return attribute.stringValue() != null ? attribute.stringValue() : attribute.binaryValue();
    }

    private record Received(Function<String, @Nullable Object> headers, String id) implements ReceivedMessage {

        @Override
        public @Nullable Object header(String name) {
            Object value = headers.apply(name);
            return value instanceof SdkBytes bytes ? bytes.asByteArray() : value;
        }

        @Override
        public @Nullable List<String> delivery() {
            return null;
        }
    }
}
