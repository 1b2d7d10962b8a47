package io.idempotent.spring.interceptor;

import java.lang.reflect.Modifier;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.stream.BaseStream;

/** Tells which values can be keys: single values, whose text is the same for equal ones and another for others. */
public final class KeyTypes {

    private static final List<Class<?>> NEVER =
            List.of(Map.class, BaseStream.class, Iterator.class, Future.class, CompletionStage.class);

    private KeyTypes() {}

    /** Whether each value of a class has such a text. */
    static boolean isKey(Class<?> type) {
        return CharSequence.class.isAssignableFrom(type)
                || Enum.class.isAssignableFrom(type)
                || ImmutableTypes.isValue(type);
    }

    /**
     * Whether a value of a type may be a key, or a part of one, as far as the type tells: a subclass may be one where
     * it is none itself. A list is no single value.
     */
    public static boolean mayBeKey(Class<?> type) {
        if (isKey(type)) {
            return true;
        }
        boolean noCollection = type == Collection.class || !Collection.class.isAssignableFrom(type);
        return noCollection
                && !type.isArray()
                && !Modifier.isFinal(type.getModifiers())
                && NEVER.stream().noneMatch(never -> never.isAssignableFrom(type));
    }
}
