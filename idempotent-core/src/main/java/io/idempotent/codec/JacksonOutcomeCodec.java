package io.idempotent.codec;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Type;
import java.util.List;
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
 * <h2>What comes back</h2>
 *
 * <p>JSON is decoded to the declared generic type and to nothing else; Jackson's annotations on the application's types
 * apply. {@code BigDecimal} keeps its scale, {@code OffsetDateTime} its offset, {@code ZonedDateTime} its zone, an enum
 * constant is known by its name, {@code NaN} and the infinities are kept, and so are unpaired surrogates in text;
 * numbers that annotations write as text are read from it. A sealed type needs no annotations: the permitted class is
 * recorded by its {@code @JsonTypeName}, or else its name without the package.
 *
 * <p>A class that has lost a property since is read, and so is one that has gained one, which then is null, 0 or false;
 * what cannot be read to the declared type is refused. What is not kept: a subclass of a declared class that is not
 * sealed comes back as the declared class; the comparator of a sorted collection, and the kind of a collection beyond
 * what its declared type says; the difference between a null {@code Optional} and an empty one inside other values.
 *
 * <p>A failure is recorded by the most specific declared type that it is an instance of, and its message. It comes back
 * as an instance of exactly that declared type, made by its constructor that takes a message, a message and a cause, or
 * nothing, in this order, public or not; the cause is null. Its stack trace is its own, made at replay; a constructor
 * that changes the message it is given changes it again. No other class is instantiated, whatever the bytes name.
 *
 * <h2>What is not recorded</h2>
 *
 * <p>{@link #encode} throws nothing for what an operation produced. What cannot be written (cycles, getters that throw,
 * values deeper than {@value #MAXIMUM_DEPTH}, more bytes than the limit) becomes
 * {@link RecordedOutcome.NotReplayable}; writing stops as soon as the limit is passed. What was written is not read back
 * to see whether it can be, since that would double the cost of each first call: {@link #check} finds at startup what the
 * types alone tell.
 *
 * <h2>The format</h2>
 *
 * <p>Version 1: the byte {@code 0x31}, the digit 1 in ASCII; after it nothing where the value is null or the operation
 * returns nothing, else one JSON text (RFC 8259) in UTF-8. For a value that is the value; for a failure an object with
 * the members {@code type}, the binary name of the declared class, and {@code message}, left out where there is none.
 * Another version, or anything after the JSON text, is refused.
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

    private static final byte VERSION = '1';

    private static final byte[] NOTHING = {VERSION};

    private final JsonMapper mapper;

    private final int maximumLength;

    // One entry per declared type of an operation, of which there is a fixed number.
    private final ConcurrentMap<Type, Format> formats = new ConcurrentHashMap<>();

    private JacksonOutcomeCodec(JsonMapper mapper, int maximumLength) {
        this.mapper = mapper;
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
    public RecordedOutcome encode(Outcome outcome, OutcomeType type) {
        BoundedOutput output = new BoundedOutput(maximumLength);
        try {
            if (outcome instanceof Outcome.Value value) {
                if (value.value() == null || isNothing(type.valueType())) {
                    return new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, NOTHING);
                }
                output.write(VERSION);
                format(type.valueType()).writer().writeValue(output, value.value());
                return new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.VALUE, output.toByteArray());
            }
            Throwable failure = ((Outcome.Failure) outcome).cause();
            Class<? extends Throwable> declared = declaredType(failure, type);
            if (declared == null) {
                return new RecordedOutcome.NotReplayable(
                        "failures of type " + failure.getClass().getName() + " are not declared as recorded");
            }
            output.write(VERSION);
            writeFailure(output, declared, failure.getMessage());
            return new RecordedOutcome.Encoded(RecordedOutcome.Encoded.Kind.FAILURE, output.toByteArray());
        } catch (Throwable problem) {
            // Even an error: the operation's work is done, and a record that says so keeps it from running again.
            return new RecordedOutcome.NotReplayable(
                    output.isExceeded()
                            ? "it needs more than " + maximumLength + " bytes"
                            : "it could not be encoded (" + Problem.describe(problem) + ")");
        }
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
        if (content.length == 0 || content[0] != VERSION) {
            throw new OutcomeCodecException(
                    content.length == 0
                            ? "its recorded form is empty"
                            : "its recorded form has the unknown version " + (content[0] & 0xff),
                    null);
        }
        return switch (encoded.kind()) {
            case VALUE -> new Outcome.Value(readValue(content, type.valueType()));
            case FAILURE -> new Outcome.Failure(readFailure(content, type));
        };
    }

    private @Nullable Object readValue(byte[] content, Type type) {
        if (isNothing(type)) {
            return null;
        }
        boolean primitive = type instanceof Class<?> plain && plain.isPrimitive();
        Object value = null;
        if (content.length > 1) {
            try {
                value = format(type).reader().readValue(content, 1, content.length - 1);
            } catch (RuntimeException | LinkageError | StackOverflowError problem) {
                throw unreadable(type.getTypeName(), problem);
            }
        }
        if (value == null && primitive) {
            throw new OutcomeCodecException("nothing was recorded, and " + type + " cannot be null", null);
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

    private static OutcomeCodecException unreadable(String what, Throwable problem) {
        if (problem instanceof OutcomeCodecException known) {
            return known;
        }
        return new OutcomeCodecException(
                "its recorded form cannot be read as " + what + " (" + Problem.describe(problem) + ")", null);
    }

    private static boolean isNothing(Type type) {
        return type == void.class || type == Void.class;
    }

    private Format format(Type type) {
        Format format = formats.get(type);
        if (format == null) {
            JavaType resolved = mapper.constructType(type);
            format = new Format(mapper.readerFor(resolved), mapper.writerFor(resolved));
            formats.put(type, format);
        }
        return format;
    }

    /** How one declared type is read and written. */
    private record Format(ObjectReader reader, ObjectWriter writer) {}

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
                    .addModule(new UnencodableTypesModule())
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
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
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
                    // A record is its components, and what has no properties would come back as nothing.
                    .enable(MapperFeature.INFER_RECORD_GETTERS_FROM_COMPONENTS_ONLY)
                    .enable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
                    .disable(SerializationFeature.CLOSE_CLOSEABLE);
            customizer.accept(builder);
            AnnotationIntrospector introspector = builder.annotationIntrospector();
            JsonMapper mapper = builder.annotationIntrospector(
                            AnnotationIntrospector.pair(introspector, new SealedTypeIntrospector()))
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
     * Lets content name no class but the subtypes that the declared type itself lists, by {@code @JsonSubTypes} or by being
     * sealed: by that way Jackson makes what it has deduced, too.
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
