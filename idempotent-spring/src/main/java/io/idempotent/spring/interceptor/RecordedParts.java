package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.codec.GenericTypes;
import io.idempotent.spring.interceptor.CallExpressions.Purpose;
import io.idempotent.spring.operation.MethodNames;
import io.idempotent.spring.operation.OperationDeclaration.Reload;
import io.idempotent.spring.operation.Recovery.UnreadableRequestException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.AnnotatedMethod;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * What calls of one method record of themselves: their arguments, or one value in place of them. Safe for use by many
 * threads.
 *
 * @param described the method as a reader of a message finds it
 * @param types the generic types of what is recorded
 * @param reloading makes the arguments of one value again; null where they are recorded themselves
 */
record RecordedParts(
        String described,
        Parameters parameters,
        List<Type> types,
        @Nullable Reloading reloading) {

    /**
     * Resolves what a method's calls record.
     *
     * @param reload what is recorded in place of all arguments; null for them
     * @throws IdempotencyConfigurationException if the arguments could not be made again
     */
    static RecordedParts resolve(
            @Nullable Reload reload, Method method, Class<?> targetClass, CallExpressions expressions) {
        String described = MethodNames.describe(method, targetClass);
        Parameters parameters = Parameters.of(method, targetClass, described);
        if (reload == null) {
            return new RecordedParts(described, parameters, parameters.recorded(), null);
        }
        Method load = load(reload.loadWith(), targetClass, described);
        return new RecordedParts(
                described,
                parameters,
                List.of(GenericTypes.resolve(load.getGenericParameterTypes()[0], targetClass)),
                new Reloading(expressions.parse(Purpose.RECOVER, reload.arguments(), method, targetClass), load));
    }

    private static Method load(String name, Class<?> targetClass, String described) {
        List<Method> named = Arrays.stream(ReflectionUtils.getUniqueDeclaredMethods(targetClass))
                .filter(candidate -> candidate.getName().equals(name) && !candidate.isBridge())
                .filter(candidate -> candidate.getParameterCount() == 1 && candidate.getReturnType() != void.class)
                .toList();
        if (named.size() != 1) {
            throw new IdempotencyConfigurationException(
                    "The arguments of " + described + " are to be loaded with the method '" + name
                            + "' when it is recovered, and its class has "
                            + (named.isEmpty() ? "none of that name" : named.size() + " of that name")
                            + " that takes one value and returns something",
                    "Declare one, which takes what recover.arguments records and returns the argument, or an Object[]"
                            + " of all arguments");
        }
        ReflectionUtils.makeAccessible(named.get(0));
        return named.get(0);
    }

    /** What one call records. */
    List<@Nullable Object> of(IdempotentCall call) {
        if (reloading == null) {
            return parameters.recorded(call.arguments());
        }
        return Collections.singletonList(reloading.expression().evaluate(call, null));
    }

    /** Names what is recorded at a position. */
    String name(int index) {
        return reloading == null
                ? "parameter " + parameters.positions()[index] + " of type "
                        + types.get(index).getTypeName()
                : "the value of recover.arguments, for which "
                        + reloading.load().getName() + " takes "
                        + types.get(index).getTypeName();
    }

    /**
     * Makes the arguments of a call again.
     *
     * @param values what was recorded
     * @param target the object behind the bean's proxies
     * @throws UnreadableRequestException if no arguments can be made of it
     * @throws Throwable what loading them throws
     */
    @Nullable
    Object[] arguments(List<@Nullable Object> values, Object target) throws Throwable {
        return parameters.arguments(
                reloading == null ? values : reloading.load(values.get(0), target, parameters), described);
    }

    /**
     * The parameters of a method.
     *
     * @param types the classes of all of them
     * @param positions of those that no framework fills in
     * @param recorded the generic types of those that no framework fills in
     */
    // Never compared.
    @SuppressWarnings("ArrayRecordComponent")
    record Parameters(List<Class<?>> types, int[] positions, List<Type> recorded) {

        static Parameters of(Method method, Class<?> targetClass, String described) {
            AnnotatedMethod annotated = new AnnotatedMethod(method);
            List<Class<?>> types = new ArrayList<>();
            List<Integer> positions = new ArrayList<>();
            List<Type> recorded = new ArrayList<>();
            for (Type declared : method.getGenericParameterTypes()) {
                // What a superclass leaves open, the target's class may say.
                Type type = GenericTypes.resolve(declared, targetClass);
                Class<?> plain = GenericTypes.erase(type);
                if (!FrameworkTypes.isFilledIn(annotated, types.size(), plain)) {
                    positions.add(types.size());
                    recorded.add(type);
                } else if (plain.isPrimitive()) {
                    throw new IdempotencyConfigurationException(
                            "Parameter " + types.size() + " of " + described + " is filled in by a framework, which is"
                                    + " not there when the method is recovered, and " + plain + " cannot be null",
                            "Declare it as "
                                    + ClassUtils.resolvePrimitiveIfNecessary(plain)
                                            .getSimpleName() + ", or do without recover");
                }
                types.add(plain);
            }
            return new Parameters(
                    List.copyOf(types),
                    positions.stream().mapToInt(Integer::intValue).toArray(),
                    List.copyOf(recorded));
        }

        List<@Nullable Object> recorded(@Nullable Object[] arguments) {
            List<@Nullable Object> values = new ArrayList<>(positions.length);
            for (int position : positions) {
                values.add(arguments[position]);
            }
            return values;
        }

        @Nullable
        Object[] arguments(List<? extends @Nullable Object> values, String described) {
            if (values.size() != positions.length) {
                throw new UnreadableRequestException(
                        "there are " + values.size() + " arguments for the " + positions.length + " parameters of "
                                + described + " that no framework fills in",
                        null);
            }
            @Nullable Object[] arguments = new Object[types.size()];
            for (int index = 0; index < positions.length; index++) {
                Class<?> type = types.get(positions[index]);
                Object value = values.get(index);
                if (value == null ? type.isPrimitive() : !ClassUtils.isAssignableValue(type, value)) {
                    throw new UnreadableRequestException(
                            "parameter " + positions[index] + " of " + described + " is of type " + type.getName()
                                    + ", and its argument is "
                                    + (value == null
                                            ? "null"
                                            : "of type " + value.getClass().getName()),
                            null);
                }
                arguments[positions[index]] = value;
            }
            return arguments;
        }
    }

    /**
     * Records one value in place of all arguments.
     *
     * @param expression the value
     * @param load makes the arguments of it
     */
    record Reloading(CallExpression expression, Method load) {

        List<? extends @Nullable Object> load(@Nullable Object value, Object target, Parameters parameters)
                throws Throwable {
            Object loaded;
            try {
                loaded = load.invoke(Modifier.isStatic(load.getModifiers()) ? null : target, value);
            } catch (InvocationTargetException thrown) {
                throw thrown.getTargetException();
            }
            if (loaded == null) {
                throw new UnreadableRequestException(
                        "the method '" + load.getName() + "' returned null for what was recorded", null);
            }
            return loaded instanceof Object[] all && parameters.positions().length != 1
                    ? Arrays.asList(all)
                    : List.of(loaded);
        }
    }

    /** The names of the classes that types are erased to. */
    List<String> erased() {
        return types.stream().map(type -> GenericTypes.erase(type).getName()).collect(Collectors.toList());
    }
}
