package io.idempotent.engine;

import io.idempotent.Steps;
import io.idempotent.codec.GenericTypes;
import java.lang.invoke.MethodType;
import java.lang.invoke.SerializedLambda;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import org.jspecify.annotations.Nullable;

/**
 * Finds out what a step returns.
 *
 * <ol>
 *   <li>A class that implements {@link Steps.Work} says it by its type argument.
 *   <li>A lambda expression or method reference says it by the method that it was compiled to, which it tells in order
 *       to be serialized. That is an erased type, so one with type parameters of its own is not enough.
 * </ol>
 */
final class StepTypes {

    private StepTypes() {}

    /**
     * Returns the type that a step returns.
     *
     * @throws IllegalArgumentException if that cannot be told
     */
    static Type of(String name, Steps.Work<?, ?> work) {
        Type declared = declared(work.getClass());
        Type type = declared != null ? declared : compiled(work);
        boolean known = type instanceof Class<?> compiled
                ? compiled.getTypeParameters().length == 0
                : type != null && !(type instanceof TypeVariable);
        if (!known || type == null) {
            throw new IllegalArgumentException("What step '" + name + "' returns cannot be told from its code"
                    + (type == null ? "" : " but for " + type.getTypeName())
                    + "; give it its type: steps.run(name, type, work)");
        }
        return type;
    }

    /**
     * Returns what a class, or one of its superclasses and interfaces, declares; null for a lambda expression, whose
     * class declares nothing.
     */
    private static @Nullable Type declared(Class<?> workClass) {
        return workClass.isHidden()
                ? null
                : GenericTypes.resolve(Steps.Work.class.getTypeParameters()[0], workClass);
    }

    private static @Nullable Type compiled(Steps.Work<?, ?> work) {
        try {
            Method writeReplace = work.getClass().getDeclaredMethod("writeReplace");
            writeReplace.setAccessible(true);
            return writeReplace.invoke(work) instanceof SerializedLambda lambda
                    ? MethodType.fromMethodDescriptorString(
                                    lambda.getInstantiatedMethodType(),
                                    work.getClass().getClassLoader())
                            .returnType()
                    : null;
        } catch (ReflectiveOperationException | RuntimeException notToBeTold) {
            // No lambda expression, or one in a module that is closed: the caller is told to name the type.
            return null;
        }
    }
}
