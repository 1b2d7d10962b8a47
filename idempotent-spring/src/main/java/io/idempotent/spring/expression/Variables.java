package io.idempotent.spring.expression;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The variables that expressions over a method's calls can name, and those that one of them does. Immutable. */
final class Variables {

    /** What the method returned. */
    static final String RESULT = "result";

    static final String ROOT = "root";

    static final String THIS = "this";

    // Of the parameters, where they are known.
    private final String[] ownNames;

    private final int count;

    // The names of parameters that the expression uses, interned like those in compiled expressions.
    private final String[] usedNames;

    private final int[] used;
    private final boolean usesRoot;

    private Variables(String[] ownNames, int count, String[] usedNames, int[] used, boolean usesRoot) {
        this.ownNames = ownNames;
        this.count = count;
        this.usedNames = usedNames;
        this.used = used;
        this.usesRoot = usesRoot;
    }

    /** All that can be named; none is yet. */
    static Variables of(Method method, String @Nullable [] parameterNames) {
        String[] ownNames = parameterNames == null ? new String[0] : parameterNames;
        return new Variables(ownNames, method.getParameterCount(), new String[0], new int[0], false);
    }

    /** The same for an expression that names these. */
    Variables naming(List<String> names, boolean needsRoot) {
        String[] parameters = names.stream()
                .filter(name -> index(name) >= 0)
                .distinct()
                .map(String::intern)
                .toArray(String[]::new);
        int[] positions = Arrays.stream(parameters).mapToInt(this::index).toArray();
        return new Variables(ownNames, count, parameters, positions, needsRoot);
    }

    /** Whether the expression needs a root object. */
    boolean usesRoot() {
        return usesRoot;
    }

    /** The parameters that the expression names. */
    IntStream used() {
        return Arrays.stream(used);
    }

    /** Like {@link #index}, for a name that the expression uses. */
    int indexOfUsed(String name) {
        for (int position = 0; position < usedNames.length; position++) {
            if (usedNames[position].equals(name)) {
                return used[position];
            }
        }
        return -1;
    }

    /** The parameter that a name stands for: its own name, p0 or a0; -1 where it stands for none. */
    int index(String name) {
        int own = Arrays.asList(ownNames).indexOf(name);
        if (own >= 0) {
            return own;
        }
        for (int index = 0; index < count; index++) {
            if (name.equals("p" + index) || name.equals("a" + index)) {
                return index;
            }
        }
        return -1;
    }

    /** All names, for a message. */
    List<String> names() {
        return Stream.concat(
                        Arrays.stream(ownNames),
                        IntStream.range(0, count).boxed().flatMap(index -> Stream.of("p" + index, "a" + index)))
                .distinct()
                .sorted()
                .map(name -> "#" + name)
                .toList();
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
