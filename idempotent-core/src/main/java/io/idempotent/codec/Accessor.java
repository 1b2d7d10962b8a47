package io.idempotent.codec;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads from an object of a library that need not be there.
 *
 * @param owner the library's class, to be named in messages
 * @param methods each is called on what the one before has returned
 */
record Accessor(Class<?> owner, List<Method> methods) {

    /** Finds the class or interface with one of these names that a class is or extends; null if there is none. */
    static @Nullable Class<?> find(@Nullable Class<?> type, Collection<String> names) {
        if (type == null || names.contains(type.getName())) {
            return type;
        }
        for (Class<?> parent : type.getInterfaces()) {
            Class<?> found = find(parent, names);
            if (found != null) {
                return found;
            }
        }
        return find(type.getSuperclass(), names);
    }

    /**
     * Finds the methods with names that dots separate.
     *
     * @throws NoSuchMethodException if the library has a version without them
     */
    static Accessor of(Class<?> owner, String names) throws NoSuchMethodException {
        List<Method> methods = new ArrayList<>();
        Class<?> current = owner;
        for (String name : names.split("\\.", -1)) {
            Method method = method(current, name);
            methods.add(method);
            current = method.getReturnType();
        }
        return new Accessor(owner, methods);
    }

    /** Without parameters, or converting to a class that it is given. */
    private static Method method(Class<?> owner, String name) throws NoSuchMethodException {
        try {
            return owner.getMethod(name);
        } catch (NoSuchMethodException converting) {
            return owner.getMethod(name, Class.class);
        }
    }

    @Nullable
    Object read(Object object) {
        Object current = object;
        for (Method method : methods) {
            if (current != null) {
                current = method.getParameterCount() == 0 ? call(method, current) : call(method, current, Object.class);
            }
        }
        if (current instanceof InputStream content) {
            try (content) {
                return content.readNBytes(ContentWriter.MAXIMUM_LENGTH);
            } catch (IOException failure) {
                throw unreadable(failure);
            }
        }
        return current;
    }

    /** Calls a method of the same library. */
    @Nullable
    Object call(Method method, Object object, @Nullable Object... arguments) {
        try {
            return method.invoke(object, arguments);
        } catch (InvocationTargetException failure) {
            throw unreadable(failure.getTargetException());
        } catch (IllegalAccessException failure) {
            throw unreadable(failure);
        }
    }

    private UnencodableContentException unreadable(Throwable failure) {
        return new UnencodableContentException(owner.getName() + ": its payload cannot be read, "
                + failure.getClass().getName());
    }
}
