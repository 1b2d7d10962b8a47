package io.idempotent.codec;

import java.lang.reflect.Array;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Resolves what generic superclasses and interfaces leave open by what a class says. */
public final class GenericTypes {

    private GenericTypes() {}

    /**
     * Returns a type whose variables of superclasses and interfaces of the class are replaced by what the class says of
     * them, however deep in the type they are. Variables of which the class says nothing stay.
     *
     * @param type a type as a superclass or an interface of the class wrote it
     * @param context the class
     */
    public static Type resolve(Type type, Class<?> context) {
        if (type instanceof Class<?>) {
            return type;
        }
        Map<TypeVariable<?>, Type> known = new HashMap<>();
        collect(context, known);
        return substitute(type, known);
    }

    /** Returns the class that a type is erased to. */
    public static Class<?> erase(Type type) {
        if (type instanceof Class<?> known) {
            return known;
        }
        if (type instanceof ParameterizedType parameterized) {
            return (Class<?>) parameterized.getRawType();
        }
        if (type instanceof GenericArrayType array) {
            return Array.newInstance(erase(array.getGenericComponentType()), 0).getClass();
        }
        if (type instanceof WildcardType wildcard) {
            return erase(wildcard.getUpperBounds()[0]);
        }
        return type instanceof TypeVariable<?> variable ? erase(variable.getBounds()[0]) : Object.class;
    }

    private static void collect(Type type, Map<TypeVariable<?>, Type> known) {
        if (type instanceof ParameterizedType parameterized) {
            TypeVariable<?>[] variables = erase(type).getTypeParameters();
            for (int index = 0; index < variables.length; index++) {
                known.putIfAbsent(variables[index], parameterized.getActualTypeArguments()[index]);
            }
            if (parameterized.getOwnerType() != null) {
                collect(parameterized.getOwnerType(), known);
            }
        }
        Class<?> raw = erase(type);
        if (raw.getGenericSuperclass() != null) {
            collect(raw.getGenericSuperclass(), known);
        }
        for (Type implemented : raw.getGenericInterfaces()) {
            collect(implemented, known);
        }
    }

    private static Type substitute(Type type, Map<TypeVariable<?>, Type> known) {
        if (type instanceof TypeVariable<?> variable) {
            Type found = known.get(variable);
            return found == null || found.equals(variable) ? variable : substitute(found, known);
        }
        if (type instanceof ParameterizedType parameterized) {
            Type[] arguments = substitute(parameterized.getActualTypeArguments(), known);
            return Arrays.equals(arguments, parameterized.getActualTypeArguments())
                    ? type
                    : new Parameterized(erase(type), parameterized.getOwnerType(), List.of(arguments));
        }
        if (type instanceof GenericArrayType array) {
            Type component = substitute(array.getGenericComponentType(), known);
            return component instanceof Class<?> element
                    ? Array.newInstance(element, 0).getClass()
                    : new ArrayOf(component);
        }
        if (type instanceof WildcardType wildcard) {
            return new Wildcard(
                    List.of(substitute(wildcard.getUpperBounds(), known)),
                    List.of(substitute(wildcard.getLowerBounds(), known)));
        }
        return type;
    }

    private static Type[] substitute(Type[] types, Map<TypeVariable<?>, Type> known) {
        return Arrays.stream(types).map(type -> substitute(type, known)).toArray(Type[]::new);
    }

    /** Equal to the JDK's own. */
    private record Parameterized(Class<?> raw, @Nullable Type owner, List<Type> arguments)
            implements ParameterizedType {

        @Override
        public Type[] getActualTypeArguments() {
            return arguments.toArray(Type[]::new);
        }

        @Override
        public Type getRawType() {
            return raw;
        }

        @Override
        public @Nullable Type getOwnerType() {
            return owner;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof ParameterizedType type
                    && raw.equals(type.getRawType())
                    && Objects.equals(owner, type.getOwnerType())
                    && arguments.equals(List.of(type.getActualTypeArguments()));
        }

        @Override
        public int hashCode() {
            return arguments.hashCode() ^ Objects.hashCode(owner) ^ raw.hashCode();
        }

        @Override
        public String toString() {
            return raw.getName() + "<" + names(arguments, ", ") + ">";
        }
    }

    /** Equal to the JDK's own. */
    private record ArrayOf(Type component) implements GenericArrayType {

        @Override
        public Type getGenericComponentType() {
            return component;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof GenericArrayType type && component.equals(type.getGenericComponentType());
        }

        @Override
        public int hashCode() {
            return component.hashCode();
        }

        @Override
        public String toString() {
            return component.getTypeName() + "[]";
        }
    }

    /** Equal to the JDK's own. */
    private record Wildcard(List<Type> upper, List<Type> lower) implements WildcardType {

        @Override
        public Type[] getUpperBounds() {
            return upper.toArray(Type[]::new);
        }

        @Override
        public Type[] getLowerBounds() {
            return lower.toArray(Type[]::new);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof WildcardType type
                    && upper.equals(List.of(type.getUpperBounds()))
                    && lower.equals(List.of(type.getLowerBounds()));
        }

        @Override
        public int hashCode() {
            return lower.hashCode() ^ upper.hashCode();
        }

        @Override
        public String toString() {
            return !lower.isEmpty() ? "? super " + names(lower, " & ") : "? extends " + names(upper, " & ");
        }
    }

    private static String names(List<Type> types, String separator) {
        return String.join(separator, types.stream().map(Type::getTypeName).toList());
    }
}
