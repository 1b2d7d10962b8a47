package io.idempotent.spring.messaging;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.messaging.Message;

/**
 * Finds the keys that messages carry, for expressions: {@code key = "@messageKeys.of(#message)"}. The message is what a
 * listener method gets: a {@link Message}, or the broker's own, such as a {@code ConsumerRecord} of Kafka, a {@code
 * Message} of Spring AMQP, of JMS or of SQS.
 *
 * <p>Each method returns null if the message has no such key, and the call is refused then: it is never made without a
 * key. Safe for use by many threads.
 */
public final class MessageKeys {

    /** The header that carries an idempotency key: {@value}. */
    public static final String HEADER = "Idempotency-Key";

    /** The same where names of headers have no hyphens, as in JMS: {@value}. */
    public static final String PROPERTY = "Idempotency_Key";

    // As the bindings of CloudEvents 1.0 to Kafka, AMQP, JMS and HTTP have it.
    private static final List<String> EVENT_PREFIXES = List.of("ce_", "cloudEvents:", "cloudEvents_", "ce-");

    private final List<ListenerKind> kinds;

    MessageKeys(ObjectProvider<ListenerKind> kinds) {
        this.kinds = kinds.orderedStream().toList();
    }

    /**
     * The key of a message: what {@link #header}, {@link #event} or {@link #id} find, in this order. Another of the
     * three is another key, even if its text is the same.
     *
     * @throws IllegalArgumentException if this is no message
     */
    public @Nullable List<String> of(Object message) {
        ReceivedMessage received = received(message);
        String header = header(received);
        if (header != null) {
            return List.of("key", header);
        }
        List<String> event = event(received);
        if (event != null) {
            return List.of("event", event.get(0), event.get(1));
        }
        String id = received.id();
        return id == null ? null : List.of("id", id);
    }

    /**
     * The idempotency key in the header {@value #HEADER}, or {@value #PROPERTY}.
     *
     * @throws IllegalArgumentException if this is no message
     */
    public @Nullable String header(Object message) {
        return header(received(message));
    }

    /**
     * The source and id of an event in the binary mode of CloudEvents, which identify it.
     *
     * @throws IllegalArgumentException if this is no message
     */
    public @Nullable List<String> event(Object message) {
        return event(received(message));
    }

    /**
     * The id that the message got when it was sent. It is the same when the message is delivered again, and another
     * when the sender sends it again. Messages of Kafka have none.
     *
     * @throws IllegalArgumentException if this is no message
     */
    public @Nullable String id(Object message) {
        return received(message).id();
    }

    /**
     * What identifies the delivery: topic, partition and offset of a record of Kafka. It recognizes a record that is
     * delivered again, and no request that is sent again. Other brokers have no such thing.
     *
     * @throws IllegalArgumentException if this is no message
     */
    public @Nullable List<String> delivery(Object message) {
        return received(message).delivery();
    }

    private static @Nullable String header(ReceivedMessage message) {
        String key = text(message.header(HEADER));
        return key != null ? key : text(message.header(PROPERTY));
    }

    private static @Nullable List<String> event(ReceivedMessage message) {
        for (String prefix : EVENT_PREFIXES) {
            String source = text(message.header(prefix + "source"));
            String id = text(message.header(prefix + "id"));
            if (source != null && id != null) {
                return List.of(source, id);
            }
        }
        return null;
    }

    private static @Nullable String text(@Nullable Object value) {
        if (value instanceof byte[] bytes) {
            return new String(bytes, StandardCharsets.UTF_8);
        }
        return value == null ? null : value.toString();
    }

    private ReceivedMessage received(Object message) {
        ReceivedMessage received = kinds.stream()
                .map(kind -> kind.read(message))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
        if (received != null) {
            return received;
        }
        if (message instanceof Message<?> spring) {
            return new SpringMessage(spring.getHeaders());
        }
        throw new IllegalArgumentException(
                "No message of a known broker: " + message.getClass().getName());
    }
}
