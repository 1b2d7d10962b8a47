package io.idempotent.spring.settings;

import io.idempotent.IdempotencyConfigurationException;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.core.convert.ConversionException;
import org.springframework.core.convert.ConversionService;
import org.springframework.core.convert.TypeDescriptor;
import org.springframework.core.convert.converter.ConverterRegistry;
import org.springframework.core.convert.converter.GenericConverter;
import org.springframework.core.convert.support.DefaultConversionService;
import org.springframework.format.datetime.standard.DurationFormatterUtils;
import org.springframework.util.ClassUtils;
import org.springframework.util.unit.DataSize;

/**
 * Turns the text of a setting into its type, in annotations and properties alike. Safe for use by many threads.
 *
 * <ul>
 *   <li>Durations are {@code 30s}, {@code 500ms} or ISO-8601. Only zero needs no unit, since Spring would take a number
 *       for milliseconds.
 *   <li>Constants are compared by letters only: {@code run-again}.
 *   <li>Classes are named in full, and have to be of the type that is asked for.
 *   <li>Data sizes are {@code 64MB}; everything else is as Spring converts it.
 *   <li>A blank text is an empty list where a list is asked for. Otherwise it says nothing, and becomes null, unless a
 *       text is asked for.
 * </ul>
 */
public final class SettingsConversion {

    private static final Pattern NUMBER = Pattern.compile("[+-]?[0-9]+");

    private static final Pattern ZERO = Pattern.compile("[+-]?0+");

    private SettingsConversion() {}

    /**
     * Makes the conversion.
     *
     * @param classLoader finds the classes that are named
     */
    public static ConversionService create(@Nullable ClassLoader classLoader) {
        DefaultConversionService conversion = new DefaultConversionService();
        add(conversion, Duration.class, SettingsConversion::duration);
        add(conversion, DataSize.class, text -> parsed(text, DataSize::parse, "is no size; write it like 64MB"));
        add(conversion, URI.class, text -> parsed(text, URI::create, "is no address"));
        add(conversion, Boolean.class, SettingsConversion::flag);
        conversion.addConverter(new ConstantConverter());
        conversion.addConverter(new ClassConverter(classLoader));
        return conversion;
    }

    // What a converter gives may be null, which javac 17 does not read from class files.
    @SuppressWarnings("NullAway")
    private static <T> void add(ConverterRegistry conversion, Class<T> type, Function<String, T> parser) {
        conversion.addConverter(String.class, type, text -> text.isBlank() ? null : parser.apply(text));
    }

    /** Returns a value that is a text, a number or a flag as a text; null for any other. */
    public static @Nullable String text(@Nullable Object value) {
        return value instanceof CharSequence || value instanceof Number || value instanceof Boolean
                ? value.toString()
                : null;
    }

    private static Duration duration(String text) {
        String number = text.strip();
        if (NUMBER.matcher(number).matches() && !ZERO.matcher(number).matches()) {
            throw new IllegalArgumentException("has no unit; write " + number + "ms, " + number + "s, " + number + "m, "
                    + number + "h or " + number + "d");
        }
        return parsed(
                number,
                DurationFormatterUtils::detectAndParse,
                "is no duration; write it like 30s, 500ms, 24h or PT30S");
    }

    private static Boolean flag(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "true", "on", "yes", "1" -> true;
            case "false", "off", "no", "0" -> false;
            default -> throw new IllegalArgumentException("is neither true nor false");
        };
    }

    private static <T> T parsed(String text, Function<String, T> parser, String problem) {
        try {
            return parser.apply(text.strip());
        } catch (IllegalArgumentException | ArithmeticException failure) {
            throw new IllegalArgumentException(problem, failure);
        }
    }

    /**
     * Refuses the value of a property.
     *
     * @param origin where it was found, in brackets; or nothing
     */
    public static IdempotencyConfigurationException refused(
            String property, @Nullable Object value, String origin, ConversionException failure) {
        return new IdempotencyConfigurationException(
                "The property '" + property + "' cannot be '" + value + "'" + origin + ": it " + problem(failure),
                "Correct it",
                failure.getCause());
    }

    /** What is wrong with a value, as the rest of a sentence about it. */
    public static String problem(ConversionException failure) {
        return failure.getCause() instanceof NumberFormatException
                ? "is no number; write it in digits"
                : failure.getCause() instanceof IllegalArgumentException ours
                        ? String.valueOf(ours.getMessage())
                        : "cannot be read";
    }

    private static final class ConstantConverter implements GenericConverter {

        @Override
        public Set<ConvertiblePair> getConvertibleTypes() {
            return Set.of(new ConvertiblePair(String.class, Enum.class));
        }

        @Override
        public @Nullable Object convert(@Nullable Object source, TypeDescriptor sourceType, TypeDescriptor targetType) {
            if (source == null || source.toString().isBlank()) {
                return null;
            }
            Object[] constants = targetType.getType().getEnumConstants();
            return Arrays.stream(constants)
                    .filter(constant -> letters(constant).equals(letters(source)))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("is none of "
                            + Arrays.toString(constants)
                                    .toLowerCase(Locale.ROOT)
                                    .replace('_', '-')));
        }

        private static String letters(Object constant) {
            return constant.toString().replaceAll("[^A-Za-z0-9]", "").toLowerCase(Locale.ROOT);
        }
    }

    private static final class ClassConverter implements GenericConverter {

        private final @Nullable ClassLoader classLoader;

        ClassConverter(@Nullable ClassLoader classLoader) {
            this.classLoader = classLoader;
        }

        @Override
        public Set<ConvertiblePair> getConvertibleTypes() {
            return Set.of(new ConvertiblePair(String.class, Class.class));
        }

        @Override
        public Object convert(@Nullable Object source, TypeDescriptor sourceType, TypeDescriptor targetType) {
            String name = String.valueOf(source).trim();
            Class<?> bound = targetType.getResolvableType().getGeneric(0).resolve(Object.class);
            try {
                return ClassUtils.forName(name, classLoader).asSubclass(bound);
            } catch (ClassNotFoundException | LinkageError missing) {
                throw new IllegalArgumentException("names '" + name + "', which is no class", missing);
            } catch (ClassCastException other) {
                throw new IllegalArgumentException("names '" + name + "', which is no " + bound.getName(), other);
            }
        }
    }
}
