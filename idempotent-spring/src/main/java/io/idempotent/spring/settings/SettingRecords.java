package io.idempotent.spring.settings;

import java.lang.annotation.Annotation;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.springframework.core.ResolvableType;
import org.springframework.core.convert.TypeDescriptor;
import org.springframework.util.ReflectionUtils;

/**
 * Reads and joins records of settings by the names of their components, so that a setting is written once: as a
 * component. A component that is a record itself is a group of settings.
 */
public final class SettingRecords {

    private static final ClassValue<Shape> SHAPES = new ClassValue<>() {
        @Override
        protected Shape computeValue(Class<?> type) {
            return Shape.of(type);
        }
    };

    private SettingRecords() {}

    /** The settings of a record as properties write them: {@code wait-at-most}, {@code retry.max-retries}. */
    static Set<String> names(Class<?> type) {
        Set<String> names = new LinkedHashSet<>();
        for (RecordComponent component : type.getRecordComponents()) {
            String name = hyphenated(component.getName());
            if (component.getType().isRecord()) {
                names(component.getType()).forEach(inner -> names.add(name + "." + inner));
            } else {
                names.add(name);
            }
        }
        return names;
    }

    /** The path of a component as properties write it. */
    static String hyphenated(String path) {
        return path.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    /**
     * Makes a record of what is said.
     *
     * @param type the record
     * @param value gives the value of a component by its path, {@code waitAtMost} or {@code retry.maxRetries}, and the
     *     type that it has to be of; null if it is not said
     */
    public static <R> R read(Class<R> type, BiFunction<String, TypeDescriptor, ? extends @Nullable Object> value) {
        return type.cast(read(type, "", value));
    }

    private static Object read(
            Class<?> type, String path, BiFunction<String, TypeDescriptor, ? extends @Nullable Object> value) {
        return make(type, component -> {
            String name = path + component.name();
            return component.isGroup()
                    ? read(component.wanted().getType(), name + ".", value)
                    : value.apply(name, component.wanted());
        });
    }

    /** One record of two: what the first says, and where it says nothing what the other does. */
    static <R> R firstSaid(R first, R other) {
        return type(first).cast(make(first.getClass(), component -> {
            Object said = component.of(first);
            Object otherwise = component.of(other);
            return said == null || otherwise == null || !component.isGroup()
                    ? said == null ? otherwise : said
                    : firstSaid(said, otherwise);
        }));
    }

    @SuppressWarnings("unchecked")
    private static <R> Class<R> type(R record) {
        return (Class<R>) record.getClass();
    }

    private interface Values {

        @Nullable
        Object of(Component component);
    }

    private static Object make(Class<?> type, Values values) {
        Shape shape = SHAPES.get(type);
        @Nullable Object[] arguments = new Object[shape.components().size()];
        for (int index = 0; index < arguments.length; index++) {
            arguments[index] = values.of(shape.components().get(index));
        }
        try {
            return shape.constructor().newInstance(arguments);
        } catch (InvocationTargetException refused) {
            ReflectionUtils.rethrowRuntimeException(refused.getTargetException());
            throw new IllegalStateException(refused);
        } catch (ReflectiveOperationException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private record Component(String name, TypeDescriptor wanted, Method accessor) {

        static Component of(RecordComponent component) {
            return new Component(
                    component.getName(),
                    new TypeDescriptor(ResolvableType.forType(component.getGenericType()), null, (Annotation[]) null),
                    component.getAccessor());
        }

        boolean isGroup() {
            return wanted.getType().isRecord();
        }

        @Nullable
        Object of(Object record) {
            return ReflectionUtils.invokeMethod(accessor, record);
        }
    }

    /** What the JDK finds anew whenever it is asked. */
    private record Shape(List<Component> components, Constructor<?> constructor) {

        static Shape of(Class<?> type) {
            RecordComponent[] components = type.getRecordComponents();
            Class<?>[] types =
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
            try {
                return new Shape(
                        Arrays.stream(components).map(Component::of).toList(), type.getDeclaredConstructor(types));
            } catch (NoSuchMethodException impossible) {
                throw new IllegalStateException(impossible);
            }
        }
    }
}
