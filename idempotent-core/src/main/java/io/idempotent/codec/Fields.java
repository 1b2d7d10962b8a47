package io.idempotent.codec;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Knows the fields of the application's classes, and which of them are recorded. */
final class Fields {

    private Fields() {}

    /** The fields of a class and of those that it extends which are recorded: they are what an object is. */
    static List<Field> of(Class<?> type) {
        return of(type, Fields::isRecorded);
    }

    /** The fields of a class and of those that it extends, the application's or the platform's as itself. */
    static List<Field> of(Class<?> type, Predicate<Field> chosen) {
        List<Field> fields = new ArrayList<>();
        boolean platform = isPlatform(type);
        for (Class<?> owner = type; owner != null && isPlatform(owner) == platform; owner = owner.getSuperclass()) {
            for (Field field : owner.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && chosen.test(field)) {
                    fields.add(field);
                }
            }
        }
        return fields;
    }

    static boolean isRecorded(Field field) {
        return !Modifier.isStatic(field.getModifiers())
                && !Modifier.isTransient(field.getModifiers())
                && !field.isSynthetic()
                // What compilers and enhancers of byte code add, such as Kotlin's delegates.
                && field.getName().indexOf('$') < 0
                && !isPlatform(field.getDeclaringClass());
    }

    static boolean isPlatform(@Nullable Class<?> type) {
        ClassLoader loader = type == null ? null : type.getClassLoader();
        return loader == null || loader == ClassLoader.getPlatformClassLoader();
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
            if (field.getName().equals(property) && isRecorded(field)) {
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
