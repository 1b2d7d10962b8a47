package io.idempotent.codec;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Knows which fields are an object's state: those of the application's classes that are not said to be otherwise. */
final class State {

    private State() {}

    /** Whether a field belongs to what an object is, so that it has to be recorded. */
    static boolean isPartOf(Field field) {
        return !Modifier.isStatic(field.getModifiers())
                && !Modifier.isTransient(field.getModifiers())
                && !field.isSynthetic()
                // What compilers and enhancers of byte code add, such as Kotlin's delegates.
                && field.getName().indexOf('$') < 0
                && !isPlatform(field.getDeclaringClass());
    }

    /** The fields of a class and of those that it extends. */
    static List<Field> of(Class<?> type) {
        List<Field> fields = new ArrayList<>();
        for (Class<?> current = type; current != null && !isPlatform(current); current = current.getSuperclass()) {
            for (Field field : current.getDeclaredFields()) {
                if (isPartOf(field)) {
                    fields.add(field);
                }
            }
        }
        return fields;
    }

    static boolean isPlatform(@Nullable Class<?> type) {
        return type == null
                || type.isPrimitive()
                || type.getName().startsWith("java.")
                || type.getClassLoader() == null
                || type.getClassLoader() == ClassLoader.getPlatformClassLoader();
    }

    /** Whether a getter shows what a field of its own class holds, so that the field tells more truly. */
    static boolean isShownBy(Method getter) {
        Class<?> type = getter.getDeclaringClass();
        String name = getter.getName();
        int prefix = name.startsWith("get") ? 3 : name.startsWith("is") ? 2 : 0;
        if (prefix == 0 || name.length() == prefix || isPlatform(type) || type.isRecord() || loadsLazily(type)) {
            return false;
        }
        String property = Character.toLowerCase(name.charAt(prefix)) + name.substring(prefix + 1);
        for (Field field : type.getDeclaredFields()) {
            if (field.getName().equals(property) && isPartOf(field)) {
                return field.getType() == getter.getReturnType();
            }
        }
        return false;
    }

    /** Whether Hibernate has enhanced a class, so that only its getters load what its fields do not hold yet. */
    private static boolean loadsLazily(Class<?> type) {
        for (Class<?> parent : type.getInterfaces()) {
            if (parent.getName().startsWith("org.hibernate.engine.spi.")) {
                return true;
            }
        }
        return false;
    }
}
