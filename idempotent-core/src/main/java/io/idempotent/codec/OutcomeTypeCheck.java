package io.idempotent.codec;

import com.fasterxml.jackson.annotation.JsonBackReference;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.Sha256;
import java.io.Serializable;
import java.lang.annotation.Annotation;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.DatabindContext;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.deser.AbstractDeserializer;
import tools.jackson.databind.deser.SettableBeanProperty;
import tools.jackson.databind.deser.ValueInstantiator;
import tools.jackson.databind.deser.bean.BeanDeserializerBase;
import tools.jackson.databind.deser.jdk.UntypedObjectDeserializer;
import tools.jackson.databind.deser.std.ContainerDeserializerBase;
import tools.jackson.databind.introspect.AnnotatedField;
import tools.jackson.databind.introspect.AnnotatedMember;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.jsontype.NamedType;
import tools.jackson.databind.jsontype.TypeDeserializer;
import tools.jackson.databind.ser.BeanPropertyWriter;
import tools.jackson.databind.ser.PropertyWriter;
import tools.jackson.databind.ser.bean.BeanSerializerBase;
import tools.jackson.databind.ser.impl.UnknownSerializer;
import tools.jackson.databind.ser.jdk.MapEntrySerializer;

/**
 * Checks that a declared type says enough to be decoded to, and that all that is written of it can be read.
 *
 * <ol>
 *   <li>The type as it is written: no {@code Object}, wildcard, type variable or raw generic type in it, and nothing
 *       that is {@linkplain UnencodableTypes no content}.
 *   <li>The deserializers that Jackson would use for it, from property to property: each has to know which class to
 *       make and how, and to set whatever the serializer writes.
 * </ol>
 */
final class OutcomeTypeCheck {

    // Types that Jackson reads to whatever the JSON looks like, which is not what was written.
    private static final Set<Class<?>> UNSPECIFIC =
            Set.of(Object.class, Number.class, Comparable.class, Serializable.class, Cloneable.class);

    static final int SCHEMA_LENGTH = 8;

    static final String UNKNOWN_SCHEMA = ".".repeat(SCHEMA_LENGTH);

    private static final Set<String> ENTITY = Set.of("jakarta.persistence.Entity", "javax.persistence.Entity");

    private final Type declared;

    private final JsonMapper mapper;

    private final DeserializationContext context;

    private final SerializationContext writing;

    private final Set<JavaType> seen = new HashSet<>();

    private final Set<String> schema = new TreeSet<>();

    private final Set<String> remarks = new LinkedHashSet<>();

    /** The properties on the way to the type that is looked at. */
    private final Deque<String> way = new ArrayDeque<>();

    private OutcomeTypeCheck(Type declared, JsonMapper mapper) {
        this.declared = declared;
        this.mapper = mapper;
        this.context = mapper._deserializationContext();
        this.writing = mapper._serializationContext();
    }

    static void check(Type declared, JsonMapper mapper) {
        new OutcomeTypeCheck(declared, mapper).run();
    }

    /** What is to be said of a type that passes. */
    static List<String> remarks(Type declared, JsonMapper mapper) {
        OutcomeTypeCheck check = new OutcomeTypeCheck(declared, mapper);
        check.run();
        return List.copyOf(check.remarks);
    }

    /**
     * Text that is the same for two versions of a type only if both have the same properties of the same types, so that
     * what one has recorded the other reads; {@link #UNKNOWN_SCHEMA} for a type that does not pass.
     */
    static String schema(Type declared, JsonMapper mapper) {
        OutcomeTypeCheck check = new OutcomeTypeCheck(declared, mapper);
        try {
            check.run();
            byte[] digest = Sha256.of(String.join("\n", check.schema));
            return Base64.getUrlEncoder().encodeToString(digest).substring(0, SCHEMA_LENGTH);
        } catch (IdempotencyConfigurationException refused) {
            return UNKNOWN_SCHEMA;
        }
    }

    private void run() {
        checkDeclared(declared);
        checkRead(mapper.constructType(declared), null, null);
    }

    private void checkDeclared(Type type) {
        if (type instanceof Class<?> plain) {
            checkClass(plain);
            if (plain.isArray()) {
                checkDeclared(plain.getComponentType());
            } else if (plain.getTypeParameters().length > 0) {
                throw refusal("'" + plain.getName() + "' is used without its type arguments");
            }
        } else if (type instanceof ParameterizedType parameterized) {
            checkClass((Class<?>) parameterized.getRawType());
            for (Type argument : parameterized.getActualTypeArguments()) {
                checkDeclared(argument);
            }
        } else if (type instanceof GenericArrayType array) {
            checkDeclared(array.getGenericComponentType());
        } else if (type instanceof WildcardType) {
            throw refusal("the wildcard '" + type.getTypeName() + "' names no class");
        } else if (type instanceof TypeVariable<?>) {
            throw refusal("the type variable '" + type.getTypeName() + "' names no class");
        } else {
            throw refusal("'" + type.getTypeName() + "' is no kind of type that is known");
        }
    }

    private void checkClass(Class<?> type) {
        String reason = UnencodableTypes.reason(type);
        if (reason != null) {
            throw refusal("'" + type.getName() + "' is no content: " + reason);
        }
        if (UNSPECIFIC.contains(type)) {
            throw refusal("'" + type.getName() + "' does not say which class to make");
        }
    }

    private void checkRead(
            JavaType type, @Nullable ValueDeserializer<?> ofProperty, @Nullable TypeDeserializer typeOfProperty) {
        if (!seen.add(type)) {
            return;
        }
        checkClass(type.getRawClass());
        schema.add(type.toCanonical());
        Fields.of(type.getRawClass()).forEach(field -> schema.add(field.toGenericString()));
        remarkEntity(type.getRawClass());
        if (type.isContainerType() || type.isReferenceType()) {
            JavaType key = type.getKeyType();
            if (key != null && key.hasRawClass(Object.class)) {
                throw refusal("a map in it has keys of 'java.lang.Object', which does not say which class to make");
            }
            if (isNeverMade(deserializer(type))) {
                throw refusal("'" + type.toCanonical() + "' can be written, and Jackson does not know how to make one");
            }
            checkContainer(type);
            checkRead(type.getContentType(), null, null);
            return;
        }
        String ambiguity = SealedTypeIntrospector.ambiguity(type.getRawClass());
        if (ambiguity != null) {
            throw refusal(ambiguity + " are permitted by one sealed type and named alike; give them @JsonTypeName");
        }
        TypeDeserializer polymorphic = typeOfProperty;
        if (polymorphic == null) {
            polymorphic = typeDeserializer(type);
        }
        if (polymorphic != null) {
            checkSubtypes(type);
        }
        checkDeserializer(type, ofProperty == null ? deserializer(type) : ofProperty, polymorphic != null);
    }

    private void checkSubtypes(JavaType type) {
        boolean listed = false;
        for (NamedType subtype : subtypes(context, type)) {
            if (subtype.getType() != type.getRawClass() && type.getRawClass().isAssignableFrom(subtype.getType())) {
                listed = true;
                checkRead(context.constructSpecializedType(type, subtype.getType()), null, null);
            }
        }
        if (!listed && type.isAbstract()) {
            throw refusal("'" + type.toCanonical() + "' does not list its subtypes (@JsonSubTypes, or seal it)");
        }
    }

    /** The subtypes that a type lists, itself included. */
    static Collection<NamedType> subtypes(DatabindContext context, JavaType type) {
        return context.getConfig()
                .getSubtypeResolver()
                .collectAndResolveSubtypesByTypeId(context.getConfig(), context.introspectClassAnnotations(type));
    }

    private void checkDeserializer(JavaType type, ValueDeserializer<?> deserializer, boolean polymorphic) {
        if (deserializer instanceof UntypedObjectDeserializer) {
            throw refusal("'" + type.toCanonical() + "' does not say which class to make");
        }
        if (deserializer instanceof AbstractDeserializer && !polymorphic) {
            throw refusal("'" + type.toCanonical() + "' is abstract, and nothing tells which class to make");
        }
        if (serializer(type) instanceof UnknownSerializer && !type.isAbstract() && !type.isRecordType()) {
            throw refusal("'" + type.toCanonical() + "' has no properties that Jackson could write and read");
        }
        if (deserializer instanceof BeanDeserializerBase bean) {
            checkMade(type, bean);
            checkWritten(type, bean);
            for (Iterator<SettableBeanProperty> properties = bean.properties(); properties.hasNext(); ) {
                SettableBeanProperty property = properties.next();
                schema.add(type.toCanonical()
                        + '#'
                        + property.getName()
                        + ':'
                        + property.getType().toCanonical());
                way.addLast(property.getName());
                checkRead(
                        property.getType(),
                        property.hasValueDeserializer() ? property.getValueDeserializer() : null,
                        property.getValueTypeDeserializer());
                way.removeLast();
            }
        }
    }

    private void checkMade(JavaType type, BeanDeserializerBase bean) {
        if (type.isThrowable()) {
            return;
        }
        ValueInstantiator instantiator = bean.getValueInstantiator();
        boolean fromScalar = instantiator.canCreateFromString()
                || instantiator.canCreateFromInt()
                || instantiator.canCreateFromLong()
                || instantiator.canCreateFromDouble()
                || instantiator.canCreateFromBoolean()
                || instantiator.canCreateFromBigInteger()
                || instantiator.canCreateFromBigDecimal();
        boolean fromDelegate = instantiator.canCreateUsingDelegate() || instantiator.canCreateUsingArrayDelegate();
        boolean fromObject = instantiator.canCreateUsingDefault() || instantiator.canCreateFromObjectWith();
        ValueSerializer<?> serializer = serializer(type);
        // What is made of one value has to be written as one, too.
        boolean writtenAsObject = serializer instanceof BeanSerializerBase || serializer instanceof MapEntrySerializer;
        if (!fromObject && !fromDelegate && (!fromScalar || writtenAsObject)) {
            throw refusal("'" + type.toCanonical() + "' can be written, but no constructor makes it again: it has none"
                    + " without parameters, and none whose parameters are named like its properties");
        }
        if (!bean.properties().hasNext()
                && !type.isRecordType()
                && !type.isAbstract()
                && !bean.hasAnySetter()
                && !fromScalar
                && !fromDelegate) {
            throw refusal("'" + type.toCanonical() + "' has no properties that Jackson could write and read");
        }
    }

    /** Compares what is written of a class with what can be set, and both with what its objects hold. */
    private void checkWritten(JavaType type, BeanDeserializerBase bean) {
        if (!(serializer(type) instanceof BeanSerializerBase written)) {
            return;
        }
        Set<String> read = new HashSet<>();
        bean.properties().forEachRemaining(property -> read.add(property.getName()));
        Set<String> recorded = new HashSet<>();
        for (Iterator<PropertyWriter> properties = written.properties(); properties.hasNext(); ) {
            PropertyWriter property = properties.next();
            AnnotatedMember member = property.getMember();
            recorded.add(property.getName());
            if (member == null) {
                continue;
            }
            recorded.add(member.getName());
            if (member instanceof AnnotatedField
                    && !read.contains(property.getName())
                    && !bean.hasAnySetter()
                    && !(property instanceof BeanPropertyWriter writer && writer.isUnwrapping())) {
                throw refusal("the property '" + property.getName() + "' of '" + type.toCanonical()
                        + "' is written, and cannot be set");
            }
            JsonProperty said = property.getAnnotation(JsonProperty.class);
            if (said != null && said.access() == JsonProperty.Access.WRITE_ONLY) {
                remarks.add("records '" + property.getName() + "' of " + type.toCanonical()
                        + ", which is WRITE_ONLY elsewhere, so that a replay has it too: keep it out of the store by"
                        + " @JsonIgnore or another return type, if it is a secret");
            }
        }
        checkState(type, recorded);
    }

    private void checkState(JavaType type, Set<String> recorded) {
        BeanDescription description = context.introspectBeanDescription(type);
        description.findProperties().stream()
                .filter(property -> recorded.contains(property.getName()))
                .forEach(property -> recorded.add(property.getInternalName()));
        AnnotatedMember rest = writing.introspectBeanDescription(type).findAnyGetter();
        Set<String> names = new HashSet<>();
        for (Field field : Fields.of(type.getRawClass())) {
            if (!names.add(field.getName())) {
                throw refusal("'" + type.toCanonical() + "' has two fields '" + field.getName()
                        + "', its own and that of a class that it extends, of which one only is recorded");
            }
            if (!recorded.contains(field.getName())
                    && !field.isAnnotationPresent(JsonBackReference.class)
                    && !(rest != null && Map.class.isAssignableFrom(field.getType()))) {
                remarks.add("does not record '" + field.getName() + "' of " + type.toCanonical()
                        + ", which an annotation keeps out: a replay has what the class itself puts there");
            }
        }
    }

    private static boolean isNeverMade(ValueDeserializer<?> deserializer) {
        if (!(deserializer instanceof ContainerDeserializerBase<?> container)) {
            return deserializer instanceof AbstractDeserializer;
        }
        ValueInstantiator instantiator = container.getValueInstantiator();
        return instantiator != null && !instantiator.canInstantiate();
    }

    /** What a container of the platform's is extended by is no element of it. */
    private void checkContainer(JavaType type) {
        List<Field> state = Fields.of(type.getRawClass());
        Class<?> container = type.getRawClass();
        while (!Fields.isPlatform(container)) {
            container = container.getSuperclass();
        }
        if (!state.isEmpty()
                && container != null
                && !Modifier.isAbstract(container.getModifiers())
                && container != Object.class
                && !(serializer(type) instanceof BeanSerializerBase)) {
            throw refusal("'" + type.toCanonical() + "' is written by its elements, without its field '"
                    + state.get(0).getName() + "'");
        }
    }

    private void remarkEntity(Class<?> type) {
        for (Class<?> current = type; current != null; current = current.getSuperclass()) {
            for (Annotation annotation : current.getAnnotations()) {
                if (ENTITY.contains(annotation.annotationType().getName())) {
                    remarks.add("records the entity " + type.getName()
                            + ": a replay gives a copy that no persistence context knows, as it was then, and what"
                            + " is not"
                            + " loaded cannot be recorded. Return a record with what callers need, or the entity's id");
                    return;
                }
            }
        }
    }

    private ValueSerializer<?> serializer(JavaType type) {
        try {
            return writing.findValueSerializer(type);
        } catch (RuntimeException exception) {
            throw refusal("Jackson cannot write '" + type.toCanonical() + "'", exception);
        }
    }

    private ValueDeserializer<?> deserializer(JavaType type) {
        try {
            return context.findContextualValueDeserializer(type, null);
        } catch (RuntimeException exception) {
            throw refusal("Jackson cannot read '" + type.toCanonical() + "'", exception);
        }
    }

    private @Nullable TypeDeserializer typeDeserializer(JavaType type) {
        try {
            return context.findTypeDeserializer(type);
        } catch (RuntimeException exception) {
            throw refusal("Jackson cannot tell the subtypes of '" + type.toCanonical() + "' apart", exception);
        }
    }

    private IdempotencyConfigurationException refusal(String reason) {
        return refusal(reason, null);
    }

    private IdempotencyConfigurationException refusal(String reason, @Nullable RuntimeException cause) {
        return new IdempotencyConfigurationException(
                "Outcomes of type '" + declared.getTypeName() + "' cannot be recorded as JSON: " + reason
                        + (way.isEmpty() ? "" : " (at '" + String.join(".", way) + "')"),
                "Declare a concrete type that Jackson can write and read, mark as transient what is no part of the"
                        + " outcome,"
                        + " or use the Caffeine store, which keeps outcomes by reference",
                cause);
    }
}
