package io.idempotent.codec;

import io.idempotent.codec.ContentForm.None;
import io.idempotent.codec.ContentForm.Open;
import io.idempotent.codec.ContentForm.Several;
import io.idempotent.codec.ContentForm.State;
import io.idempotent.codec.ObjectState.StateField;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Looks for what is no content in a declared type, from field to field and element to element. Used once. */
final class ContentTypeCheck {

    /** With how many arguments one class is looked at: one that contains itself with ever other ones has no end. */
    private static final int MAXIMUM_VARIANTS = 16;

    private final Set<Bound> seen = new HashSet<>();

    private final Map<Class<?>, Integer> variants = new HashMap<>();

    /** Why values of a type are no content; null where they may be, since only the values themselves can tell. */
    @Nullable
    String refusal(Type type) {
        return refusal(new Bound(type, Map.of()));
    }

    private @Nullable String refusal(Bound bound) {
        if (!seen.add(bound)) {
            return null;
        }
        Type type = bound.type();
        Map<TypeVariable<?>, Bound> variables = bound.variables();
        if (type instanceof Class<?> plain) {
            return refusal(plain, variables);
        }
        if (type instanceof ParameterizedType parameterized) {
            Class<?> raw = (Class<?>) parameterized.getRawType();
            if (ContentForm.of(raw) instanceof Several) {
                for (Type argument : parameterized.getActualTypeArguments()) {
                    String refusal = refusal(new Bound(argument, variables));
                    if (refusal != null) {
                        return refusal;
                    }
                }
            }
            return refusal(raw, variables(parameterized, variables));
        }
        if (type instanceof GenericArrayType array) {
            return refusal(new Bound(array.getGenericComponentType(), variables));
        }
        if (type instanceof WildcardType wildcard) {
            return refusal(new Bound(wildcard.getUpperBounds()[0], variables));
        }
        TypeVariable<?> variable = (TypeVariable<?>) type;
        Bound value = variables.get(variable);
        return refusal(value != null ? value : new Bound(variable.getBounds()[0], Map.of()));
    }

    private @Nullable String refusal(Class<?> type, Map<TypeVariable<?>, Bound> variables) {
        ContentForm form = ContentForm.of(type);
        if (form instanceof None none) {
            return none.toString();
        }
        if (form instanceof Open && type.isSealed()) {
            for (Class<?> permitted : type.getPermittedSubclasses()) {
                String refusal = refusal(new Bound(permitted, Map.of()));
                if (refusal != null) {
                    return refusal;
                }
            }
        }
        if (form instanceof Several several) {
            if (several.more()) {
                return type.getName()
                        + ": whether its fields say more than its elements is not known; declare the interface";
            }
            if (type.isArray()) {
                return refusal(new Bound(type.getComponentType(), variables));
            }
        }
        if (form instanceof State state && variants.merge(type, 1, Integer::sum) <= MAXIMUM_VARIANTS) {
            for (StateField field : state.state().fields()) {
                Map<TypeVariable<?>, Bound> ofOwner =
                        ofSuperclass(type, field.field().getDeclaringClass(), variables);
                String refusal = refusal(new Bound(field.type(), ofOwner));
                if (refusal != null) {
                    return refusal + " (in " + field.field().getDeclaringClass().getName() + "." + field.name() + ")";
                }
            }
        }
        Type parent = type.getGenericSuperclass();
        // A collection's class may say there what its elements are.
        return parent == null || Fields.isPlatform(type) || form instanceof Open ? null : elementsOf(parent, variables);
    }

    private @Nullable String elementsOf(Type parent, Map<TypeVariable<?>, Bound> variables) {
        return parent instanceof ParameterizedType parameterized
                        && ContentForm.of((Class<?>) parameterized.getRawType()) instanceof Several
                ? refusal(new Bound(parent, variables))
                : null;
    }

    private static Map<TypeVariable<?>, Bound> ofSuperclass(
            Class<?> type, Class<?> owner, Map<TypeVariable<?>, Bound> variables) {
        Class<?> current = type;
        Map<TypeVariable<?>, Bound> bound = variables;
        while (current != owner) {
            Type parent = current.getGenericSuperclass();
            bound = parent instanceof ParameterizedType parameterized ? variables(parameterized, bound) : Map.of();
            current = current.getSuperclass();
        }
        return bound;
    }

    private static Map<TypeVariable<?>, Bound> variables(ParameterizedType type, Map<TypeVariable<?>, Bound> outer) {
        TypeVariable<?>[] parameters = ((Class<?>) type.getRawType()).getTypeParameters();
        Map<TypeVariable<?>, Bound> variables = new HashMap<>();
        for (int index = 0; index < parameters.length; index++) {
            variables.put(parameters[index], new Bound(type.getActualTypeArguments()[index], outer));
        }
        return variables;
    }

    /**
     * A type where its variables are known.
     *
     * @param type the type as it is written
     * @param variables what its variables stand for
     */
    private record Bound(Type type, Map<TypeVariable<?>, Bound> variables) {}
}
