package io.idempotent.codec;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.util.JsonParserDelegate;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationConfig;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.deser.jackson.JsonNodeDeserializer;
import tools.jackson.databind.deser.std.StdDeserializer;
import tools.jackson.databind.deser.std.StdScalarDeserializer;
import tools.jackson.databind.exc.InvalidDefinitionException;
import tools.jackson.databind.jsontype.TypeSerializer;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.ser.Serializers;
import tools.jackson.databind.ser.std.StdScalarSerializer;
import tools.jackson.databind.ser.std.ToStringSerializer;

/**
 * Reads what {@link RecordedFormGenerator} writes in a form of its own, keeps what Jackson would shorten, and refuses
 * what is no content.
 */
final class RecordedFormModule extends SimpleModule {

    /** The attribute of a reader of the first version, in which bytes are text. */
    static final String BYTES_AS_TEXT = RecordedFormModule.class.getName() + ".bytesAsText";

    private static final long serialVersionUID = 1L;

    RecordedFormModule() {
        super(RecordedFormModule.class.getName());
        addDeserializer(byte[].class, new BytesDeserializer());
        addDeserializer(ByteBuffer.class, new BufferDeserializer());
        for (Class<? extends JsonNode> type : List.of(JsonNode.class, ObjectNode.class, ArrayNode.class)) {
            addNodes(type);
        }
        // A set comes back in the order in which it was recorded.
        addAbstractTypeMapping(Set.class, LinkedHashSet.class);
        // As it was given, and not made absolute.
        addSerializer(File.class, new ToStringSerializer(File.class));
        addSerializer(Path.class, new ToStringSerializer(Path.class));
        // A runtime that was made to measure may be without it.
        if (ModuleLayer.boot().findModule("java.sql").isPresent()) {
            Timestamps.addTo(this);
        }
    }

    @Override
    public void setupModule(SetupContext context) {
        super.setupModule(context);
        context.addSerializers(new Refusals());
    }

    private <T extends JsonNode> void addNodes(Class<T> type) {
        addDeserializer(type, new NodeDeserializer<>(type));
    }

    private static byte[] bytes(JsonParser parser, DeserializationContext context, Class<?> type) {
        if (context.getAttribute(BYTES_AS_TEXT) != null && parser.hasToken(JsonToken.VALUE_STRING)) {
            return parser.getBinaryValue();
        }
        if (!parser.hasToken(JsonToken.START_OBJECT)
                || !RecordedFormGenerator.BYTES.equals(parser.nextName())
                || parser.nextToken() != JsonToken.VALUE_STRING) {
            throw context.wrongTokenException(parser, type, JsonToken.VALUE_STRING, "not the form of bytes");
        }
        byte[] bytes = parser.getBinaryValue();
        if (parser.nextToken() != JsonToken.END_OBJECT) {
            throw context.wrongTokenException(parser, type, JsonToken.END_OBJECT, "not the form of bytes");
        }
        return bytes;
    }

    /**
     * Refuses what is {@linkplain UnencodableTypes no content}, which Jackson would consume or write as an empty
     * object, and Hibernate's stand-ins for entities, which hold a session and a promise instead of content.
     */
    private static final class Refusals extends Serializers.Base {

        @Override
        public @Nullable ValueSerializer<?> findSerializer(
                SerializationConfig config,
                JavaType type,
                BeanDescription.Supplier description,
                JsonFormat.@Nullable Value format) {
            for (Class<?> parent : type.getRawClass().getInterfaces()) {
                if (parent.getName().equals("org.hibernate.proxy.HibernateProxy")) {
                    return new RefusingSerializer(RecordedFormModule::unloaded);
                }
            }
            return UnencodableTypes.reason(type.getRawClass()) == null
                    ? null
                    : new RefusingSerializer(RecordedFormModule::noContent);
        }
    }

    private static DatabindException unloaded(Object value, JsonGenerator generator) {
        return new NotRecordableException(
                generator,
                "a proxy of Hibernate's for " + value.getClass().getSuperclass().getName()
                        + " has no content: return a record with what callers need, or the entity's id");
    }

    private static DatabindException noContent(Object value, JsonGenerator generator) {
        return InvalidDefinitionException.from(
                generator, value.getClass().getName() + " is no content", (JavaType) null);
    }

    private static final class RefusingSerializer extends ValueSerializer<Object> {

        private final BiFunction<Object, JsonGenerator, DatabindException> refusal;

        RefusingSerializer(BiFunction<Object, JsonGenerator, DatabindException> refusal) {
            this.refusal = refusal;
        }

        @Override
        public void serialize(Object value, JsonGenerator generator, SerializationContext context) {
            throw refusal.apply(value, generator);
        }

        @Override
        public void serializeWithType(
                Object value, JsonGenerator generator, SerializationContext context, TypeSerializer typeSerializer) {
            throw refusal.apply(value, generator);
        }
    }

    /** Its message shows no content. */
    static final class NotRecordableException extends DatabindException {

        private static final long serialVersionUID = 1L;

        NotRecordableException(JsonGenerator generator, String message) {
            super(generator, message);
        }
    }

    private static final class BytesDeserializer extends StdScalarDeserializer<byte[]> {

        BytesDeserializer() {
            super(byte[].class);
        }

        @Override
        public byte[] deserialize(JsonParser parser, DeserializationContext context) {
            return bytes(parser, context, byte[].class);
        }
    }

    private static final class BufferDeserializer extends StdScalarDeserializer<ByteBuffer> {

        BufferDeserializer() {
            super(ByteBuffer.class);
        }

        @Override
        public ByteBuffer deserialize(JsonParser parser, DeserializationContext context) {
            return ByteBuffer.wrap(bytes(parser, context, ByteBuffer.class));
        }
    }

    /** Tells floating-point numbers and decimal ones apart, as {@link RecordedFormGenerator} has written them. */
    private static final class NodeDeserializer<T extends JsonNode> extends StdDeserializer<T> {

        private final ValueDeserializer<T> nodes;

        @SuppressWarnings("unchecked") // It makes nodes of the type for which it is asked.
        NodeDeserializer(Class<T> type) {
            super(type);
            nodes = (ValueDeserializer<T>) JsonNodeDeserializer.getDeserializer(type);
        }

        @Override
        public T deserialize(JsonParser parser, DeserializationContext context) {
            return nodes.deserialize(
                    new JsonParserDelegate(parser) {
                        @Override
                        public NumberTypeFP getNumberTypeFP() {
                            return getString().indexOf('e') < 0 ? NumberTypeFP.BIG_DECIMAL : NumberTypeFP.DOUBLE64;
                        }
                    },
                    context);
        }

        @Override
        public Object getNullValue(DeserializationContext context) {
            return nodes.getNullValue(context);
        }

        @Override
        public Object getAbsentValue(DeserializationContext context) {
            return nodes.getAbsentValue(context);
        }
    }

    /** Keeps the nanoseconds, of which Jackson drops all but milliseconds. */
    private static final class Timestamps {

        static void addTo(SimpleModule module) {
            module.addSerializer(Timestamp.class, new Serializer());
            module.addDeserializer(Timestamp.class, new Deserializer());
        }

        private static final class Serializer extends StdScalarSerializer<Timestamp> {

            Serializer() {
                super(Timestamp.class);
            }

            @Override
            public void serialize(Timestamp value, JsonGenerator generator, SerializationContext context) {
                generator.writeString(value.toInstant().toString());
            }
        }

        private static final class Deserializer extends StdScalarDeserializer<Timestamp> {

            Deserializer() {
                super(Timestamp.class);
            }

            @Override
            public @Nullable Timestamp deserialize(JsonParser parser, DeserializationContext context) {
                if (!parser.hasToken(JsonToken.VALUE_STRING)) {
                    return (Timestamp) context.handleUnexpectedToken(getValueType(context), parser);
                }
                try {
                    return Timestamp.from(Instant.parse(parser.getString()));
                } catch (DateTimeException | IllegalArgumentException problem) {
                    return (Timestamp) context.handleWeirdStringValue(Timestamp.class, "", "not an instant");
                }
            }
        }
    }
}
