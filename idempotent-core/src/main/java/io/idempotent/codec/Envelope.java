package io.idempotent.codec;

import io.idempotent.codec.ContentWriter.Writing;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the payload of what holds one, and nothing that is added anew on each delivery or request: headers, ids, times,
 * offsets. And reads what other libraries' objects stand for, where their fields do not say it.
 *
 * <p>What has one payload is that payload; what has several parts is the list of them.
 */
final class Envelope implements Writing {

    /** The envelope itself, whose elements come in any order. */
    private static final String ELEMENTS = "";

    /** Accessors by type, all of them by name, since none of these libraries has to be there. */
    private static final Map<String, List<String>> ACCESSORS = Map.ofEntries(
            Map.entry("org.springframework.messaging.Message", List.of("getPayload")),
            Map.entry("org.springframework.context.PayloadApplicationEvent", List.of("getPayload")),
            Map.entry("org.springframework.amqp.core.Message", List.of("getBody")),
            Map.entry("org.springframework.data.redis.connection.Message", List.of("getBody")),
            Map.entry("org.springframework.data.redis.connection.stream.Record", List.of("getValue")),
            Map.entry("org.apache.kafka.clients.consumer.ConsumerRecord", List.of("key", "value")),
            Map.entry("org.apache.kafka.clients.consumer.ConsumerRecords", List.of(ELEMENTS)),
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
            Map.entry("com.google.protobuf.Message", List.of("getDescriptorForType.getFullName", "toByteArray")),
            Map.entry("org.apache.avro.util.Utf8", List.of("toString")),
            Map.entry("org.springframework.util.MimeType", List.of("toString")));

    private final String type;

    private final List<List<Method>> accessors;

    private Envelope(String type, List<List<Method>> accessors) {
        this.type = type;
        this.accessors = accessors;
    }

    /** How to read objects of a class; null if it is none of these, or of a version that has no such accessors. */
    static @Nullable Envelope of(Class<?> type) {
        Class<?> known = find(type);
        try {
            return known == null ? null : new Envelope(known.getName(), accessors(known));
        } catch (NoSuchMethodException anotherVersion) {
            return null;
        }
    }

    private static @Nullable Class<?> find(@Nullable Class<?> type) {
        if (type == null || ACCESSORS.containsKey(type.getName())) {
            return type;
        }
        for (Class<?> parent : type.getInterfaces()) {
            Class<?> found = find(parent);
            if (found != null) {
                return found;
            }
        }
        return find(type.getSuperclass());
    }

    private static List<List<Method>> accessors(Class<?> type) throws NoSuchMethodException {
        List<List<Method>> accessors = new ArrayList<>();
        for (String names : ACCESSORS.getOrDefault(type.getName(), List.of())) {
            List<Method> methods = new ArrayList<>();
            Class<?> owner = type;
            for (String name : names.equals(ELEMENTS) ? List.<String>of() : List.of(names.split("\\.", -1))) {
                Method method = accessor(owner, name);
                methods.add(method);
                owner = method.getReturnType();
            }
            accessors.add(methods);
        }
        return accessors;
    }

    private static Method accessor(Class<?> owner, String name) throws NoSuchMethodException {
        try {
            return owner.getMethod(name);
        } catch (NoSuchMethodException converting) {
            return owner.getMethod(name, Class.class);
        }
    }

    @Override
    public void write(Object value, ContentWriter writer) {
        if (accessors.size() == 1) {
            List<Method> accessor = accessors.get(0);
            if (accessor.isEmpty()) {
                writer.unordered((Iterable<?>) value);
            } else {
                writer.write(read(value, accessor));
            }
            return;
        }
        List<@Nullable Object> parts = new ArrayList<>();
        accessors.forEach(accessor -> parts.add(read(value, accessor)));
        writer.elements(parts);
    }

    private @Nullable Object read(Object envelope, List<Method> accessor) {
        Object current = envelope;
        try {
            for (Method method : accessor) {
                if (current != null) {
                    current = method.getParameterCount() == 0
                            ? method.invoke(current)
                            : method.invoke(current, Object.class);
                }
            }
            if (current instanceof InputStream content) {
                try (content) {
                    return content.readNBytes(ContentWriter.MAXIMUM_LENGTH);
                }
            }
            return current;
        } catch (InvocationTargetException failure) {
            throw new UnencodableContentException(type + ": its payload cannot be read, "
                    + failure.getTargetException().getClass().getName());
        } catch (IllegalAccessException | IOException failure) {
            throw new UnencodableContentException(
                    type + ": its payload cannot be read, " + failure.getClass().getName());
        }
    }
}
