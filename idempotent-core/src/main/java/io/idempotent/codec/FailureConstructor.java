package io.idempotent.codec;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a declared type of failure is instantiated from its message.
 *
 * @param constructor takes a message, a message and a cause, or nothing
 */
public record FailureConstructor(Constructor<? extends Throwable> constructor) {

    private static final List<Class<?>[]> SIGNATURES =
            List.of(new Class<?>[] {String.class}, new Class<?>[] {String.class, Throwable.class}, new Class<?>[0]);

    /** The constructor to use, or null if a type has none. */
    public static @Nullable FailureConstructor of(Class<? extends Throwable> type) {
        if (Modifier.isAbstract(type.getModifiers())) {
            return null;
        }
        for (Class<?>[] signature : SIGNATURES) {
            for (Constructor<?> candidate : type.getDeclaredConstructors()) {
                if (List.of(candidate.getParameterTypes()).equals(List.of(signature)) && candidate.trySetAccessible()) {
                    @SuppressWarnings("unchecked") // It is one of the type's own constructors.
                    Constructor<? extends Throwable> constructor = (Constructor<? extends Throwable>) candidate;
                    return new FailureConstructor(constructor);
                }
            }
        }
        return null;
    }

    /**
     * Makes the failure.
     *
     * @throws InvocationTargetException if the constructor throws
     * @throws ReflectiveOperationException if it cannot be called
     */
    public Throwable make(@Nullable String message) throws ReflectiveOperationException {
        return switch (constructor.getParameterCount()) {
            case 0 -> constructor.newInstance();
            case 1 -> constructor.newInstance(message);
            default -> constructor.newInstance(message, null);
        };
    }
}
