package io.idempotent.codec;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.OptBoolean;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.SerializationConfig;
import tools.jackson.databind.introspect.AnnotatedMember;
import tools.jackson.databind.introspect.AnnotatedParameter;
import tools.jackson.databind.introspect.BeanPropertyDefinition;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.BeanPropertyWriter;
import tools.jackson.databind.ser.ValueSerializerModifier;
import tools.jackson.databind.util.NameTransformer;

/**
 * Tells whether a form that another version of a class has recorded still says what this version reads from it: what
 * was read is written again, and the two forms are compared.
 *
 * <ul>
 *   <li>A member that this version has and that one had not is an error, unless its type is {@code Optional}, an
 *       annotation named {@code Nullable} or {@code @JsonProperty} says that it may be missing, or the class itself
 *       gave it a value other than null, zero or false.
 *   <li>A member that this version has not is ignored, unless members are missing too, or no member is left that both
 *       have: then it was renamed, or the class is another one.
 *   <li>Everything else has to be the same: text, digits, and the kind of a number.
 * </ul>
 */
final class Evolution {

    /** In the names of properties, and not in those of a map's members. */
    private static final char PROPERTY = '\1';

    private static final char MAY_BE_MISSING = '\2';

    /** What a class has in a property to which nobody gave a value. */
    private static final Set<String> NO_VALUES = Set.of("null", "false", "0", "0.0", "0.0e0", "\"\0");

    private static final Set<Class<?>> OPTIONALS =
            Set.of(Optional.class, OptionalInt.class, OptionalLong.class, OptionalDouble.class);

    /** How many elements are compared with others than the one in their own place, in all arrays together. */
    private static final int MAXIMUM_PAIRS = 100_000;

    private int pairs;

    private Evolution() {}

    /** Marks in what a mapper writes which names are those of properties, and which of them may be missing. */
    static JsonMapper marking(JsonMapper mapper) {
        SimpleModule module = new SimpleModule(Evolution.class.getName());
        module.setSerializerModifier(new Marking(mapper));
        return mapper.rebuild().addModule(module).build();
    }

    /**
     * Why what was recorded is not what this version reads from it, null if it is. Names properties, and no content.
     *
     * @param recorded reads the recorded form
     * @param read reads what was read from it, in the form that {@link #marking} writes
     */
    static @Nullable String difference(JsonParser recorded, JsonParser read) {
        recorded.nextToken();
        read.nextToken();
        return new Evolution().difference(form(recorded), form(read));
    }

    /** The form as it was written: objects as maps, arrays as lists, everything else as text. */
    private static Object form(JsonParser parser) {
        JsonToken token = parser.currentToken();
        if (token == JsonToken.START_OBJECT) {
            Map<String, Object> members = new LinkedHashMap<>();
            String name;
            while ((name = parser.nextName()) != null) {
                parser.nextToken();
                members.put(name, form(parser));
            }
            return members;
        }
        if (token == JsonToken.START_ARRAY) {
            List<Object> elements = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                elements.add(form(parser));
            }
            return elements;
        }
        String text = parser.getString();
        return token == JsonToken.VALUE_STRING ? '"' + text : text;
    }

    private @Nullable String difference(Object recorded, @Nullable Object read) {
        if (recorded instanceof Map<?, ?> before && read instanceof Map<?, ?> now) {
            return members(before, now);
        }
        if (recorded instanceof List<?> before && read instanceof List<?> now) {
            return elements(before, now);
        }
        return recorded.equals(read) ? null : "what is recorded has another meaning now";
    }

    private @Nullable String members(Map<?, ?> recorded, Map<?, ?> read) {
        Map<String, Object> known = new HashMap<>();
        Set<String> missing = new LinkedHashSet<>();
        Set<String> properties = new HashSet<>();
        for (Map.Entry<?, ?> member : read.entrySet()) {
            String marked = (String) member.getKey();
            String name = unmarked(marked);
            boolean property = !name.equals(marked);
            if (property) {
                properties.add(name);
            }
            known.put(name, member.getValue());
            if (recorded.containsKey(name)) {
                continue;
            }
            if (!property) {
                return "what is recorded has another meaning now";
            }
            missing.add(name);
            if (marked.indexOf(MAY_BE_MISSING) < 0 && NO_VALUES.contains(member.getValue())) {
                return "nothing is recorded of the property '" + name + "', which the type does not say may be missing";
            }
        }
        boolean unknown = !known.keySet().containsAll(recorded.keySet());
        if (unknown && (properties.isEmpty() || !missing.isEmpty())) {
            return missing.isEmpty()
                    ? "what is recorded has other members than the type"
                    : "nothing is recorded of the properties " + missing
                            + ", but of others that the type has not: they may have been renamed";
        }
        for (Map.Entry<?, ?> member : recorded.entrySet()) {
            if (known.containsKey(member.getKey())) {
                String difference = difference(member.getValue(), known.get(member.getKey()));
                if (difference != null) {
                    return properties.contains(member.getKey())
                            ? "property '" + member.getKey() + "': " + difference
                            : difference;
                }
            }
        }
        return null;
    }

    private static String unmarked(String name) {
        return name.indexOf(PROPERTY) < 0 && name.indexOf(MAY_BE_MISSING) < 0
                ? name
                : name.replace(String.valueOf(PROPERTY), "").replace(String.valueOf(MAY_BE_MISSING), "");
    }

    private @Nullable String elements(List<?> recorded, List<?> read) {
        if (recorded.size() != read.size()) {
            return "what is recorded has more or fewer elements";
        }
        Iterator<?> others = read.iterator();
        for (Object element : recorded) {
            String difference = difference(element, others.next());
            if (difference != null) {
                // Reading changes the order of a set, and of nothing else.
                return areSameInAnyOrder(recorded, read) ? null : difference;
            }
        }
        return null;
    }

    private boolean areSameInAnyOrder(List<?> recorded, List<?> read) {
        if (Stream.concat(recorded.stream(), read.stream()).allMatch(String.class::isInstance)) {
            return recorded.stream()
                    .sorted()
                    .toList()
                    .equals(read.stream().sorted().toList());
        }
        List<Object> rest = new ArrayList<>(read);
        for (Object element : recorded) {
            boolean found = false;
            for (Iterator<Object> others = rest.iterator(); others.hasNext() && !found; ) {
                if (++pairs > MAXIMUM_PAIRS) {
                    return false;
                }
                if (difference(element, others.next()) == null) {
                    others.remove();
                    found = true;
                }
            }
            if (!found) {
                return false;
            }
        }
        return true;
    }

    private static final class Marking extends ValueSerializerModifier {

        private static final long serialVersionUID = 1L;

        private final JsonMapper mapper;

        Marking(JsonMapper mapper) {
            this.mapper = mapper;
        }

        @Override
        public List<BeanPropertyWriter> changeProperties(
                SerializationConfig config, BeanDescription.Supplier description, List<BeanPropertyWriter> writers) {
            Map<String, BeanPropertyDefinition> read = new HashMap<>();
            mapper._deserializationContext()
                    .introspectBeanDescription(description.getType())
                    .findProperties()
                    .forEach(property -> read.put(property.getName(), property));
            writers.replaceAll(writer -> writer.isUnwrapping()
                    // Its properties are marked, and it is none itself.
                    ? writer
                    : writer.rename(NameTransformer.simpleTransformer(
                            mayBeMissing(writer, read.get(writer.getName())) ? "" + MAY_BE_MISSING : "" + PROPERTY,
                            "")));
            return writers;
        }

        private static boolean mayBeMissing(BeanPropertyWriter writer, @Nullable BeanPropertyDefinition read) {
            if (read == null || !read.couldDeserialize()) {
                // Only computed.
                return true;
            }
            return isOptional(writer.getType())
                    || Stream.of(
                                    writer.getMember(),
                                    read.getField(),
                                    read.getGetter(),
                                    read.getSetter(),
                                    read.getConstructorParameter())
                            .filter(Objects::nonNull)
                            .anyMatch(Marking::mayBeMissing);
        }

        private static boolean isOptional(JavaType type) {
            return OPTIONALS.contains(type.getRawClass());
        }

        private static boolean mayBeMissing(AnnotatedMember member) {
            JsonProperty said = member.getAnnotation(JsonProperty.class);
            return (said != null && mayBeMissing(said)) || annotated(member).anyMatch(Marking::isNullable);
        }

        private static boolean mayBeMissing(JsonProperty said) {
            if (said.isRequired() != OptBoolean.DEFAULT) {
                return said.isRequired() == OptBoolean.FALSE;
            }
            // Without a name it is there to say that it is not required.
            return !said.required()
                    && said.value().isEmpty()
                    && said.defaultValue().isEmpty()
                    && said.access() == JsonProperty.Access.AUTO
                    && said.index() == JsonProperty.INDEX_UNKNOWN;
        }

        /** What carries the annotations of a member: itself and its type. */
        private static Stream<AnnotatedElement> annotated(AnnotatedMember member) {
            if (member instanceof AnnotatedParameter parameter) {
                Executable owner = (Executable) parameter.getOwner().getMember();
                int index = parameter.getIndex();
                return Stream.of(owner.getParameters()[index], owner.getAnnotatedParameterTypes()[index]);
            }
            Member accessor = member.getMember();
            if (accessor instanceof Field field) {
                return Stream.of(field, field.getAnnotatedType());
            }
            return accessor instanceof Method method
                    ? Stream.concat(
                            Stream.of(method, method.getAnnotatedReturnType()),
                            Stream.concat(
                                    Arrays.stream(method.getParameters()),
                                    Arrays.stream(method.getAnnotatedParameterTypes())))
                    : Stream.of();
        }

        private static boolean isNullable(AnnotatedElement element) {
            return Arrays.stream(element.getAnnotations())
                    .map(Annotation::annotationType)
                    .anyMatch(annotation -> annotation.getSimpleName().equals("Nullable"));
        }
    }
}
