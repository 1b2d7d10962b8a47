package io.idempotent.codec;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.Version;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.annotation.JsonSerialize;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.introspect.Annotated;
import tools.jackson.databind.introspect.AnnotatedClass;
import tools.jackson.databind.introspect.NopAnnotationIntrospector;

/**
 * Lets Jackson write and read sealed types that carry no type information of their own: as an object with one member,
 * named by the permitted class (Jackson's {@link JsonTypeInfo.Id#NAME}: {@code @JsonTypeName}, or else the class's name
 * without its package). Makes no class but those that the sealed type permits.
 */
final class SealedTypeIntrospector extends NopAnnotationIntrospector {

    private static final long serialVersionUID = 1L;

    // An object around the value rather than a property in it: no property of the value can have the same name, and
    // values that are not written as objects need no other form.
    private static final JsonTypeInfo.Value BY_NAME = JsonTypeInfo.Value.construct(
            JsonTypeInfo.Id.NAME, JsonTypeInfo.As.WRAPPER_OBJECT, null, null, false, Boolean.TRUE);

    @Override
    public Version version() {
        return Version.unknownVersion();
    }

    @Override
    public JsonTypeInfo.@Nullable Value findPolymorphicTypeInfo(MapperConfig<?> config, Annotated annotated) {
        return annotated instanceof AnnotatedClass && needsName(annotated.getRawType()) ? BY_NAME : null;
    }

    private static boolean needsName(Class<?> type) {
        // An enum whose constants have bodies is sealed too, and so are some of the JDK's value types.
        return type.isSealed()
                && !type.isEnum()
                && !type.getName().startsWith("java.")
                && !type.isAnnotationPresent(JsonSerialize.class)
                && !type.isAnnotationPresent(JsonDeserialize.class);
    }

    /** Two permitted classes that would be named alike, or null if there are none. */
    static @Nullable String ambiguity(Class<?> sealed) {
        Map<String, Class<?>> names = new HashMap<>();
        for (Class<?> permitted : closure(sealed, new LinkedHashSet<>())) {
            if (Modifier.isAbstract(permitted.getModifiers())) {
                continue;
            }
            String name = permitted.getName().substring(permitted.getName().lastIndexOf('.') + 1);
            Class<?> other = names.put(name, permitted);
            if (other != null) {
                return other.getName() + " and " + permitted.getName();
            }
        }
        return null;
    }

    private static Set<Class<?>> closure(Class<?> type, Set<Class<?>> found) {
        if (found.add(type) && needsName(type)) {
            for (Class<?> permitted : type.getPermittedSubclasses()) {
                closure(permitted, found);
            }
        }
        return found;
    }
}
