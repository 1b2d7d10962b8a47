package io.idempotent.codec;

import io.idempotent.codec.ContentWriter.Writing;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What objects of a class hold: the fields that the class and its superclasses declare, whatever annotations say.
 *
 * <p>Static fields do not count, nor those that compilers and enhancers add for themselves. A transient field mostly
 * holds what is computed from others: it is read by its getter, and a class without that getter is refused.
 */
final class ObjectState {

    /**
     * Superclasses whose fields do not count: who published an event and when, and what an aggregate will publish.
     */
    private static final Set<String> SILENT = Set.of(
            "java.util.EventObject",
            "org.springframework.context.ApplicationEvent",
            "org.springframework.data.domain.AbstractAggregateRoot");

    /** What Groovy, Hibernate and EclipseLink add to a class. */
    private static final List<String> ADDED = List.of("metaClass", "$$_hibernate_", "_persistence_");

    private final Class<?> type;

    private final @Nullable Writing base;

    private final List<StateField> fields;

    // Encoded, in the order of the fields.
    private final byte[][] names;

    private ObjectState(Class<?> type, @Nullable Writing base, List<StateField> fields) {
        this.type = type;
        this.base = base;
        this.fields = fields;
        this.names = fields.stream()
                .map(field -> field.name().getBytes(StandardCharsets.UTF_8))
                .toArray(byte[][]::new);
    }

    /**
     * Finds the state of a class that is not the platform's.
     *
     * @param base how what it is by its superclass is written; null if that holds nothing
     * @throws UnencodableContentException if a field cannot be read
     */
    static ObjectState of(Class<?> type, @Nullable Writing base) {
        boolean container = Collection.class.isAssignableFrom(type) || Map.class.isAssignableFrom(type);
        List<StateField> fields = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Field field : Fields.of(type, ObjectState::counts)) {
            // What a collection that is filled where it is made, new ArrayList<>() {{ … }}, has around it.
            if (!container || !field.isSynthetic()) {
                String name = field.getName();
                fields.add(StateField.of(
                        field,
                        names.add(name) ? name : field.getDeclaringClass().getName() + '.' + name));
            }
        }
        fields.sort(Comparator.comparing(StateField::name));
        return new ObjectState(type, base, List.copyOf(fields));
    }

    /** Whether a class has state, of its own or from classes that it extends and that are the platform's if it is. */
    static boolean isIn(Class<?> type) {
        return !Fields.of(type, ObjectState::counts).isEmpty();
    }

    private static boolean counts(Field field) {
        return !isAdded(field) && !SILENT.contains(field.getDeclaringClass().getName());
    }

    private static boolean isAdded(Field field) {
        String name = field.getName();
        return field.isSynthetic()
                // What an inner class takes from around it is its own.
                ? !name.startsWith("this$") && !name.startsWith("val$")
                : ADDED.stream().anyMatch(name::startsWith) && Modifier.isTransient(field.getModifiers());
    }

    List<StateField> fields() {
        return fields;
    }

    void write(Object value, ContentWriter writer) {
        writer.name(type);
        writer.append('{');
        boolean first = true;
        if (base != null) {
            base.write(value, writer);
            first = false;
        }
        for (int index = 0; index < names.length; index++) {
            Object held = fields.get(index).get(value);
            // A field that was added to the class later is as if it had been there and empty.
            if (held != null && !(held instanceof Optional<?> optional && optional.isEmpty())) {
                if (!first) {
                    writer.append(',');
                }
                first = false;
                writer.append(names[index]);
                writer.append(':');
                writer.write(held);
            }
        }
        writer.append('}');
    }

    /**
     * A field, and how it is read.
     *
     * @param field the field
     * @param getter what reads it instead; null if nothing does
     * @param name its name, with the class's if a subclass has one of that name too
     */
    record StateField(Field field, @Nullable Method getter, String name) {

        static StateField of(Field field, String name) {
            Method getter = Modifier.isTransient(field.getModifiers()) ? getter(field) : null;
            if (!(getter == null ? field.trySetAccessible() : getter.trySetAccessible())) {
                throw new UnencodableContentException("its field '" + field.getName()
                        + "' cannot be read, since its module does not open its package");
            }
            return new StateField(field, getter, name);
        }

        private static Method getter(Field field) {
            String name = field.getName();
            String capitalized = name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
            for (String candidate : List.of("get" + capitalized, "is" + capitalized, name)) {
                try {
                    Method getter = field.getDeclaringClass().getMethod(candidate);
                    if (getter.getReturnType() == field.getType() && !Modifier.isStatic(getter.getModifiers())) {
                        return getter;
                    }
                } catch (NoSuchMethodException another) {
                    // The next name.
                }
            }
            throw new UnencodableContentException(
                    "whether its field '" + name + "' counts is not known, since it is transient and has no getter");
        }

        Type type() {
            return field.getGenericType();
        }

        @Nullable
        Object get(Object owner) {
            try {
                return getter == null ? field.get(owner) : getter.invoke(owner);
            } catch (InvocationTargetException failure) {
                throw new UnencodableContentException(field.getDeclaringClass().getName()
                        + ": the getter of its field '" + field.getName() + "' failed with "
                        + failure.getTargetException().getClass().getName());
            } catch (IllegalAccessException impossible) {
                throw new IllegalStateException("The field was made accessible", impossible);
            }
        }
    }
}
