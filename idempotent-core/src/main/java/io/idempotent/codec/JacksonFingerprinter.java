package io.idempotent.codec;

import io.idempotent.Fingerprint;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.ser.PropertyWriter;
import tools.jackson.databind.ser.bean.BeanSerializerBase;
import tools.jackson.databind.ser.impl.UnknownSerializer;

/**
 * Takes fingerprints of content as Jackson 3 sees it, equal in every JVM and on every Java version.
 *
 * <p>A fingerprint is {@code "1:"}, the version of the method, and 43 characters: the SHA-256 of the content's canonical
 * text in base64url without padding (RFC 4648, section 5). The canonical text is made so:
 *
 * <ol>
 *   <li>A list or an array that is the content itself is an array of its elements, each written by its own class.
 *   <li>Jackson says which properties a value has and how they are written, by a mapper of this class's own; Jackson's
 *       annotations on the application's types apply, so that what {@code @JsonIgnore} hides does not count. Views do
 *       not: what {@code @JsonView} marks counts in any case. Enum constants are written by name, dates and times as in
 *       ISO 8601 with their own offset and zone, bytes in base64 (RFC 4648, section 4), {@code Optional} as what it
 *       holds or null.
 *   <li>The text is that of the JSON Canonicalization Scheme (RFC 8785): no white space, members sorted by the UTF-16
 *       code units of their names at every depth, strings with the fewest escapes, UTF-8.
 *   <li>Unlike there, numbers are exact. Integers of all types are written alike; a {@code BigDecimal} as its
 *       {@code toString()}, so that 12.5 and 12.50 differ, as they do by {@code equals}; a floating-point number by the
 *       fewest digits that tell it apart, {@code -0.0} apart from {@code 0.0}, {@code NaN} and the infinities as bare
 *       words.
 *   <li>Unlike there, members that are null are left out; elements that are null stay. The elements of a
 *       {@code java.util.Set} are sorted by the bytes of their canonical text. An unpaired surrogate is written as an
 *       escape. What an annotation says to write raw is a string after the letter {@code r}.
 *   <li>Unlike there, an object whose class extends or implements a type that is not the JDK's has the class's name,
 *       without the package, before its brace: two such classes with the same properties are not the same content.
 * </ol>
 *
 * <p>So equal content has equal text, and what Jackson writes differently has different text. Not told apart: null and
 * absent members; classes without kin that have the same properties; a value and another that Jackson writes as the same
 * text, such as an enum constant and its name, or bytes and their base64.
 *
 * <p>Immutable and safe for use by many threads.
 */
public final class JacksonFingerprinter implements Fingerprinter {

    private static final String VERSION = "1:";

    private final JsonMapper mapper;

    private JacksonFingerprinter(JsonMapper mapper) {
        this.mapper = mapper;
    }

    /** {@return a fingerprinter with a mapper of its own} */
    public static JacksonFingerprinter create() {
        return new JacksonFingerprinter(JsonMapper.builder()
                .addModule(new UnencodableTypesModule())
                .disable(
                        DateTimeFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE,
                        DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS,
                        DateTimeFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
                .enable(DateTimeFeature.WRITE_DATES_WITH_ZONE_ID)
                .disable(EnumFeature.WRITE_ENUMS_USING_TO_STRING)
                .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                .disable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
                // Sorted names are sorted once per class, and not again for each object.
                .enable(
                        MapperFeature.SORT_PROPERTIES_ALPHABETICALLY,
                        MapperFeature.INFER_RECORD_GETTERS_FROM_COMPONENTS_ONLY)
                .disable(MapperFeature.SORT_CREATOR_PROPERTIES_FIRST)
                .enable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
                .disable(SerializationFeature.CLOSE_CLOSEABLE, SerializationFeature.FLUSH_AFTER_WRITE_VALUE)
                .build());
    }

    /**
     * {@inheritDoc}
     *
     * @return false for streams, readers, iterators, functional interfaces, futures, publishers, threads and classes, for
     *     classes without properties that Jackson knows, and for whatever has an element or a property of such a type;
     *     true for {@code Object} and other types that may have subtypes: there the content itself decides
     */
    @Override
    public boolean supports(Type type) {
        return supports(mapper.constructType(type), mapper._serializationContext(), new HashSet<>());
    }

    private static boolean supports(JavaType type, SerializationContext context, Set<JavaType> seen) {
        if (!seen.add(type) || type.isJavaLangObject()) {
            return true;
        }
        if (UnencodableTypes.reason(type.getRawClass()) != null) {
            return false;
        }
        if (type.isContainerType() || type.isReferenceType()) {
            JavaType key = type.getKeyType();
            return supports(type.getContentType(), context, seen) && (key == null || supports(key, context, seen));
        }
        ValueSerializer<?> serializer;
        try {
            serializer = context.findValueSerializer(type);
        } catch (RuntimeException unsupported) {
            // How Jackson says that it has no way to write the type.
            return false;
        }
        boolean open =
                type.isAbstract() || Modifier.isInterface(type.getRawClass().getModifiers());
        if (serializer instanceof UnknownSerializer) {
            return open || type.isRecordType();
        }
        if (serializer instanceof BeanSerializerBase bean) {
            Iterator<PropertyWriter> properties = bean.properties();
            while (properties.hasNext()) {
                if (!supports(properties.next().getType(), context, seen)) {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public Fingerprint fingerprint(@Nullable Object content) {
        CanonicalGenerator generator = new CanonicalGenerator(mapper);
        try {
            if (content instanceof List<?> list) {
                generator.writeStartArray();
                for (Object element : list) {
                    generator.writePOJO(element);
                }
                generator.writeEndArray();
            } else if (content instanceof Object[] array) {
                generator.writeStartArray();
                for (Object element : array) {
                    generator.writePOJO(element);
                }
                generator.writeEndArray();
            } else {
                generator.writePOJO(content);
            }
        } catch (RuntimeException | StackOverflowError problem) {
            // Without the cause, whose message may show content.
            throw new IllegalArgumentException("The content of type "
                    + (content == null ? "null" : content.getClass().getTypeName())
                    + " cannot be encoded for a fingerprint (" + Problem.describe(problem) + ")");
        }
        MessageDigest digest = sha256();
        digest.update(generator.bytes(), 0, generator.length());
        return Fingerprint.ofDigest(
                VERSION + Base64.getUrlEncoder().withoutPadding().encodeToString(digest.digest()));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java platform has SHA-256", impossible);
        }
    }
}
