package io.idempotent.codec;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.Version;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.JacksonModule;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.SerializationConfig;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.exc.InvalidDefinitionException;
import tools.jackson.databind.jsontype.TypeSerializer;
import tools.jackson.databind.module.SimpleAbstractTypeResolver;
import tools.jackson.databind.ser.Serializers;

/**
 * Makes a mapper refuse what is {@linkplain UnencodableTypes no content}, which it would otherwise consume or write as
 * an empty object; and keeps the order of sets.
 */
final class UnencodableTypesModule extends JacksonModule {

    private static final long serialVersionUID = 1L;

    @Override
    public String getModuleName() {
        return getClass().getName();
    }

    @Override
    public Version version() {
        return Version.unknownVersion();
    }

    @Override
    public void setupModule(SetupContext context) {
        context.addSerializers(new RefusingSerializers());
        context.addAbstractTypeResolver(new SimpleAbstractTypeResolver().addMapping(Set.class, LinkedHashSet.class));
    }

    private static final class RefusingSerializers extends Serializers.Base {

        @Override
        public @Nullable ValueSerializer<?> findSerializer(
                SerializationConfig config,
                JavaType type,
                BeanDescription.Supplier description,
                JsonFormat.@Nullable Value format) {
            return UnencodableTypes.reason(type.getRawClass()) == null ? null : new RefusingSerializer();
        }
    }

    /** Refuses whatever it is given. */
    static final class RefusingSerializer extends ValueSerializer<Object> {

        @Override
        public void serialize(Object value, JsonGenerator generator, SerializationContext context) {
            throw refusal(value, generator);
        }

        @Override
        public void serializeWithType(
                Object value, JsonGenerator generator, SerializationContext context, TypeSerializer typeSerializer) {
            throw refusal(value, generator);
        }

        private static InvalidDefinitionException refusal(Object value, JsonGenerator generator) {
            return InvalidDefinitionException.from(
                    generator, value.getClass().getName() + " is no content", (JavaType) null);
        }
    }
}
