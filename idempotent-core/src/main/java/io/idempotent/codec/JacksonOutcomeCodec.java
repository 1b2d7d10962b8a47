package io.idempotent.codec;

import com.fasterxml.jackson.annotation.JsonFormat;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Type;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.StreamWriteConstraints;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.AnnotationIntrospector;
import tools.jackson.databind.DatabindContext;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.cfg.MutableCoercionConfig;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.jsontype.NamedType;
import tools.jackson.databind.jsontype.PolymorphicTypeValidator;
import tools.jackson.databind.type.LogicalType;

/**
 * Keeps outcomes as JSON, by a Jackson 3 mapper of its own: what the application does to its other mappers does not
 * change what is recorded.
 *
 * <h2>What is recorded</h2>
 *
 * <p>What an object holds: each of its fields that is neither static nor transient, private and final ones too, and
 * what a creator takes. Nothing that is only computed. Jackson's annotations on the application's types apply, with the
 * exception of those by which they show less to others: {@code @JsonInclude}, {@code @JsonView},
 * {@code @JsonAutoDetect}, the {@code access} of {@code @JsonProperty}, and pattern, zone and language of
 * {@code @JsonFormat} do not count. {@code @JsonIgnore} does: what it hides is not recorded, and a replay has what the
 * class itself puts there. {@link #remarks} tells of it, of what is recorded though it is {@code WRITE_ONLY}, and of
 * entities.
 *
 * <h2>What comes back</h2>
 *
 * <p>What was recorded, or nothing: {@link #encode} reads back what it has written and compares it with the value,
 * property by property. {@link #check} finds at startup what the types alone tell. JSON is decoded to the declared
 * generic type and to nothing else. {@code BigDecimal} keeps its scale, {@code OffsetDateTime} its offset, {@code
 * ZonedDateTime} its zone, {@code Timestamp} its nanoseconds, an enum constant is known by its name, {@code NaN} and
 * the infinities are kept, and so are unpaired surrogates in text; numbers that annotations write as text are read from
 * it. A sealed type needs no annotations: the permitted class is recorded by its {@code @JsonTypeName}, or else its
 * name without the package.
 *
 * <p>A list comes back as an equal list, and a set or a map as an equal one, of the kind that its declared type says;
 * their order is kept where the kind keeps one.
 *
 * <p>A failure is recorded by the most specific declared type that it is an instance of, and its message. It comes back
 * as an instance of exactly that declared type, made by its constructor that takes a message, a message and a cause, or
 * nothing, in this order, public or not; the cause is null. Its stack trace is its own, made at replay. No other class
 * is instantiated, whatever the bytes name.
 *
 * <h2>What is not recorded</h2>
 *
 * <p>{@link #encode} throws nothing for what an operation produced. What cannot be written (cycles, getters that throw,
 * values deeper than {@value #MAXIMUM_DEPTH}, more bytes than the limit), what cannot be read back, and what would come
 * back as something else becomes {@link RecordedOutcome.NotReplayable}, whose reason names the property. Examples are a
 * subclass of a declared class that is not sealed, a set where a collection is declared, a sorted collection with a
 * comparator, a null {@code Optional}, and a failure with state of its own, or whose constructor changes the message.
 * Writing stops as soon as the limit is passed.
 *
 * <h2>Other versions of a class</h2>
 *
 * <p>What another version of a class has recorded is read if it says what the class means now. A member that is missing
 * is an error, unless it is an {@code Optional}, an annotation named {@code Nullable} is on it or its type, a
 * {@code @JsonProperty} without a name says that it is not required (or any says {@code isRequired =
 * OptBoolean.FALSE}), or the class itself gives it a value other than null, zero and false. A member that the class
 * does not know is ignored, unless one is missing too, or none is left that it knows. What has another meaning is
 * refused: text that would be written differently, whole, decimal and floating-point numbers for one another, bytes for
 * text, null for a primitive.
 *
 * <h2>The format</h2>
 *
 * <p>Version 2: the byte {@code 0x32}, the digit 2 in ASCII; eight characters that stand for the properties of the
 * declared type and of those in it; one JSON text (RFC 8259) in UTF-8. A floating-point number has an exponent after a
 * small {@code e}, which no other number has; bytes are an object with the member {@code base64}. Where the eight
 * characters are those of the present type, the text is read and no more; where they are not, what was read is written
 * again and compared.
 *
 * <p>Version 1: the digit 1; after it nothing where the value is null or the operation returns nothing; for a failure
 * an object with the members {@code type}, the binary name of the declared class, and {@code message}, left out where
 * there is none. A value in version 1, which is no longer written, follows as JSON, in which floating-point numbers are
 * like others and bytes are text. Another version, or anything after the JSON text, is refused.
 *
 * <p>Messages and causes of what this class throws while decoding never come from Jackson or from the application's
 * classes, since they would show content: they name the kind of the problem and the class in which it happened.
 *
 * <p>Immutable and safe for use by many threads.
 */
public final class JacksonOutcomeCodec implements OutcomeCodec {

    /** How many bytes an encoded outcome has at most, unless the builder says otherwise: 16 MiB. */
    public static final int DEFAULT_MAXIMUM_LENGTH = 16 * 1024 * 1024;

    /** How deep objects and arrays are nested at most: {@value}. */
    public static final int MAXIMUM_DEPTH = 500;

    // Reading a number takes time that grows with the square of its length.
    private static final int MAXIMUM_DIGITS = 100_000;

    private static final byte FIRST_VERSION = '1';

    private static final byte VERSION = '2';

    private static final byte[] NOTHING = {FIRST_VERSION};

    private static final int HEADER_LENGTH = 1 + OutcomeTypeCheck.SCHEMA_LENGTH;

    private final JsonMapper mapper;

    private final JsonMapper marking;

    private final Sameness sameness;

    private final int maximumLength;

    // One entry per declared type of an operation, of which there is a fixed number.
    private final ConcurrentMap<Type, Format> formats = new ConcurrentHashMap<>();

    private JacksonOutcomeCodec(JsonMapper mapper, int maximumLength) {
        this.mapper = mapper;
        this.marking = Evolution.marking(mapper);
        this.sameness = new Sameness(mapper);
        this.maximumLength = maximumLength;
    }

    /** {@return a codec with the defaults} */
    public static JacksonOutcomeCodec create() {
        return builder().build();
    }

    /** {@return a builder with the defaults} */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public void check(OutcomeType type) {
        if (!isNothing(type.valueType())) {
            OutcomeTypeCheck.check(type.valueType(), mapper);
        }
        for (Class<? extends Throwable> failure : type.failures()) {
            if (FailureConstructor.of(failure) == null) {
                throw new IdempotencyConfigurationException(
                        "Failures of type '" + failure.getName() + "' cannot be replayed: the class is abstract, or has"
                                + " no accessible constructor that takes (String), (String, Throwable) or nothing",
                        "Declare a concrete type of failure with such a constructor, or use the Caffeine store, which"
                                + " keeps outcomes by reference");
            }
        }
    }

    @Override
    public List<String> remarks(OutcomeType type) {
        return isNothing(type.valueType()) ? List.of() : OutcomeTypeCheck.remarks(type.valueType(), mapper);
    }

    @Override
    public RecordedOutcome encode(Outcome outcome, OutcomeType type) {
        BoundedOutput output = new BoundedOutput(maximumLength);
        try {
            if (outcome instanceof Outcome.Failure failure) {
                return encodeFailure(output, failure.cause(), type);
            }
            Object value = ((Outcome.Value) outcome).value();
            if (value == null || isNothing(type.valueType())) {
                return new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, NOTHING);
            }
            Format format = format(type.valueType());
            output.write(VERSION);
            output.write(format.schema());
            try (JsonGenerator generator =
                    new RecordedFormGenerator(format.writer().createGenerator(output))) {
                format.writer().writeValue(generator, value);
            }
            return readBack(output.toByteArray(), value, format);
        } catch (Throwable problem) {
            // Even an error: the operation's work is done, and a record that says so keeps it from running again.
            return new RecordedOutcome.NotReplayable(
                    output.isExceeded()
                            ? "it needs more than " + maximumLength + " bytes"
                            : "it could not be encoded (" + JsonFailure.describe(problem, mapper) + ")");
        }
    }

    /** What is recorded is what is replayed, or it is not replayed. */
    private RecordedOutcome readBack(byte[] content, Object value, Format format) {
        String difference;
        try {
            difference = sameness.difference(
                    value, format.reader().readValue(content, HEADER_LENGTH, content.length - HEADER_LENGTH));
        } catch (RuntimeException | LinkageError | StackOverflowError problem) {
            return new RecordedOutcome.NotReplayable(
                    "its recorded form could not be read back (" + JsonFailure.describe(problem, mapper) + ")");
        }
        return difference == null
                ? new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, content)
                : new RecordedOutcome.NotReplayable("it would not be read back as it was: " + difference);
    }

    private RecordedOutcome encodeFailure(BoundedOutput output, Throwable failure, OutcomeType type) {
        Class<? extends Throwable> declared = declaredType(failure, type);
        if (declared == null) {
            return new RecordedOutcome.NotReplayable(
                    "failures of type " + failure.getClass().getName() + " are not declared as recorded");
        }
        String message = failure.getMessage();
        Throwable replayed;
        try {
            replayed = make(declared, message);
        } catch (OutcomeCodecException problem) {
            return new RecordedOutcome.NotReplayable(String.valueOf(problem.getMessage()));
        }
        if (!Objects.equals(replayed.getMessage(), message)) {
            return new RecordedOutcome.NotReplayable(
                    "the constructor of " + declared.getName() + " changes the message that it is given");
        }
        String difference = sameness.differenceOfState(declared, failure, replayed);
        if (difference != null) {
            return new RecordedOutcome.NotReplayable(
                    "of a failure the message is recorded, and no more: " + difference);
        }
        output.write(FIRST_VERSION);
        writeFailure(output, declared, message);
        return new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.FAILURE, output.toByteArray());
    }

    @Override
    public Outcome decode(RecordedOutcome recorded, OutcomeType type) {
        if (recorded instanceof RecordedOutcome.NotReplayable notReplayable) {
            throw new OutcomeCodecException(notReplayable.reason(), null);
        }
        if (!(recorded instanceof RecordedOutcome.Encoded encoded)) {
            throw new OutcomeCodecException("it was recorded by reference, and this codec reads bytes only", null);
        }
        byte[] content = encoded.content();
        if (content.length == 0) {
            throw new OutcomeCodecException("its recorded form is empty", null);
        }
        boolean value = encoded.kind() == RecordedOutcome.Encoded.Kind.VALUE;
        if (content[0] != FIRST_VERSION && !(value && content[0] == VERSION && content.length >= HEADER_LENGTH)) {
            throw new OutcomeCodecException("its recorded form has the unknown version " + (content[0] & 0xff), null);
        }
        return value
                ? new Outcome.Value(readValue(content, type.valueType()))
                : new Outcome.Failure(readFailure(content, type));
    }

    private @Nullable Object readValue(byte[] content, Type type) {
        if (isNothing(type)) {
            return null;
        }
        boolean primitive = type instanceof Class<?> plain && plain.isPrimitive();
        Object value = null;
        if (content.length > 1) {
            try {
                value = readValue(content, format(type));
            } catch (RuntimeException | LinkageError | StackOverflowError problem) {
                throw unreadable(type.getTypeName(), problem);
            }
        }
        if (value == null && primitive) {
            throw new OutcomeCodecException("nothing was recorded, and " + type + " cannot be null", null);
        }
        return value;
    }

    private @Nullable Object readValue(byte[] content, Format format) {
        boolean first = content[0] == FIRST_VERSION;
        int start = first ? 1 : HEADER_LENGTH;
        ObjectReader reader =
                first ? format.reader().withAttribute(RecordedFormModule.BYTES_AS_TEXT, true) : format.reader();
        Object value = reader.readValue(content, start, content.length - start);
        if (!first && format.hasRecorded(content)) {
            return value;
        }
        // By another version of the classes, or of this one: it has to mean the same still.
        ByteArrayOutputStream again = new ByteArrayOutputStream();
        ObjectWriter writer = marking.writerFor(format.type());
        JsonGenerator plain = writer.createGenerator(again);
        try (JsonGenerator generator = first ? plain : new RecordedFormGenerator(plain)) {
            writer.writeValue(generator, value);
        }
        String difference;
        try (JsonParser recorded = mapper.createParser(content, start, content.length - start);
                JsonParser read = mapper.createParser(again.toByteArray())) {
            difference = Evolution.difference(recorded, read);
        }
        if (difference != null) {
            throw new OutcomeCodecException(
                    "it was recorded by another version of " + format.type().toCanonical() + ": " + difference, null);
        }
        return value;
    }

    private static @Nullable Class<? extends Throwable> declaredType(Throwable failure, OutcomeType type) {
        Class<? extends Throwable> found = null;
        for (Class<? extends Throwable> candidate : type.failures()) {
            if (candidate.isInstance(failure) && (found == null || found.isAssignableFrom(candidate))) {
                found = candidate;
            }
        }
        return found;
    }

    private void writeFailure(BoundedOutput output, Class<? extends Throwable> type, @Nullable String message) {
        try (JsonGenerator generator = mapper.createGenerator(output)) {
            generator.writeStartObject();
            generator.writeStringProperty("type", type.getName());
            if (message != null) {
                generator.writeStringProperty("message", message);
            }
            generator.writeEndObject();
        }
    }

    private Throwable readFailure(byte[] content, OutcomeType type) {
        String name = null;
        String message = null;
        try (JsonParser parser = mapper.createParser(content, 1, content.length - 1)) {
            expect(parser.nextToken() == JsonToken.START_OBJECT);
            String member;
            while ((member = parser.nextName()) != null) {
                JsonToken value = parser.nextToken();
                if (member.equals("type") && value == JsonToken.VALUE_STRING) {
                    name = parser.getString();
                } else if (member.equals("message") && value == JsonToken.VALUE_STRING) {
                    message = parser.getString();
                } else {
                    parser.skipChildren();
                }
            }
            expect(parser.currentToken() == JsonToken.END_OBJECT && parser.nextToken() == null);
        } catch (RuntimeException problem) {
            throw unreadable("a failure", problem);
        }
        // By the declared types, and never by Class.forName: what is recorded must not choose what is instantiated.
        for (Class<? extends Throwable> declared : type.failures()) {
            if (declared.getName().equals(name)) {
                return make(declared, message);
            }
        }
        throw new OutcomeCodecException("it is a failure of a type that is not declared as recorded", null);
    }

    private static void expect(boolean condition) {
        if (!condition) {
            throw new OutcomeCodecException("its recorded form is not that of a failure", null);
        }
    }

    private static Throwable make(Class<? extends Throwable> type, @Nullable String message) {
        FailureConstructor constructor = FailureConstructor.of(type);
        if (constructor == null) {
            throw new OutcomeCodecException("failures of type " + type.getName() + " cannot be instantiated", null);
        }
        try {
            return constructor.make(message);
        } catch (ReflectiveOperationException problem) {
            // Its message may hold the failure's message, which nothing but the failure itself may show.
            Throwable thrown =
                    problem instanceof InvocationTargetException invocation ? invocation.getCause() : problem;
            throw new OutcomeCodecException(
                    "the constructor of " + type.getName() + " failed with "
                            + (thrown == null ? problem : thrown).getClass().getName(),
                    null);
        }
    }

    private OutcomeCodecException unreadable(String what, Throwable problem) {
        if (problem instanceof OutcomeCodecException known) {
            return known;
        }
        return new OutcomeCodecException(
                "its recorded form cannot be read as " + what + " (" + JsonFailure.describe(problem, mapper) + ")",
                null);
    }

    private static boolean isNothing(Type type) {
        return type == void.class || type == Void.class;
    }

    private Format format(Type type) {
        Format format = formats.get(type);
        if (format == null) {
            JavaType resolved = mapper.constructType(type);
            format = new Format(
                    resolved,
                    mapper.readerFor(resolved),
                    mapper.writerFor(resolved),
                    OutcomeTypeCheck.schema(type, mapper).getBytes(StandardCharsets.US_ASCII));
            formats.put(type, format);
        }
        return format;
    }

    /**
     * How one declared type is read and written.
     *
     * @param schema the same in all versions of the type that have the same properties
     */
    @SuppressWarnings("ArrayRecordComponent") // Never changed, and compared by nobody.
    private record Format(JavaType type, ObjectReader reader, ObjectWriter writer, byte[] schema) {

        /** Whether content was recorded by a type with these very properties. */
        boolean hasRecorded(byte[] content) {
            return schema[0] != OutcomeTypeCheck.UNKNOWN_SCHEMA.charAt(0)
                    && Arrays.equals(content, 1, HEADER_LENGTH, schema, 0, schema.length);
        }
    }

    /** Makes codecs. Not safe for use by many threads. */
    public static final class Builder {

        private int maximumLength = DEFAULT_MAXIMUM_LENGTH;

        private Consumer<JsonMapper.Builder> customizer = mapper -> {};

        private Builder() {}

        /**
         * Adds to what is configured of the codec's own mapper: modules, mix-ins, features. Called by {@link #build()}.
         *
         * @param addition changes the builder that it is given; it must not activate default typing, by which content
         *     would choose classes
         * @return this builder
         */
        public Builder customizer(Consumer<JsonMapper.Builder> addition) {
            customizer = customizer.andThen(addition);
            return this;
        }

        /**
         * Sets how many bytes an encoded outcome may have; a larger one is not replayable. Applies to encoding only, so
         * that a lower limit leaves what is recorded readable.
         *
         * @param bytes the limit; positive; {@link #DEFAULT_MAXIMUM_LENGTH} unless set
         * @return this builder
         * @throws IllegalArgumentException if the limit is not positive
         */
        public Builder maximumLength(int bytes) {
            if (bytes <= 0) {
                throw new IllegalArgumentException("The maximum length has to be positive, not " + bytes);
            }
            maximumLength = bytes;
            return this;
        }

        /**
         * Makes the codec.
         *
         * @return a codec with a mapper of its own
         * @throws IdempotencyConfigurationException if a customizer activated polymorphic default typing
         */
        public JacksonOutcomeCodec build() {
            JsonMapper.Builder builder = JsonMapper.builder(factory())
                    .addModule(new RecordedFormModule())
                    // Dates as they are: no timestamps, and no shift to another zone.
                    .disable(
                            DateTimeFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE,
                            DateTimeFeature.NORMALIZE_DESERIALIZED_ZONE_ID,
                            DateTimeFeature.WRITE_DATES_WITH_CONTEXT_TIME_ZONE,
                            DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS,
                            DateTimeFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
                    .enable(DateTimeFeature.WRITE_DATES_WITH_ZONE_ID)
                    .disable(EnumFeature.READ_ENUMS_USING_TO_STRING, EnumFeature.WRITE_ENUMS_USING_TO_STRING)
                    .enable(EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
                    // Numbers as they are.
                    .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                    .disable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
                    .enable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
                    // What lost or gained a property is read; what has become something else is not.
                    .disable(
                            DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
                            DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
                            DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                    .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                    .withCoercionConfig(LogicalType.Textual, Builder::nothingButText)
                    // @JsonFormat(shape = STRING) writes them so.
                    .withCoercionConfig(LogicalType.Integer, Builder::fromText)
                    .withCoercionConfig(LogicalType.Float, Builder::fromText)
                    .withCoercionConfig(LogicalType.Boolean, Builder::fromText)
                    // By address: a name would have to be looked up to be read.
                    .withConfigOverride(
                            InetAddress.class,
                            format -> format.setFormat(JsonFormat.Value.forShape(JsonFormat.Shape.NUMBER)))
                    // A record is its components, and what has no properties would come back as nothing.
                    .enable(MapperFeature.INFER_RECORD_GETTERS_FROM_COMPONENTS_ONLY)
                    // The form is the state, all of it, and nothing that is computed from it.
                    .enable(MapperFeature.ALLOW_FINAL_FIELDS_AS_MUTATORS, MapperFeature.REQUIRE_SETTERS_FOR_GETTERS)
                    .enable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
                    .disable(SerializationFeature.CLOSE_CLOSEABLE);
            customizer.accept(builder);
            AnnotationIntrospector introspector = builder.annotationIntrospector();
            JsonMapper mapper = builder.annotationIntrospector(new RecordedFormIntrospector(introspector))
                    .changeDefaultPropertyInclusion(inclusion -> RecordedFormIntrospector.ALWAYS)
                    .polymorphicTypeValidator(new ListedSubtypesOnly())
                    .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();
            JavaType any = mapper.constructType(Object.class);
            if (mapper.deserializationConfig().getDefaultTyper(any) != null
                    || mapper.serializationConfig().getDefaultTyper(any) != null) {
                throw new IdempotencyConfigurationException(
                        "A customizer of the outcome codec activates Jackson's polymorphic default typing, by which"
                                + " recorded content would choose the classes to instantiate",
                        "Remove it, and put @JsonTypeInfo(use = JsonTypeInfo.Id.NAME) on the types that need it");
            }
            return new JacksonOutcomeCodec(mapper, maximumLength);
        }

        private static void nothingButText(MutableCoercionConfig config) {
            for (CoercionInputShape shape :
                    List.of(CoercionInputShape.Integer, CoercionInputShape.Float, CoercionInputShape.Boolean)) {
                config.setCoercion(shape, CoercionAction.Fail);
            }
        }

        private static void fromText(MutableCoercionConfig config) {
            config.setCoercion(CoercionInputShape.String, CoercionAction.TryConvert)
                    .setCoercion(CoercionInputShape.EmptyString, CoercionAction.Fail);
        }

        private static JsonFactory factory() {
            return JsonFactory.builder()
                    // What may be written may be read.
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAXIMUM_DEPTH)
                            .maxStringLength(Integer.MAX_VALUE)
                            .maxNameLength(Integer.MAX_VALUE)
                            .maxNumberLength(MAXIMUM_DIGITS)
                            .build())
                    .streamWriteConstraints(StreamWriteConstraints.builder()
                            .maxNestingDepth(MAXIMUM_DEPTH)
                            .build())
                    .build();
        }
    }

    /**
     * Lets content name no class but the subtypes that the declared type itself lists, by {@code @JsonSubTypes} or by
     * being sealed: by that way Jackson makes what it has deduced, too.
     */
    private static final class ListedSubtypesOnly extends PolymorphicTypeValidator {

        private static final long serialVersionUID = 1L;

        @Override
        public Validity validateBaseType(DatabindContext context, JavaType baseType) {
            return Validity.INDETERMINATE;
        }

        @Override
        public Validity validateSubClassName(DatabindContext context, JavaType baseType, String subClassName) {
            for (NamedType subtype : OutcomeTypeCheck.subtypes(context, baseType)) {
                if (subtype.getType().getName().equals(subClassName)) {
                    return Validity.ALLOWED;
                }
            }
            return Validity.DENIED;
        }

        @Override
        public Validity validateSubType(DatabindContext context, JavaType baseType, JavaType subType) {
            return Validity.DENIED;
        }
    }
}
