package io.idempotent.spring.interceptor;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyContext;
import io.idempotent.Reconciliation;
import io.idempotent.codec.GenericTypes;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.Reconciler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.KotlinDetector;
import org.springframework.core.ResolvableType;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/** How it is found out what became of earlier executions of one method. Safe for use by many threads. */
@FunctionalInterface
interface Reconciling {

    /** Asks about a call under a new claim. */
    Reconciliation<?> ask(IdempotentCall call, IdempotencyContext context) throws Throwable;

    /** Asks the one bean that finds out for an operation. */
    static Reconciling by(OperationRegistry operations, String operation, Type produced, String described) {
        Reconciler reconciler =
                operations.reconciler(operation, described, "Set reconcileWith to a method of the same bean, or ");
        Class<?> plain = GenericTypes.erase(produced);
        Class<?> type = ClassUtils.resolvePrimitiveIfNecessary(plain);
        return (call, context) -> {
            Reconciliation<?> found = reconciler.reconcile(context, asked(call));
            if (found instanceof Reconciliation.Completed<?> completed
                    && type != void.class
                    && (completed.value() != null || plain.isPrimitive())
                    && !type.isInstance(completed.value())) {
                throw new IllegalStateException("The reconciler's value is no " + type.getName());
            }
            return found;
        };
    }

    /**
     * Asks a method of the same bean, past its proxy: with the parameters of the idempotent method, and the context
     * after them if it wants that.
     */
    static Reconciling by(String name, Method idempotent, Class<?> targetClass, Type produced, String described) {
        List<Method> named = Arrays.stream(ReflectionUtils.getUniqueDeclaredMethods(targetClass))
                .filter(candidate -> candidate.getName().equals(name) && !candidate.isBridge())
                // Not also the generic method that it overrides.
                .map(candidate -> AopUtils.getMostSpecificMethod(candidate, targetClass))
                .distinct()
                .toList();
        List<Method> fitting = named.stream()
                .filter(candidate -> takesContext(candidate, idempotent, targetClass)
                        || takesSame(candidate, idempotent, targetClass))
                .toList();
        if (fitting.size() != 1) {
            throw new IdempotencyConfigurationException(
                    described + " is to be reconciled with the method '" + name + "', and its class has "
                            + (fitting.isEmpty() ? "none of that name" : fitting.size() + " of that name")
                            + " with the same parameters, or with an IdempotencyContext after them"
                            + (named.isEmpty() || !fitting.isEmpty() ? "" : ": there is " + named),
                    "Declare one: Reconciliation<…> " + name + "(" + parameters(askedTypes(idempotent, targetClass))
                            + ")");
        }
        Method method = fitting.get(0);
        checkReturnType(method, produced, targetClass, described);
        ReflectionUtils.makeAccessible(method);
        boolean takesContext = takesContext(method, idempotent, targetClass);
        return (call, context) -> {
            @Nullable Object[] arguments = asked(call);
            if (takesContext) {
                arguments = Arrays.copyOf(arguments, arguments.length + 1);
                arguments[arguments.length - 1] = context;
            }
            try {
                return (Reconciliation<?>)
                        method.invoke(Modifier.isStatic(method.getModifiers()) ? null : call.target(), arguments);
            } catch (InvocationTargetException thrown) {
                throw thrown.getTargetException();
            }
        };
    }

    /** The arguments; without the continuation, which no one but the caller resumes. */
    private static @Nullable Object[] asked(IdempotentCall call) {
        @Nullable Object[] arguments = call.arguments();
        return KotlinDetector.isSuspendingFunction(call.method())
                ? Arrays.copyOf(arguments, arguments.length - 1)
                : arguments;
    }

    private static Class<?>[] askedTypes(Method idempotent, Class<?> targetClass) {
        Class<?>[] types = parameterTypes(idempotent, targetClass);
        return KotlinDetector.isSuspendingFunction(idempotent) ? Arrays.copyOf(types, types.length - 1) : types;
    }

    private static boolean takesSame(Method candidate, Method idempotent, Class<?> targetClass) {
        return Arrays.equals(parameterTypes(candidate, targetClass), askedTypes(idempotent, targetClass));
    }

    private static boolean takesContext(Method candidate, Method idempotent, Class<?> targetClass) {
        Class<?>[] asked = askedTypes(idempotent, targetClass);
        int same = asked.length;
        Class<?>[] parameters = parameterTypes(candidate, targetClass);
        return parameters.length == same + 1
                && parameters[same] == IdempotencyContext.class
                && Arrays.equals(Arrays.copyOf(parameters, same), asked);
    }

    /** The classes of a method's parameters, which a generic superclass may leave to the target's class. */
    private static Class<?>[] parameterTypes(Method method, Class<?> targetClass) {
        return Arrays.stream(method.getGenericParameterTypes())
                .map(type -> GenericTypes.erase(GenericTypes.resolve(type, targetClass)))
                .toArray(Class<?>[]::new);
    }

    private static void checkReturnType(Method method, Type produced, Class<?> targetClass, String described) {
        ResolvableType found = ResolvableType.forMethodReturnType(method, targetClass);
        ResolvableType value = found.getGeneric(0);
        ResolvableType wanted = produced instanceof Class<?> plain
                ? ResolvableType.forClass(ClassUtils.resolvePrimitiveIfNecessary(plain))
                : ResolvableType.forType(produced);
        boolean fits =
                found.toClass() == Reconciliation.class && (produced == void.class || wanted.isAssignableFrom(value));
        if (!fits) {
            throw new IdempotencyConfigurationException(
                    described + " is to be reconciled with the method '" + method.getName() + "', which returns "
                            + found + " and not what was found out about its own result",
                    "Let it return Reconciliation<" + wanted.toClass().getSimpleName() + ">");
        }
    }

    private static String parameters(Class<?>[] types) {
        return String.join(", ", Arrays.stream(types).map(Class::getSimpleName).toList());
    }
}
