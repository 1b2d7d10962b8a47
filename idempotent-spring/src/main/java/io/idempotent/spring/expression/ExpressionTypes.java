package io.idempotent.spring.expression;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.core.ResolvableType;
import org.springframework.expression.spel.SpelNode;
import org.springframework.expression.spel.ast.CompoundExpression;
import org.springframework.expression.spel.ast.Literal;
import org.springframework.expression.spel.ast.MethodReference;
import org.springframework.expression.spel.ast.PropertyOrFieldReference;
import org.springframework.expression.spel.ast.VariableReference;
import org.springframework.util.StringUtils;

/**
 * Follows the types of an expression as far as the declared ones tell: through properties and methods. What a class
 * lacks its subclass may have, so that only a class that can have none is known to lack it.
 */
final class ExpressionTypes {

    private final Function<String, @Nullable ResolvableType> variables;

    /** Follows types from those of variables, given by their names. */
    ExpressionTypes(Function<String, @Nullable ResolvableType> variables) {
        this.variables = variables;
    }

    /**
     * What a class lacks.
     *
     * @param name the property or method
     * @param type the class
     * @param nearest the name that it has and that was most likely meant; null if none is near
     * @param known the names that it has
     */
    record Missing(String name, Class<?> type, @Nullable String nearest, List<String> known) {}

    /** The type of a node's value; null where it is not known. */
    @Nullable
    ResolvableType of(SpelNode node) {
        if (node instanceof VariableReference variable) {
            return variables.apply(variable.toStringAST().substring(1));
        }
        if (node instanceof Literal literal) {
            Object value = literal.getLiteralValue().getValue();
            return value == null ? null : ResolvableType.forClass(value.getClass());
        }
        if (!(node instanceof CompoundExpression)) {
            return null;
        }
        ResolvableType type = of(node.getChild(0));
        for (int index = 1; type != null && index < node.getChildCount(); index++) {
            type = next(type, node.getChild(index));
        }
        return type;
    }

    /** The first property or method in a node that cannot be there; null if there is none. */
    @Nullable
    Missing findMissing(SpelNode node) {
        if (node instanceof CompoundExpression) {
            ResolvableType type = of(node.getChild(0));
            for (int index = 1; type != null && index < node.getChildCount(); index++) {
                Missing missing = missing(type.toClass(), node.getChild(index));
                if (missing != null) {
                    return missing;
                }
                type = next(type, node.getChild(index));
            }
        }
        for (int index = 0; index < node.getChildCount(); index++) {
            Missing missing = findMissing(node.getChild(index));
            if (missing != null) {
                return missing;
            }
        }
        return null;
    }

    private static @Nullable ResolvableType next(ResolvableType type, SpelNode node) {
        Method method = null;
        if (node instanceof PropertyOrFieldReference property) {
            method = getter(type.toClass(), property.getName());
            Field field = method == null ? field(type.toClass(), property.getName()) : null;
            if (field != null) {
                return known(ResolvableType.forField(field, type));
            }
        } else if (node instanceof MethodReference reference) {
            List<Method> candidates = methods(type.toClass(), reference.getName()).stream()
                    .filter(candidate -> candidate.getParameterCount() == reference.getChildCount())
                    .toList();
            method = candidates.size() == 1 ? candidates.get(0) : null;
        }
        return method == null
                ? null
                : known(ResolvableType.forType(method.getGenericReturnType(), type.as(method.getDeclaringClass())));
    }

    private static @Nullable ResolvableType known(ResolvableType type) {
        return type.resolve() == null ? null : type;
    }

    private static @Nullable Missing missing(Class<?> type, SpelNode node) {
        // Of an Optional, null-safe navigation looks at what it holds.
        boolean closed = type.isPrimitive()
                || (Modifier.isFinal(type.getModifiers()) && !type.isArray() && type != Optional.class);
        if (!closed) {
            return null;
        }
        if (node instanceof PropertyOrFieldReference property) {
            String name = property.getName();
            return getter(type, name) != null || field(type, name) != null ? null : missing(name, type);
        }
        if (node instanceof MethodReference reference) {
            String name = reference.getName();
            return type.isPrimitive() || !methods(type, name).isEmpty() ? null : missing(name, type);
        }
        return null;
    }

    private static Missing missing(String name, Class<?> type) {
        TreeSet<String> known = new TreeSet<>();
        for (Field field : type.getFields()) {
            known.add(field.getName());
        }
        for (Method method : type.getMethods()) {
            if (method.getDeclaringClass() != Object.class
                    && method.getParameterCount() == 0
                    && method.getReturnType() != void.class) {
                known.add(property(method));
            }
        }
        String nearest = known.stream()
                .min(Comparator.comparingInt(candidate -> distance(candidate, name)))
                .filter(candidate -> distance(candidate, name) <= Math.max(1, name.length() / 2))
                .orElse(null);
        return new Missing(name, type, nearest, List.copyOf(known));
    }

    private static String property(Method method) {
        for (String prefix : List.of("get", "is")) {
            if (method.getName().startsWith(prefix) && method.getName().length() > prefix.length()) {
                return StringUtils.uncapitalizeAsProperty(method.getName().substring(prefix.length()));
            }
        }
        return method.getName();
    }

    /** As expressions find it: {@code getName}, {@code isName} or {@code name}. */
    private static @Nullable Method getter(Class<?> type, String property) {
        String capitalized = StringUtils.capitalize(property);
        for (String name :
                List.of("get" + capitalized, "is" + capitalized, "get" + property, "is" + property, property)) {
            for (Method method : methods(type, name)) {
                if (method.getParameterCount() == 0 && method.getReturnType() != void.class) {
                    return method;
                }
            }
        }
        return null;
    }

    private static @Nullable Field field(Class<?> type, String name) {
        return Arrays.stream(type.getFields())
                .filter(field -> field.getName().equals(name))
                .findFirst()
                .orElse(null);
    }

    private static List<Method> methods(Class<?> type, String name) {
        return Arrays.stream(type.getMethods())
                .filter(method -> method.getName().equals(name) && !method.isBridge())
                .toList();
    }

    /** How many letters have to be changed, added or left out. */
    static int distance(String one, String other) {
        int[] before = new int[other.length() + 1];
        Arrays.setAll(before, index -> index);
        for (int row = 1; row <= one.length(); row++) {
            int[] now = new int[before.length];
            now[0] = row;
            for (int column = 1; column < now.length; column++) {
                int changed = before[column - 1] + (one.charAt(row - 1) == other.charAt(column - 1) ? 0 : 1);
                now[column] = Math.min(changed, 1 + Math.min(before[column], now[column - 1]));
            }
            before = now;
        }
        return before[other.length()];
    }
}
