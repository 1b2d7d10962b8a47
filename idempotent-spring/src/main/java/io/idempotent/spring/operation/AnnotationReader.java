package io.idempotent.spring.operation;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.settings.OperationSettings;
import io.idempotent.spring.settings.SettingRecords;
import io.idempotent.spring.settings.SettingsConversion;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.AnnotationAttributes;
import org.springframework.core.annotation.MergedAnnotation;
import org.springframework.core.convert.ConversionFailedException;
import org.springframework.core.convert.ConversionService;
import org.springframework.core.convert.TypeDescriptor;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;
import org.springframework.util.function.SingletonSupplier;

/**
 * Reads an annotation that declares an operation, whichever it is: attributes that are named like settings are
 * settings. Says where the annotation stands when it cannot. Safe for use by many threads.
 *
 * <ol>
 *   <li>What an attribute leaves at its default is not said.
 *   <li>Placeholders in strings are resolved; a string that is blank then is not said.
 *   <li>A number or a flag may be written as a string, by a second attribute whose name ends in {@code String}.
 *   <li>Durations and constants are read as in properties.
 * </ol>
 */
public final class AnnotationReader {

    // Made when a value is there to be converted: most annotations say no settings.
    private static final Supplier<ConversionService> CONVERSION =
            SingletonSupplier.of(() -> SettingsConversion.create(AnnotationReader.class.getClassLoader()));

    // An application may have thousands of annotations, and few types of them.
    private static final ClassValue<List<Attribute>> ATTRIBUTES = new ClassValue<>() {
        @Override
        protected List<Attribute> computeValue(Class<?> type) {
            return Arrays.stream(type.getDeclaredMethods()).map(Attribute::of).toList();
        }
    };

    private static final Set<String> SETTINGS = Arrays.stream(OperationSettings.class.getRecordComponents())
            .flatMap(setting -> Stream.of(setting.getName(), setting.getName() + "String"))
            .collect(Collectors.toUnmodifiableSet());

    // Only those that are said.
    private final AnnotationAttributes attributes;

    private final UnaryOperator<@Nullable String> placeholders;

    private final String place;

    /**
     * Makes a reader of one annotation.
     *
     * @param annotation the annotation
     * @param placeholders resolves them in strings
     * @param place what it stands on, for messages
     */
    public AnnotationReader(
            MergedAnnotation<?> annotation, UnaryOperator<@Nullable String> placeholders, String place) {
        this.attributes = said(annotation.synthesize());
        this.placeholders = placeholders;
        this.place = place;
    }

    /**
     * Reads the settings that the annotation says.
     *
     * @throws IdempotencyConfigurationException if one cannot be read
     */
    public OperationSettings settings() {
        return Collections.disjoint(attributes.keySet(), SETTINGS)
                ? OperationSettings.UNSAID
                : SettingRecords.read(OperationSettings.class, this::setting);
    }

    /**
     * Reads an attribute that is a string.
     *
     * @param path its name, or after a dot that of one in a nested annotation: {@code recover.arguments}
     * @return the text; null if it is not said
     * @throws IdempotencyConfigurationException if it has a placeholder that cannot be resolved
     */
    public @Nullable String text(String path) {
        AnnotationAttributes from = nested(path);
        return from != null && from.get(last(path)) instanceof String said ? text(path, said) : null;
    }

    /** Reads an attribute that is types of failures. */
    public List<Class<? extends Throwable>> failures(String attribute) {
        return !attributes.containsKey(attribute)
                ? List.of()
                : Arrays.stream(attributes.getClassArray(attribute))
                        .<Class<? extends Throwable>>map(type -> type.asSubclass(Throwable.class))
                        .toList();
    }

    /** Refuses what an attribute says. */
    public IdempotencyConfigurationException invalid(
            String attribute, Object said, String problem, String action, @Nullable Throwable cause) {
        return new IdempotencyConfigurationException(
                "@" + ClassUtils.getShortName(type(attributes)) + "(" + attribute + " = \"" + said + "\") of " + place
                        + " " + problem,
                action,
                cause);
    }

    private @Nullable Object setting(String path, TypeDescriptor wanted) {
        AnnotationAttributes from = nested(path);
        return from == null ? null : setting(from, last(path), path, wanted);
    }

    /** What is said in the annotation that a path ends in; null if nothing is. */
    private @Nullable AnnotationAttributes nested(String path) {
        AnnotationAttributes from = attributes;
        String name = path;
        for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.')) {
            if (!(from.get(name.substring(0, dot)) instanceof AnnotationAttributes nested)) {
                return null;
            }
            from = nested;
            name = name.substring(dot + 1);
        }
        return from;
    }

    private static String last(String path) {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    private @Nullable Object setting(AnnotationAttributes from, String name, String path, TypeDescriptor wanted) {
        Object said = from.get(name);
        String text = from.get(name + "String") instanceof String paired ? text(path + "String", paired) : null;
        if (text != null && said != null) {
            throw invalid(path, text, "is said twice, as a number too", "Keep one of them", null);
        }
        if (text != null) {
            return convert(path + "String", from.getString(name + "String"), text, wanted);
        }
        if (said instanceof String string) {
            String resolved = text(path, string);
            return resolved == null ? null : convert(path, string, resolved, wanted);
        }
        if (said instanceof Enum<?> constant) {
            // An annotation may choose among scopes where a setting has an expression.
            return Enum.class.isAssignableFrom(wanted.getType()) ? convert(path, said, constant.name(), wanted) : null;
        }
        return said == null ? null : convert(path, said, said, wanted);
    }

    private static AnnotationAttributes said(Annotation annotation) {
        AnnotationAttributes said = new AnnotationAttributes(annotation.annotationType());
        for (Attribute attribute : ATTRIBUTES.get(annotation.annotationType())) {
            Object value = attribute.of(annotation);
            if (!value.equals(attribute.byDefault()) && !(value instanceof Object[] array && array.length == 0)) {
                said.put(attribute.name(), value instanceof Annotation nested ? said(nested) : value);
            }
        }
        return said;
    }

    private static Class<? extends Annotation> type(AnnotationAttributes from) {
        Class<? extends Annotation> type = from.annotationType();
        if (type == null) {
            throw new IllegalStateException("Attributes of no annotation");
        }
        return type;
    }

    private @Nullable Object convert(String path, Object said, Object value, TypeDescriptor wanted) {
        try {
            return CONVERSION.get().convert(value, TypeDescriptor.forObject(value), wanted);
        } catch (ConversionFailedException failed) {
            String resolved = value.equals(said.toString().trim()) ? "" : "is \"" + value + "\", which ";
            throw invalid(path, said, resolved + SettingsConversion.problem(failed), "Correct it", failed.getCause());
        }
    }

    private @Nullable String text(String attribute, String said) {
        String resolved;
        try {
            resolved = placeholders.apply(said);
        } catch (IllegalArgumentException failure) {
            throw unresolved(attribute, said, String.valueOf(failure.getMessage()), failure);
        }
        if (resolved == null || resolved.isBlank()) {
            return null;
        }
        // Some resolvers leave as it is what they do not know.
        if (resolved.contains("${")) {
            throw unresolved(attribute, said, resolved, null);
        }
        return resolved.trim();
    }

    private IdempotencyConfigurationException unresolved(
            String attribute, String said, String what, @Nullable Throwable cause) {
        return invalid(
                attribute,
                said,
                "has a placeholder that cannot be resolved: " + what,
                "Set the property, or give the placeholder a default: ${name:default}",
                cause);
    }

    /**
     * An attribute of an annotation's type.
     *
     * @param method gives its value
     * @param byDefault the value that it has where it is not said; null if it has to be said
     */
    private record Attribute(
            String name, Method method, @Nullable Object byDefault) {

        static Attribute of(Method method) {
            return new Attribute(method.getName(), method, method.getDefaultValue());
        }

        Object of(Annotation annotation) {
            return Objects.requireNonNull(ReflectionUtils.invokeMethod(method, annotation));
        }
    }
}
