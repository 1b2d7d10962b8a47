package io.idempotent.codec;

import io.idempotent.codec.ContentWriter.Writing;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How the objects of one class are written by a {@link ContentWriter}. */
sealed interface ContentForm extends Writing {

    /** One value, of a class that is known. */
    record Single(Writing writing) implements ContentForm {

        @Override
        public void write(Object value, ContentWriter writer) {
            writing.write(value, writer);
        }
    }

    /**
     * Others, of whose types the arguments of the class tell.
     *
     * @param more whether the class has fields that are not written, since they may be how it keeps its elements
     */
    record Several(Writing writing, boolean more) implements ContentForm {

        @Override
        public void write(Object value, ContentWriter writer) {
            if (writer.enter(value)) {
                writing.write(value, writer);
                writer.leave();
            }
        }
    }

    /** What its fields hold. */
    record State(ObjectState state) implements ContentForm {

        @Override
        public void write(Object value, ContentWriter writer) {
            if (writer.enter(value)) {
                state.write(value, writer);
                writer.leave();
            }
        }
    }

    /** What another class says, whose objects can stand for those of this one. */
    record Open(Class<?> type) implements ContentForm {

        @Override
        public void write(Object value, ContentWriter writer) {
            throw new UnencodableContentException(type.getName() + " says nothing");
        }
    }

    /**
     * None.
     *
     * @param type the class
     * @param reason why its objects are no content
     */
    record None(Class<?> type, String reason) implements ContentForm {

        @Override
        public void write(Object value, ContentWriter writer) {
            throw new UnencodableContentException(toString());
        }

        @Override
        public String toString() {
            return type.getName() + ": " + reason;
        }
    }

    /** Finds the form for a class. */
    static ContentForm of(Class<?> type) {
        return Forms.ALL.get(type);
    }

    /** The forms that were found. */
    final class Forms {

        private static final ClassValue<ContentForm> ALL = new ClassValue<>() {
            @Override
            protected ContentForm computeValue(Class<?> type) {
                return find(type);
            }
        };

        private Forms() {}

        private static ContentForm find(Class<?> type) {
            if (type.isArray()) {
                return new Several(PlatformContent.array(type.getComponentType()), false);
            }
            if (type.isPrimitive()) {
                return new Single((value, writer) -> writer.write(value));
            }
            Class<?> parent = type.getSuperclass();
            // The class of a constant that has a body extends that of the others.
            Class<?> constants = parent != null && parent.isEnum() ? parent : type;
            if (constants.isEnum()) {
                return new Single((value, writer) -> {
                    writer.name(constants);
                    writer.text(((Enum<?>) value).name());
                });
            }
            Envelope envelope = Envelope.of(type);
            if (envelope != null) {
                return new Several(envelope, false);
            }
            SchemaFields fields = SchemaFields.of(type);
            if (fields != null) {
                return new Several(fields, false);
            }
            String reason = SchemaFields.refusal(type);
            if (reason == null) {
                reason = UnencodableTypes.reason(type);
            }
            if (reason != null) {
                return new None(type, reason);
            }
            return Fields.isPlatform(type) ? PlatformContent.of(type) : ofOthers(type);
        }

        private static ContentForm ofOthers(Class<?> type) {
            if (Proxy.isProxyClass(type)) {
                return new None(type, "what a proxy holds is not known");
            }
            boolean container = Collection.class.isAssignableFrom(type) || Map.class.isAssignableFrom(type);
            if (!container && (type.isInterface() || Modifier.isAbstract(type.getModifiers()))) {
                return new Open(type);
            }
            Class<?> platform = type;
            while (platform != null && !Fields.isPlatform(platform)) {
                platform = platform.getSuperclass();
            }
            // What extends a class that can be made has it as its content; an abstract one only helps to implement it.
            Writing base = platform == null || Modifier.isAbstract(platform.getModifiers())
                    ? null
                    : writing(PlatformContent.of(platform));
            if (container && base == null) {
                return new Several(PlatformContent.container(type), ObjectState.isIn(type));
            }
            if (base == null && platform != null && ObjectState.isIn(platform)) {
                return new None(type, "what " + platform.getName() + ", which it extends, holds is not known");
            }
            try {
                ObjectState state = ObjectState.of(type, base);
                return base != null && container && state.fields().isEmpty()
                        ? new Several(base, false)
                        : new State(state);
            } catch (UnencodableContentException refusal) {
                return new None(type, String.valueOf(refusal.getMessage()));
            }
        }

        private static @Nullable Writing writing(ContentForm form) {
            if (form instanceof Single single) {
                return single.writing();
            }
            return form instanceof Several several ? several.writing() : null;
        }
    }
}
