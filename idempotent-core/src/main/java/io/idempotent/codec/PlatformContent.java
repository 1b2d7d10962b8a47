package io.idempotent.codec;

import io.idempotent.codec.ContentForm.None;
import io.idempotent.codec.ContentForm.Open;
import io.idempotent.codec.ContentForm.Several;
import io.idempotent.codec.ContentForm.Single;
import io.idempotent.codec.ContentWriter.Writing;
import java.io.File;
import java.lang.reflect.Array;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.chrono.ChronoLocalDate;
import java.time.chrono.ChronoLocalDateTime;
import java.time.chrono.ChronoPeriod;
import java.time.chrono.ChronoZonedDateTime;
import java.time.chrono.Chronology;
import java.time.chrono.Era;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Calendar;
import java.util.Collection;
import java.util.Currency;
import java.util.Date;
import java.util.GregorianCalendar;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.Queue;
import java.util.Set;
import java.util.SimpleTimeZone;
import java.util.SortedMap;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Knows which classes of the JDK are content, and writes all that their objects say: two that are not equal have
 * different texts. A class that is not known is refused, and none is opened.
 */
@SuppressWarnings("JavaUtilDate") // Applications have them, and so they have to count.
final class PlatformContent {

    /** From the more special to the more general. */
    private static final Map<Class<?>, ContentForm> FORMS = forms();

    /** By name, since a platform need not have their module. What {@code toString()} of them says is all. */
    private static final Set<String> OF_OTHER_MODULES = Set.of(
            "javax.xml.namespace.QName", "javax.xml.datatype.XMLGregorianCalendar", "javax.xml.datatype.Duration");

    /** What all classes, constants or records are. */
    private static final Set<Class<?>> GENERAL = Set.of(Object.class, Enum.class, Record.class);

    private PlatformContent() {}

    /** The form of a class of the platform. */
    static ContentForm of(Class<?> type) {
        for (Map.Entry<Class<?>, ContentForm> known : FORMS.entrySet()) {
            if (known.getKey().isAssignableFrom(type)) {
                return known.getValue();
            }
        }
        for (Class<?> current = type; current != null; current = current.getSuperclass()) {
            if (OF_OTHER_MODULES.contains(current.getName())) {
                return text(current, Object::toString);
            }
        }
        if (Throwable.class.isAssignableFrom(type)
                && Fields.of(type, field -> field.getDeclaringClass() != Throwable.class)
                        .isEmpty()) {
            return new Several(PlatformContent::throwable, false);
        }
        boolean open = type.isInterface() || Modifier.isAbstract(type.getModifiers());
        if (GENERAL.contains(type) || (open && FORMS.keySet().stream().anyMatch(type::isAssignableFrom))) {
            return new Open(type);
        }
        return new None(type, "what objects of this class say is not known");
    }

    /** How arrays are written. */
    static Writing array(Class<?> component) {
        if (component == byte.class) {
            return (value, writer) -> writer.binary((byte[]) value);
        }
        if (component == char.class) {
            return (value, writer) -> writer.text(new String((char[]) value));
        }
        return component.isPrimitive()
                ? (value, writer) -> writer.elements(new Elements(value))
                : (value, writer) -> writer.elements(Arrays.asList((Object[]) value));
    }

    /** How the elements of a collection or a map are written. */
    static Writing container(Class<?> type) {
        if (Map.class.isAssignableFrom(type)) {
            return (value, writer) -> writer.entries((Map<?, ?>) value);
        }
        return Set.class.isAssignableFrom(type)
                ? (value, writer) -> writer.unordered((Set<?>) value)
                : (value, writer) -> writer.elements((Collection<?>) value);
    }

    private static Map<Class<?>, ContentForm> forms() {
        Map<Class<?>, ContentForm> forms = new LinkedHashMap<>();
        forms.put(String.class, new Single((value, writer) -> writer.text((String) value)));
        for (Class<?> type :
                List.of(StringBuilder.class, StringBuffer.class, java.nio.CharBuffer.class, Character.class)) {
            forms.put(type, new Single((value, writer) -> writer.text(value.toString())));
        }
        for (Class<?> type : List.of(
                Boolean.class,
                Byte.class,
                Short.class,
                Integer.class,
                Long.class,
                BigInteger.class,
                BigDecimal.class,
                AtomicBoolean.class,
                AtomicInteger.class,
                AtomicLong.class)) {
            forms.put(type, new Single((value, writer) -> writer.ascii(value.toString())));
        }
        // Their digits would be others before Java 19 than since.
        forms.put(
                Double.class,
                new Single((value, writer) ->
                        writer.ascii('d' + Long.toHexString(Double.doubleToLongBits((Double) value)))));
        forms.put(
                Float.class,
                new Single((value, writer) ->
                        writer.ascii('f' + Integer.toHexString(Float.floatToIntBits((Float) value)))));
        for (Class<?> type : List.of(
                UUID.class,
                URI.class,
                Currency.class,
                Charset.class,
                MathContext.class,
                BitSet.class,
                Instant.class,
                Duration.class,
                Period.class,
                LocalDate.class,
                LocalTime.class,
                LocalDateTime.class,
                OffsetTime.class,
                OffsetDateTime.class,
                ZonedDateTime.class,
                Year.class,
                YearMonth.class,
                MonthDay.class,
                ZoneId.class,
                ChronoLocalDate.class,
                ChronoLocalDateTime.class,
                ChronoZonedDateTime.class,
                ChronoPeriod.class,
                Chronology.class,
                FileTime.class)) {
            forms.put(type, text(type, Object::toString));
        }
        // Not an enum in every calendar.
        forms.put(
                Era.class, several(Era.class, value -> List.of(value.getClass().getName(), ((Era) value).getValue())));
        forms.put(URL.class, text(URL.class, value -> ((URL) value).toExternalForm()));
        forms.put(File.class, text(File.class, value -> ((File) value).getPath()));
        forms.put(Path.class, several(Path.class, value -> path((Path) value)));
        forms.put(InetAddress.class, text(InetAddress.class, value -> ((InetAddress) value).getHostAddress()));
        forms.put(
                InetSocketAddress.class, several(InetSocketAddress.class, value -> address((InetSocketAddress) value)));
        forms.put(Locale.class, several(Locale.class, value -> locale((Locale) value)));
        forms.put(Pattern.class, several(Pattern.class, value -> {
            Pattern pattern = (Pattern) value;
            return List.of(pattern.pattern(), pattern.flags());
        }));
        forms.put(Date.class, text(Date.class, value -> instant((Date) value).toString()));
        forms.put(TimeZone.class, several(TimeZone.class, value -> zone((TimeZone) value)));
        forms.put(Calendar.class, several(Calendar.class, value -> calendar((Calendar) value)));
        forms.put(ByteBuffer.class, new Single((value, writer) -> {
            ByteBuffer rest = ((ByteBuffer) value).duplicate();
            byte[] bytes = new byte[rest.remaining()];
            rest.get(bytes);
            writer.binary(bytes);
        }));
        forms.put(Optional.class, new Several((value, writer) -> optional((Optional<?>) value, writer), false));
        forms.put(OptionalInt.class, new Single((value, writer) -> {
            OptionalInt optional = (OptionalInt) value;
            writer.write(optional.isPresent() ? optional.getAsInt() : null);
        }));
        forms.put(OptionalLong.class, new Single((value, writer) -> {
            OptionalLong optional = (OptionalLong) value;
            writer.write(optional.isPresent() ? optional.getAsLong() : null);
        }));
        forms.put(OptionalDouble.class, new Single((value, writer) -> {
            OptionalDouble optional = (OptionalDouble) value;
            writer.write(optional.isPresent() ? optional.getAsDouble() : null);
        }));
        forms.put(
                AtomicReference.class,
                new Several((value, writer) -> writer.write(((AtomicReference<?>) value).get()), false));
        forms.put(
                Map.Entry.class,
                new Several(
                        (value, writer) -> {
                            Map.Entry<?, ?> entry = (Map.Entry<?, ?>) value;
                            writer.elements(Arrays.asList(entry.getKey(), entry.getValue()));
                        },
                        false));
        forms.put(
                Properties.class, new Several((value, writer) -> writer.entries(effective((Properties) value)), false));
        forms.put(Map.class, new Several(container(Map.class), false));
        forms.put(Set.class, new Several(container(Set.class), false));
        forms.put(Collection.class, new Several(PlatformContent::collection, false));
        return forms;
    }

    private static ContentForm text(Class<?> type, Function<Object, String> text) {
        return new Single((value, writer) -> {
            writer.name(type);
            writer.text(text.apply(value));
        });
    }

    private static ContentForm several(Class<?> type, Function<Object, List<?>> parts) {
        return new Single((value, writer) -> {
            writer.name(type);
            writer.elements(parts.apply(value));
        });
    }

    private static List<String> path(Path path) {
        return path.getFileSystem() == FileSystems.getDefault()
                ? List.of(path.toString())
                : List.of(path.toString(), path.toUri().toString());
    }

    private static List<?> address(InetSocketAddress address) {
        InetAddress resolved = address.getAddress();
        return Arrays.asList(resolved, resolved == null ? address.getHostString() : null, address.getPort());
    }

    // What Locale.toString() leaves out, toLanguageTag() writes otherwise.
    private static List<?> locale(Locale locale) {
        Map<Character, String> extensions = new TreeMap<>();
        locale.getExtensionKeys().forEach(key -> extensions.put(key, locale.getExtension(key)));
        return List.of(locale.getLanguage(), locale.getScript(), locale.getCountry(), locale.getVariant(), extensions);
    }

    // Dates and times of SQL have no instant, but their milliseconds, and time stamps nanoseconds.
    private static Instant instant(Date date) {
        for (Class<?> type = date.getClass(); type != Date.class; type = type.getSuperclass()) {
            if (type.getName().equals("java.sql.Timestamp")) {
                return date.toInstant();
            }
        }
        return Instant.ofEpochMilli(date.getTime());
    }

    // What ZoneInfo.toString() says of transitions is of the Java version.
    private static List<?> zone(TimeZone zone) {
        return zone instanceof SimpleTimeZone ? List.of(zone.toString()) : List.of(zone.getID(), zone.getRawOffset());
    }

    private static List<?> calendar(Calendar calendar) {
        return Arrays.asList(
                calendar.getCalendarType(),
                calendar.getTimeInMillis(),
                calendar.getTimeZone(),
                calendar.isLenient(),
                calendar.getFirstDayOfWeek(),
                calendar.getMinimalDaysInFirstWeek(),
                calendar instanceof GregorianCalendar gregorian ? gregorian.getGregorianChange() : null);
    }

    private static void optional(Optional<?> optional, ContentWriter writer) {
        Object content = optional.orElse(null);
        if (content instanceof Optional) {
            writer.elements(List.of(content));
        } else {
            writer.write(content);
        }
    }

    private static Map<Object, Object> effective(Properties properties) {
        Map<Object, Object> effective = new HashMap<>();
        for (String name : properties.stringPropertyNames()) {
            effective.put(name, Objects.requireNonNull(properties.getProperty(name)));
        }
        effective.putAll(properties);
        return effective;
    }

    private static void collection(Object value, ContentWriter writer) {
        if (value instanceof List || value instanceof Queue || !isViewOfUnordered(value.getClass())) {
            writer.elements((Collection<?>) value);
        } else {
            writer.unordered((Collection<?>) value);
        }
    }

    /** Whether a collection is a map's values, and in no order where the map has none. */
    private static boolean isViewOfUnordered(Class<?> type) {
        Class<?> map = type.getEnclosingClass();
        return map != null
                && Map.class.isAssignableFrom(map)
                && !SortedMap.class.isAssignableFrom(map)
                && !LinkedHashMap.class.isAssignableFrom(map);
    }

    // Where it was thrown is no content.
    private static void throwable(Object value, ContentWriter writer) {
        Throwable thrown = (Throwable) value;
        writer.name(value.getClass());
        writer.elements(Arrays.asList(thrown.getMessage(), thrown.getCause()));
    }

    /** The elements of an array of primitives. */
    private static final class Elements extends AbstractList<Object> {

        private final Object array;

        Elements(Object array) {
            this.array = array;
        }

        @Override
        public @Nullable Object get(int index) {
            return Array.get(array, index);
        }

        @Override
        public int size() {
            return Array.getLength(array);
        }
    }
}
