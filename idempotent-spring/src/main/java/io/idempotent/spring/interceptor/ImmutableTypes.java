package io.idempotent.spring.interceptor;

import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.util.Currency;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Knows the types whose values never change, however deep one looks, and which so can be kept and compared by
 * {@code equals} later on: values of the JDK, enums, and records and sealed
 * interfaces made of nothing else. What a type allows to be changed, by a subclass too, is not among them, nor is a
 * record that says itself what is equal.
 */
final class ImmutableTypes {

    private static final Set<Class<?>> VALUES = Set.of(
            Boolean.class,
            Byte.class,
            Character.class,
            Short.class,
            Integer.class,
            Long.class,
            Float.class,
            Double.class,
            String.class,
            BigDecimal.class,
            BigInteger.class,
            UUID.class,
            URI.class,
            Currency.class,
            Locale.class,
            OptionalInt.class,
            OptionalLong.class,
            OptionalDouble.class);

    private static final Map<Class<?>, Boolean> KNOWN = new ConcurrentHashMap<>();

    private ImmutableTypes() {}

    /** Whether a type is a single value, and not made of several. */
    static boolean isValue(Class<?> type) {
        return VALUES.contains(type) || type.isEnum() || type.isPrimitive() || isTime(type);
    }

    static boolean isDeeplyImmutable(Type type) {
        if (type instanceof Class<?> plain && plain.getTypeParameters().length == 0) {
            Boolean known = KNOWN.get(plain);
            if (known == null) {
                known = isDeeplyImmutable(plain, Map.of(), new HashSet<>());
                KNOWN.put(plain, known);
            }
            return known;
        }
        return isDeeplyImmutable(type, Map.of(), new HashSet<>());
    }

    private static boolean isDeeplyImmutable(Type type, Map<TypeVariable<?>, Type> variables, Set<Visit> visiting) {
        if (type instanceof TypeVariable<?> variable) {
            Type bound = variables.get(variable);
            return bound != null && isDeeplyImmutable(bound, Map.of(), visiting);
        }
        Class<?> plain;
        Map<TypeVariable<?>, Type> bound = new HashMap<>();
        if (type instanceof Class<?> itself) {
            plain = itself;
        } else if (type instanceof ParameterizedType parameterized
                && parameterized.getRawType() instanceof Class<?> raw) {
            plain = raw;
            TypeVariable<?>[] parameters = raw.getTypeParameters();
            for (int index = 0; index < parameters.length; index++) {
                Type argument = parameterized.getActualTypeArguments()[index];
                bound.put(
                        parameters[index],
                        argument instanceof TypeVariable<?> outer
                                ? variables.getOrDefault(outer, Object.class)
                                : argument);
            }
        } else {
            return false;
        }
        if (isValue(plain)) {
            return true;
        }
        if (plain == Optional.class) {
            return isDeeplyImmutable(bound.getOrDefault(plain.getTypeParameters()[0], Object.class), bound, visiting);
        }
        // A type that contains itself is immutable if all the rest of it is.
        if (!visiting.add(new Visit(type, bound))) {
            return true;
        }
        if (plain.isRecord()) {
            if (!comparesComponents(plain)) {
                return false;
            }
            for (RecordComponent component : plain.getRecordComponents()) {
                if (!isDeeplyImmutable(component.getGenericType(), bound, visiting)) {
                    return false;
                }
            }
            return true;
        }
        if (plain.isInterface() && plain.isSealed()) {
            for (Class<?> permitted : plain.getPermittedSubclasses()) {
                if (!isDeeplyImmutable(permitted, Map.of(), visiting)) {
                    return false;
                }
            }
            return true;
        }
        return false;
    }

    /** Whether {@code equals} is the compiler's, which alone is final: one that is written may leave something out. */
    private static boolean comparesComponents(Class<?> type) {
        try {
            return Modifier.isFinal(
                    type.getDeclaredMethod("equals", Object.class).getModifiers());
        } catch (NoSuchMethodException impossible) {
            return false;
        }
    }

    private static boolean isTime(Class<?> type) {
        return type.getPackageName().equals("java.time")
                && Modifier.isFinal(type.getModifiers())
                && !type.isInterface();
    }

    /**
     * A type that is being looked at.
     *
     * @param type the type as it is written
     * @param bound what its parameters stand for there
     */
    private record Visit(Type type, Map<TypeVariable<?>, Type> bound) {}
}
