package io.idempotent.codec;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.net.URL;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Date;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Properties;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.introspect.AnnotatedMember;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.ser.BeanPropertyWriter;
import tools.jackson.databind.ser.PropertyWriter;
import tools.jackson.databind.ser.bean.BeanSerializerBase;

/**
 * Tells whether a value that was read is the one that was written.
 *
 * <p>Two objects that Jackson writes property by property are the same if they are of one class and all their
 * properties are the same, whatever their {@code equals} says, which may look at a part only. Lists, queues and arrays
 * are the same element by element, sets and maps whatever their order, sorted ones if they sort alike. Of all other
 * values {@code equals} decides where a class has one.
 *
 * <p>Safe for use by many threads.
 */
final class Sameness {

    private final JsonMapper mapper;

    private final ConcurrentMap<Class<?>, Anatomy> anatomies = new ConcurrentHashMap<>();

    Sameness(JsonMapper mapper) {
        this.mapper = mapper;
    }

    /**
     * Where two values differ, null if nowhere. Names properties, and no content: neither values nor keys of maps.
     *
     * @throws RuntimeException if a getter throws, or content is too deep
     */
    @Nullable
    String difference(@Nullable Object written, @Nullable Object read) {
        Difference difference = new Comparison().compare(written, read);
        return difference == null ? null : difference.toString();
    }

    /** Where two objects differ in the state that a class gives them; null too where that cannot be seen. */
    @Nullable
    String differenceOfState(Class<?> type, Object written, Object read) {
        Difference difference = new Comparison().state(type, written, read);
        return difference == null ? null : difference.toString();
    }

    private Anatomy anatomy(Class<?> type) {
        Anatomy anatomy = anatomies.get(type);
        if (anatomy == null) {
            anatomy = Anatomy.of(type, mapper);
            anatomies.put(type, anatomy);
        }
        return anatomy;
    }

    /** A difference, and the way to it, found from its end to its beginning. */
    private static final class Difference {

        private final StringBuilder path = new StringBuilder();

        private final String what;

        Difference(String what) {
            this.what = what;
        }

        Difference within(String step) {
            path.insert(0, path.isEmpty() || path.charAt(0) == '[' ? step : step + '.');
            return this;
        }

        @Override
        public String toString() {
            return path.isEmpty() ? what : "property '" + path + "', " + what;
        }
    }

    private static Difference differ(@Nullable Object written, @Nullable Object read) {
        Object shown = written == null ? read : written;
        String type = shown == null ? "null" : shown.getClass().getTypeName();
        if (written == null || read == null || written.getClass() == read.getClass()) {
            return new Difference("of " + type);
        }
        return new Difference(
                "of " + type + ", which is read as " + read.getClass().getTypeName());
    }

    /** One comparison, which knows where it has been. */
    private final class Comparison {

        private @Nullable IdentityHashMap<Object, Object> seen;

        @Nullable
        Difference compare(@Nullable Object written, @Nullable Object read) {
            if (written == read) {
                return null;
            }
            if (written == null || read == null) {
                return differ(written, read);
            }
            if (written instanceof Map<?, ?> map) {
                return read instanceof Map<?, ?> other ? maps(map, other) : differ(written, read);
            }
            if (written instanceof Collection<?> collection) {
                return read instanceof Collection<?> other ? collections(collection, other) : differ(written, read);
            }
            if (written.getClass().isArray()) {
                return read.getClass().isArray() ? arrays(written, read) : differ(written, read);
            }
            if (written instanceof Optional<?> optional && read instanceof Optional<?> other) {
                return compare(optional.orElse(null), other.orElse(null));
            }
            if (written instanceof AtomicReference<?> reference && read instanceof AtomicReference<?> other) {
                return compare(reference.get(), other.get());
            }
            if (written instanceof Map.Entry<?, ?> entry && read instanceof Map.Entry<?, ?> other) {
                Difference key = compare(entry.getKey(), other.getKey());
                return key != null ? key : compare(entry.getValue(), other.getValue());
            }
            return objects(written, read);
        }

        private @Nullable Difference objects(Object written, Object read) {
            Anatomy anatomy = anatomy(written.getClass());
            List<Part> parts = anatomy.parts();
            if (parts == null) {
                return anatomy.isSame(written, read) ? null : differ(written, read);
            }
            if (written.getClass() != read.getClass()
                    // Which knows more than its getters show.
                    || (anatomy.hasEquals() && Fields.isPlatform(written.getClass()) && !written.equals(read))) {
                return differ(written, read);
            }
            if (anatomy.cyclic()) {
                if (seen == null) {
                    seen = new IdentityHashMap<>();
                }
                if (seen.put(written, read) == read) {
                    return null;
                }
            }
            for (Part part : parts) {
                Difference difference = compare(part.of(written), part.of(read));
                if (difference != null) {
                    return difference.within(part.name());
                }
            }
            return null;
        }

        private @Nullable Difference arrays(Object written, Object read) {
            int length = Array.getLength(written);
            if (length != Array.getLength(read)
                    || (written.getClass().getComponentType().isPrimitive() && written.getClass() != read.getClass())) {
                return differ(written, read);
            }
            if (written instanceof byte[] bytes) {
                return Arrays.equals(bytes, (byte[]) read) ? null : differ(written, read);
            }
            for (int index = 0; index < length; index++) {
                Difference difference = compare(Array.get(written, index), Array.get(read, index));
                if (difference != null) {
                    return difference.within("[" + index + "]");
                }
            }
            return null;
        }

        private @Nullable Difference collections(Collection<?> written, Collection<?> read) {
            if (((written instanceof List) != (read instanceof List)
                            && (written instanceof List || written instanceof Set))
                    || (written instanceof Set) != (read instanceof Set)
                    || written.size() != read.size()
                    || !isOrderedAlike(comparator(written), comparator(read))
                    || (written instanceof BlockingQueue<?> bounded
                            && read instanceof BlockingQueue<?> other
                            && bounded.remainingCapacity() != other.remainingCapacity())) {
                return differ(written, read);
            }
            Difference difference = inOrder(written, read, written instanceof Set);
            if (difference != null && isUnordered(written)) {
                difference = inAnyOrder((Set<?>) written, (Set<?>) read);
            }
            return difference == null ? state(written, read) : difference;
        }

        /** What a container of the application's own holds beside its elements. */
        private @Nullable Difference state(Object written, Object read) {
            return written.getClass() == read.getClass() ? state(written.getClass(), written, read) : null;
        }

        @Nullable
        Difference state(Class<?> type, Object written, Object read) {
            for (Field field : Fields.of(type)) {
                if (field.trySetAccessible()) {
                    Part part = Part.of(field);
                    Difference difference = compare(part.of(written), part.of(read));
                    if (difference != null) {
                        return difference.within(part.name());
                    }
                }
            }
            return null;
        }

        private @Nullable Difference inOrder(Collection<?> written, Collection<?> read, boolean unnumbered) {
            Iterator<?> others = read.iterator();
            int index = 0;
            for (Object element : written) {
                Difference difference = compare(element, others.hasNext() ? others.next() : null);
                if (difference != null) {
                    return difference.within(unnumbered ? "[*]" : "[" + index + "]");
                }
                index++;
            }
            return null;
        }

        private @Nullable Difference inAnyOrder(Set<?> written, Set<?> read) {
            Map<@Nullable Object, @Nullable Object> others = new HashMap<>();
            read.forEach(element -> others.put(element, element));
            for (Object element : written) {
                if (!others.containsKey(element)) {
                    // Elements without an equals of their own.
                    return inOrder(sorted(written), sorted(read), true);
                }
                Difference difference = compare(element, others.get(element));
                if (difference != null) {
                    return difference.within("[*]");
                }
            }
            return null;
        }

        private List<?> sorted(Set<?> elements) {
            List<Object> sorted = new ArrayList<>(elements);
            sorted.sort(Comparator.comparing(mapper::writeValueAsString));
            return sorted;
        }

        private @Nullable Difference maps(Map<?, ?> written, Map<?, ?> read) {
            if (written.size() != read.size()
                    || (written instanceof IdentityHashMap && !written.isEmpty())
                    || !isOrderedAlike(comparator(written), comparator(read))
                    || (written instanceof Properties all
                            && read instanceof Properties others
                            && !all.stringPropertyNames().equals(others.stringPropertyNames()))) {
                return differ(written, read);
            }
            Iterator<? extends Map.Entry<?, ?>> others = read.entrySet().iterator();
            for (Map.Entry<?, ?> entry : written.entrySet()) {
                Object key = entry.getKey();
                Map.Entry<?, ?> other = others.next();
                Object value = other.getValue();
                if (compare(key, other.getKey()) != null) {
                    if (!read.containsKey(key)) {
                        return differ(key, other.getKey()).within("[*]");
                    }
                    value = read.get(key);
                }
                Difference difference = compare(entry.getValue(), value);
                if (difference != null) {
                    return difference.within("[*]");
                }
            }
            return state(written, read);
        }
    }

    private static boolean isUnordered(Collection<?> collection) {
        return collection instanceof Set
                && !(collection instanceof SortedSet)
                && !(collection instanceof LinkedHashSet);
    }

    private static @Nullable Comparator<?> comparator(Object container) {
        if (container instanceof SortedSet<?> set) {
            return set.comparator();
        }
        if (container instanceof SortedMap<?, ?> map) {
            return map.comparator();
        }
        if (container instanceof PriorityQueue<?> queue) {
            return queue.comparator();
        }
        return container instanceof PriorityBlockingQueue<?> queue ? queue.comparator() : null;
    }

    private static boolean isOrderedAlike(@Nullable Comparator<?> left, @Nullable Comparator<?> right) {
        return left == right || (isNatural(left) && isNatural(right));
    }

    private static boolean isNatural(@Nullable Comparator<?> comparator) {
        return comparator == null || comparator.equals(Comparator.naturalOrder());
    }

    /** A part of an object, and how to get at it. */
    private record Part(String name, Function<Object, @Nullable Object> reader) {

        static Part of(String name, AnnotatedMember member) {
            return new Part(name, member::getValue);
        }

        static Part of(Field field) {
            return new Part(field.getName(), whole -> {
                try {
                    return field.get(whole);
                } catch (IllegalAccessException impossible) {
                    throw new IllegalStateException(impossible);
                }
            });
        }

        @Nullable
        Object of(Object whole) {
            return reader.apply(whole);
        }
    }

    /**
     * How the objects of a class are compared.
     *
     * @param parts what they consist of; null if they are compared as a whole
     * @param cyclic whether the same object may be met again within itself
     * @param hasEquals whether the class says which are equal
     */
    private record Anatomy(@Nullable List<Part> parts, boolean cyclic, boolean hasEquals) {

        static Anatomy of(Class<?> type, JsonMapper mapper) {
            SerializationContext context = mapper._serializationContext();
            ValueSerializer<Object> serializer = context.findValueSerializer(type);
            boolean hasEquals = declares(type, "equals", Object.class);
            if (serializer instanceof BeanSerializerBase bean) {
                List<Part> parts = new ArrayList<>();
                for (Iterator<PropertyWriter> writers = bean.properties(); writers.hasNext(); ) {
                    if (writers.next() instanceof BeanPropertyWriter writer && !writer.isVirtual()) {
                        parts.add(part(type, writer));
                    }
                }
                AnnotatedMember rest = context.introspectBeanDescription(context.constructType(type))
                        .findAnyGetter();
                if (rest != null) {
                    rest.fixAccess(true);
                    parts.add(Part.of(rest.getName(), rest));
                }
                return new Anatomy(parts, serializer.usesObjectId(), hasEquals);
            }
            if (!hasEquals && !Fields.isPlatform(type) && !type.isEnum()) {
                List<Field> fields = Fields.of(type);
                if (fields.stream().allMatch(Field::trySetAccessible)) {
                    return new Anatomy(fields.stream().map(Part::of).toList(), true, false);
                }
            }
            return new Anatomy(null, false, hasEquals);
        }

        private static Part part(Class<?> type, BeanPropertyWriter writer) {
            if (type.isRecord()) {
                // An accessor may show less than there is.
                for (Field field : Fields.of(type)) {
                    if (field.getName().equals(writer.getMember().getName()) && field.trySetAccessible()) {
                        return Part.of(field);
                    }
                }
            }
            return Part.of(writer.getName(), writer.getMember());
        }

        boolean isSame(Object written, Object read) {
            if (written instanceof URL url && read instanceof URL other) {
                // Its equals asks for the hosts' addresses.
                return url.toExternalForm().equals(other.toExternalForm());
            }
            if (written instanceof Pattern pattern && read instanceof Pattern other) {
                return pattern.pattern().equals(other.pattern()) && pattern.flags() == other.flags();
            }
            if (hasEquals) {
                // Those of java.sql are equal to those of java.util, which say less.
                boolean alike = !(written instanceof Date) || written.getClass() == read.getClass();
                return alike && written.equals(read);
            }
            // Such as a StringBuilder or an AtomicLong.
            return written.getClass() == read.getClass()
                    && declares(written.getClass(), "toString")
                    && written.toString().equals(read.toString());
        }

        private static boolean declares(Class<?> type, String method, Class<?>... parameters) {
            try {
                return type.getMethod(method, parameters).getDeclaringClass() != Object.class;
            } catch (NoSuchMethodException impossible) {
                return false;
            }
        }
    }
}
