package io.idempotent.codec;

import io.idempotent.IdempotencyConfigurationException;
import java.io.Serializable;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.DatabindContext;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.deser.AbstractDeserializer;
import tools.jackson.databind.deser.SettableBeanProperty;
import tools.jackson.databind.deser.ValueInstantiator;
import tools.jackson.databind.deser.bean.BeanDeserializerBase;
import tools.jackson.databind.deser.jdk.UntypedObjectDeserializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.jsontype.NamedType;
import tools.jackson.databind.jsontype.TypeDeserializer;
import tools.jackson.databind.ser.impl.UnknownSerializer;

/**
 * Checks that a declared type says enough to be decoded to.
 *
 * <ol>
 *   <li>The type as it is written: no {@code Object}, wildcard, type variable or raw generic type in it, and nothing that
 *       is {@linkplain UnencodableTypes no content}.
 *   <li>The deserializers that Jackson would use for it, from property to property: each has to know which class to make.
 * </ol>
 */
final class OutcomeTypeCheck {

    // Types that Jackson reads to whatever the JSON looks like, which is not what was written.
    private static final Set<Class<?>> UNSPECIFIC =
            Set.of(Object.class, Number.class, Comparable.class, Serializable.class, Cloneable.class);

    private final Type declared;

    private final DeserializationContext context;

    private final SerializationContext writing;

    private final Set<JavaType> seen = new HashSet<>();

    private OutcomeTypeCheck(Type declared, JsonMapper mapper) {
        this.declared = declared;
        this.context = mapper._deserializationContext();
        this.writing = mapper._serializationContext();
    }

    static void check(Type declared, JsonMapper mapper) {
        OutcomeTypeCheck check = new OutcomeTypeCheck(declared, mapper);
        check.checkDeclared(declared);
        check.checkRead(mapper.constructType(declared), null, null);
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
        if (type.isContainerType() || type.isReferenceType()) {
            JavaType key = type.getKeyType();
            if (key != null && key.hasRawClass(Object.class)) {
                throw refusal("a map in it has keys of 'java.lang.Object', which does not say which class to make");
            }
            deserializer(type);
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
        if (deserializer instanceof BeanDeserializerBase bean) {
            Iterator<SettableBeanProperty> properties = bean.properties();
            if (!properties.hasNext() && !canBeEmpty(type, bean)) {
                throw refusal("'" + type.toCanonical() + "' has no properties that Jackson could write and read");
            }
            while (properties.hasNext()) {
                SettableBeanProperty property = properties.next();
                checkRead(
                        property.getType(),
                        property.hasValueDeserializer() ? property.getValueDeserializer() : null,
                        property.getValueTypeDeserializer());
            }
        }
    }

    private boolean canBeEmpty(JavaType type, BeanDeserializerBase bean) {
        if (type.isRecordType() || type.isAbstract() || bean.hasAnySetter()) {
            return true;
        }
        // Of one value, from which an instance is made: but then it has to be written as one, too.
        ValueInstantiator instantiator = bean.getValueInstantiator();
        boolean fromOneValue = instantiator.canCreateUsingDelegate()
                || instantiator.canCreateUsingArrayDelegate()
                || instantiator.canCreateFromString()
                || instantiator.canCreateFromInt()
                || instantiator.canCreateFromLong()
                || instantiator.canCreateFromDouble()
                || instantiator.canCreateFromBoolean()
                || instantiator.canCreateFromBigInteger()
                || instantiator.canCreateFromBigDecimal();
        return fromOneValue && !(writing.findValueSerializer(type) instanceof UnknownSerializer);
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
                "Outcomes of type '" + declared.getTypeName() + "' cannot be recorded as JSON: " + reason,
                "Declare a concrete type, or use the Caffeine store, which keeps outcomes by reference",
                cause);
    }
}
