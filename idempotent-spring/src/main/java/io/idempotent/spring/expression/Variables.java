package io.idempotent.spring.expression;

import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The variables that expressions over a method's calls can name, and those that one of them does.
 *
 * @param indexes which parameter a name stands for: its own name where it is known, {@code p0} and {@code a0}
 * @param usedNames the names of parameters that the expression uses, interned like those in compiled expressions
 * @param used the parameters that they stand for
 * @param usesRoot whether the expression needs a root object
 */
record Variables(Map<String, Integer> indexes, List<String> usedNames, List<Integer> used, boolean usesRoot) {

    /** What the method returned. */
    static final String RESULT = "result";

    static final String ROOT = "root";

    static final String THIS = "this";

    /** All that can be named; none is yet. */
    static Variables of(Method method, String @Nullable [] parameterNames) {
        Map<String, Integer> indexes = new HashMap<>();
        for (int index = 0; index < method.getParameterCount(); index++) {
            indexes.put("p" + index, index);
            indexes.put("a" + index, index);
        }
        for (int index = 0; parameterNames != null && index < parameterNames.length; index++) {
            indexes.put(parameterNames[index], index);
        }
        return new Variables(Map.copyOf(indexes), List.of(), List.of(), false);
    }

    /** The same for an expression that names these. */
    Variables naming(List<String> names, boolean needsRoot) {
        List<String> parameters = names.stream()
                .filter(indexes::containsKey)
                .distinct()
                .map(String::intern)
                .toList();
        return new Variables(
                indexes, parameters, parameters.stream().map(indexes::get).toList(), needsRoot);
    }

    /** Like {@link #index}, and cheaper for a name that the expression uses. */
    @SuppressWarnings("ReferenceEquality")
    int indexOfUsed(String name) {
        for (int position = 0; position < usedNames.size(); position++) {
            if (usedNames.get(position) == name) {
                return used.get(position);
            }
        }
        return index(name);
    }

    /** The parameter that a name stands for; -1 where it stands for none. */
    int index(String name) {
        return indexes.getOrDefault(name, -1);
    }

    /** All names, for a message. */
    List<String> names() {
        return new TreeSet<>(indexes.keySet()).stream().map(name -> "#" + name).toList();
    }

    /** The classes of the arguments that the expression names; null stands for those of null. */
    @Nullable
    Class<?>[] classes(@Nullable Object[] arguments) {
        @Nullable Class<?>[] classes = new Class<?>[used.size()];
        for (int index = 0; index < classes.length; index++) {
            Object argument = arguments[used.get(index)];
            classes[index] = argument == null ? null : argument.getClass();
        }
        return classes;
    }

    /** Whether the arguments that the expression names are of these classes. */
    boolean matches(@Nullable Class<?>[] classes, @Nullable Object[] arguments) {
        for (int index = 0; index < classes.length; index++) {
            Object argument = arguments[used.get(index)];
            if (classes[index] != (argument == null ? null : argument.getClass())) {
                return false;
            }
        }
        return true;
    }
}
