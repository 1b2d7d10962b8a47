package io.idempotent.spring.messaging.kafka;

import io.idempotent.IdempotencyContext;
import io.idempotent.spring.messaging.MessageKeys;
import io.idempotent.spring.operation.DownstreamKeys;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.springframework.util.StringUtils;

/**
 * Gives records that an execution sends a key, in the header {@value MessageKeys#HEADER}, so that their consumers
 * recognize what a later attempt sends again. Spring Boot installs it. Without Spring Boot, name it in {@code
 * interceptor.classes}.
 *
 * <p>The key is derived from that of the {@linkplain IdempotencyContext#current() execution}, the topic, the record's
 * key if that is a text, and how many such records this attempt has sent, this one included. A record that has the
 * header keeps what it has: give it one with {@link IdempotencyContext#keyFor} where a later attempt may send other
 * records before it. A record that is sent outside of an execution, or on a thread that the execution handed work to,
 * gets none.
 *
 * <p>Safe for use by many threads.
 */
public final class IdempotencyKeyProducerInterceptor implements ProducerInterceptor<Object, Object> {

    // Keeps what is derived here apart from what operations derive, and must stay as it is: a later version of an
    // application sends the keys of an earlier one.
    private static final String DERIVED = "idempotent kafka record: ";

    /** For Kafka. */
    public IdempotencyKeyProducerInterceptor() {}

    /**
     * Adds this interceptor to those that a producer is configured with.
     *
     * @param producer the producer's configuration
     * @return the value for {@code interceptor.classes}
     */
    public static List<Object> addedTo(Map<String, Object> producer) {
        Object before = producer.get(ProducerConfig.INTERCEPTOR_CLASSES_CONFIG);
        List<Object> all = new ArrayList<>();
        if (before instanceof Collection<?> several) {
            all.addAll(several);
        } else if (before instanceof String text) {
            all.addAll(List.of(StringUtils.tokenizeToStringArray(text, ",")));
        } else if (before != null) {
            all.add(before);
        }
        String ours = IdempotencyKeyProducerInterceptor.class.getName();
        if (!all.contains(ours) && !all.contains(IdempotencyKeyProducerInterceptor.class)) {
            all.add(ours);
        }
        return all;
    }

    @Override
    public ProducerRecord<Object, Object> onSend(ProducerRecord<Object, Object> record) {
        IdempotencyContext context = IdempotencyContext.currentOrNull();
        if (context != null && record.headers().lastHeader(MessageKeys.HEADER) == null) {
            String place = record.key() instanceof String key ? record.topic() + " " + key : record.topic();
            record.headers()
                    .add(
                            MessageKeys.HEADER,
                            DownstreamKeys.next(context, DERIVED, place).getBytes(StandardCharsets.UTF_8));
        }
        return record;
    }

    @Override
    public void close() {
        // It holds nothing.
    }

    @Override
    public void configure(Map<String, ?> configuration) {
        // It needs nothing.
    }
}
