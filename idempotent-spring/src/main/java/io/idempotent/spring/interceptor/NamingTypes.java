package io.idempotent.spring.interceptor;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/** Knows the types whose text can be a key, since equal values have equal texts and others have others. */
final class NamingTypes {

    private static final ClassValue<Boolean> NAMING = new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
            return hasNamingText(type);
        }
    };

    private NamingTypes() {}

    static boolean isNaming(Class<?> type) {
        return NAMING.get(type);
    }

    private static boolean hasNamingText(Class<?> type) {
        if (type.isArray()
                || Collection.class.isAssignableFrom(type)
                || Map.class.isAssignableFrom(type)
                || Optional.class.isAssignableFrom(type)) {
            return false;
        }
        try {
            return type.getMethod("toString").getDeclaringClass() != Object.class;
        } catch (NoSuchMethodException impossible) {
            throw new IllegalStateException("Every class has toString()", impossible);
        }
    }
}
