package io.idempotent.codec;

import io.idempotent.codec.ContentWriter.Writing;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the payload of an object that holds one. Headers, ids, times and offsets, which are new on each delivery or
 * request, do not count. Reads also what other libraries' objects stand for, where their fields do not say it.
 *
 * <p>An object with one payload is that payload; one with several parts is the list of them.
 *
 * @param accessors read the parts; empty for what is its elements
 */
record Envelope(List<Accessor> accessors) implements Writing {

    /**
     * The accessors of each type, by name, since none of these libraries has to be there. A type without accessors is
     * its elements, in any order.
     */
    private static final Map<String, List<String>> ACCESSORS = Map.ofEntries(
            Map.entry("org.springframework.messaging.Message", List.of("getPayload")),
            Map.entry("org.springframework.context.PayloadApplicationEvent", List.of("getPayload")),
            Map.entry("org.springframework.amqp.core.Message", List.of("getBody")),
            Map.entry("org.springframework.data.redis.connection.Message", List.of("getBody")),
            Map.entry("org.springframework.data.redis.connection.stream.Record", List.of("getValue")),
            Map.entry("org.apache.kafka.clients.consumer.ConsumerRecord", List.of("key", "value")),
            Map.entry("org.apache.kafka.clients.consumer.ConsumerRecords", List.of()),
            Map.entry("org.apache.pulsar.client.api.Message", List.of("getKey", "getValue")),
            Map.entry("jakarta.jms.Message", List.of("getBody")),
            Map.entry("com.rabbitmq.client.Delivery", List.of("getBody")),
            Map.entry("software.amazon.awssdk.services.sqs.model.Message", List.of("body")),
            Map.entry("com.azure.messaging.servicebus.ServiceBusReceivedMessage", List.of("getBody.toBytes")),
            Map.entry("com.google.pubsub.v1.PubsubMessage", List.of("getData.toByteArray")),
            Map.entry("io.nats.client.Message", List.of("getData")),
            Map.entry("io.cloudevents.CloudEvent", List.of("getSource", "getType", "getSubject", "getData.toBytes")),
            Map.entry("org.springframework.http.HttpEntity", List.of("getBody")),
            Map.entry(
                    "org.springframework.http.RequestEntity",
                    List.of("getMethod.name", "getUrl.getRawPath", "getUrl.getRawQuery", "getBody")),
            Map.entry("org.springframework.http.ResponseEntity", List.of("getStatusCode.value", "getBody")),
            Map.entry(
                    "org.springframework.web.multipart.MultipartFile",
                    List.of("getName", "getOriginalFilename", "getContentType", "getBytes")),
            Map.entry(
                    "jakarta.servlet.http.Part",
                    List.of("getName", "getSubmittedFileName", "getContentType", "getInputStream")),
            Map.entry("org.hibernate.proxy.HibernateProxy", List.of("getHibernateLazyInitializer.getImplementation")),
            Map.entry("kotlin.Lazy", List.of("getValue")),
            Map.entry("com.google.protobuf.ByteString", List.of("toByteArray")),
            Map.entry("com.google.protobuf.Descriptors$EnumValueDescriptor", List.of("getNumber")),
            Map.entry("org.apache.avro.generic.GenericEnumSymbol", List.of("getSchema.getFullName", "toString")),
            Map.entry("org.apache.avro.generic.GenericFixed", List.of("getSchema.getFullName", "bytes")),
            Map.entry("org.apache.avro.util.Utf8", List.of("toString")),
            Map.entry("org.springframework.util.MimeType", List.of("toString")));

    /** How to read objects of a class; null if it is none of these, or of a version that has no such accessors. */
    static @Nullable Envelope of(Class<?> type) {
        Class<?> known = Accessor.find(type, ACCESSORS.keySet());
        if (known == null) {
            return null;
        }
        List<Accessor> accessors = new ArrayList<>();
        try {
            for (String names : ACCESSORS.getOrDefault(known.getName(), List.of())) {
                accessors.add(Accessor.of(known, names));
            }
        } catch (NoSuchMethodException anotherVersion) {
            return null;
        }
        return new Envelope(accessors);
    }

    @Override
    public void write(Object value, ContentWriter writer) {
        switch (accessors.size()) {
            case 0 -> writer.unordered((Iterable<?>) value);
            case 1 -> writer.write(accessors.get(0).read(value));
            default -> {
                List<@Nullable Object> parts = new ArrayList<>();
                accessors.forEach(accessor -> parts.add(accessor.read(value)));
                writer.elements(parts);
            }
        }
    }
}
