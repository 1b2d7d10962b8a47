package io.idempotent.codec;

import io.idempotent.codec.ContentWriter.Writing;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads objects that a schema describes, messages of protobuf and records of Avro, by the fields of the schema. Their
 * classes keep more than their content, such as hash codes and sizes, and their bytes have the entries of a map in any
 * order.
 *
 * <p>Such an object is the name of its schema and a map of its fields. Fields that are not set, or null, are left out.
 * What a message holds that its schema does not know counts as bytes.
 */
final class SchemaFields implements Writing {

    private static final String MESSAGE = "com.google.protobuf.MessageOrBuilder";

    private static final String RECORD = "org.apache.avro.generic.IndexedRecord";

    private static final String WITHOUT_SCHEMA = "com.google.protobuf.MessageLiteOrBuilder";

    private final Accessor schema;

    private final Accessor fields;

    private final Method name;

    // What the value is asked for by; the field itself if null.
    private final @Nullable Method position;

    private final Method value;

    // Null where maps are none of the schema's.
    private final @Nullable Method isMap;

    private final @Nullable Accessor unknown;

    private SchemaFields(Class<?> type, boolean message) throws NoSuchMethodException {
        schema = Accessor.of(type, message ? "getDescriptorForType.getFullName" : "getSchema.getFullName");
        fields = Accessor.of(type, message ? "getAllFields.keySet" : "getSchema.getFields");
        Method described = fields.methods().get(message ? 0 : 1);
        Class<?> field = (Class<?>) ((ParameterizedType) described.getGenericReturnType()).getActualTypeArguments()[0];
        name = field.getMethod(message ? "getFullName" : "name");
        position = message ? null : field.getMethod("pos");
        value = message ? type.getMethod("getField", field) : type.getMethod("get", int.class);
        isMap = message ? field.getMethod("isMapField") : null;
        unknown = message ? Accessor.of(type, "getUnknownFields.toByteArray") : null;
    }

    /** How to read objects of a class; null if no schema that is known describes them. */
    static @Nullable SchemaFields of(Class<?> type) {
        Class<?> described = Accessor.find(type, List.of(MESSAGE, RECORD));
        try {
            return described == null
                    ? null
                    : new SchemaFields(described, described.getName().equals(MESSAGE));
        } catch (NoSuchMethodException anotherVersion) {
            return null;
        }
    }

    /** Why objects of a class cannot be read; null if there is no reason. */
    static @Nullable String refusal(Class<?> type) {
        return Accessor.find(type, List.of(WITHOUT_SCHEMA)) == null
                ? null
                : "protobuf's lite runtime does not tell what its messages hold";
    }

    @Override
    public void write(Object object, ContentWriter writer) {
        Map<@Nullable Object, Object> content = new HashMap<>();
        for (Object field : (Collection<?>) Objects.requireNonNull(fields.read(object))) {
            Object held = fields.call(value, object, position == null ? field : fields.call(position, field));
            if (held != null) {
                boolean map = isMap != null && Boolean.TRUE.equals(fields.call(isMap, field));
                content.put(fields.call(name, field), map ? new HashSet<>((Collection<?>) held) : held);
            }
        }
        writer.elements(Arrays.asList(schema.read(object), content, unknown == null ? null : unknown.read(object)));
    }
}
