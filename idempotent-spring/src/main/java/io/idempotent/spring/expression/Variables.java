package io.idempotent.spring.expression;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The variables that expressions over a method's calls can name, and those that one of them does. Immutable. */
final class Variables {

    /** What the method returned. */
    static final String RESULT = "result";

    static final String ROOT = "root";

    static final String THIS = "this";

    // Which parameter a name stands for: its own name where it is known, p0 and a0.
    private final Map<String, Integer> indexes;

    // The names of parameters that the expression uses, interned like those in compiled expressions.
    private final String[] usedNames;

    private final int[] used;
    private final boolean usesRoot;

    private Variables(Map<String, Integer> indexes, String[] usedNames, int[] used, boolean usesRoot) {
        this.indexes = indexes;
        this.usedNames = usedNames;
        this.used = used;
        this.usesRoot = usesRoot;
    }

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
        return new Variables(Map.copyOf(indexes), new String[0], new int[0], false);
    }

    /** The same for an expression that names these. */
    Variables naming(List<String> names, boolean needsRoot) {
        String[] parameters = names.stream()
                .filter(indexes::containsKey)
                .distinct()
                .map(String::intern)
                .toArray(String[]::new);
        int[] positions = Arrays.stream(parameters).mapToInt(indexes::get).toArray();
        return new Variables(indexes, parameters, positions, needsRoot);
    }

    /** Whether the expression needs a root object. */
    boolean usesRoot() {
        return usesRoot;
    }

    /** The parameters that the expression names. */
    IntStream used() {
        return Arrays.stream(used);
    }

    /** Like {@link #index}, and cheaper for a name that the expression uses. */
    @SuppressWarnings("ReferenceEquality")
    int indexOfUsed(String name) {
        for (int position = 0; position < usedNames.length; position++) {
            if (usedNames[position] == name) {
                return used[position];
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
        @Nullable Class<?>[] classes = new Class<?>[used.length];
        for (int index = 0; index < classes.length; index++) {
            Object argument = arguments[used[index]];
            classes[index] = argument == null ? null : argument.getClass();
        }
        return classes;
    }

    /** Whether the arguments that the expression names are of these classes. */
    boolean matches(@Nullable Class<?>[] classes, @Nullable Object[] arguments) {
        for (int index = 0; index < classes.length; index++) {
            Object argument = arguments[used[index]];
            if (classes[index] != (argument == null ? null : argument.getClass())) {
                return false;
            }
        }
        return true;
    }
}
