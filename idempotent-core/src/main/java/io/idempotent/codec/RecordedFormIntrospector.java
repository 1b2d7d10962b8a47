package io.idempotent.codec;

import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.AnnotationIntrospector;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.introspect.Annotated;
import tools.jackson.databind.introspect.AnnotatedClass;
import tools.jackson.databind.introspect.AnnotatedField;
import tools.jackson.databind.introspect.AnnotatedMember;
import tools.jackson.databind.introspect.AnnotatedMethod;
import tools.jackson.databind.introspect.AnnotationIntrospectorPair;
import tools.jackson.databind.introspect.VisibilityChecker;

/**
 * Makes the recorded form whole: whatever an annotation says for the sake of an interface to the outside, the form
 * holds all that an object is.
 *
 * <ul>
 *   <li>Fields are recorded that are not {@code transient}, private and final ones too, and rather than the getters
 *       that show them.
 *   <li>What is to be only written, or only read, is both ({@code access} of {@code @JsonProperty}).
 *   <li>Nothing is left out for its value ({@code @JsonInclude}).
 *   <li>Patterns, zones and languages of {@code @JsonFormat} do not count, since they may drop a part of the value.
 * </ul>
 */
final class RecordedFormIntrospector extends AnnotationIntrospectorPair {

    private static final long serialVersionUID = 1L;

    static final JsonInclude.Value ALWAYS =
            JsonInclude.Value.construct(JsonInclude.Include.ALWAYS, JsonInclude.Include.ALWAYS);

    RecordedFormIntrospector(AnnotationIntrospector introspector) {
        super(introspector, new SealedTypeIntrospector());
    }

    @Override
    public VisibilityChecker findAutoDetectVisibility(
            MapperConfig<?> config, AnnotatedClass annotated, VisibilityChecker checker) {
        return new AllState(super.findAutoDetectVisibility(config, annotated, checker));
    }

    @Override
    public JsonProperty.Access findPropertyAccess(MapperConfig<?> config, Annotated annotated) {
        return JsonProperty.Access.AUTO;
    }

    @Override
    public JsonInclude.Value findPropertyInclusion(MapperConfig<?> config, Annotated annotated) {
        return ALWAYS;
    }

    @Override
    public JsonFormat.@Nullable Value findFormat(MapperConfig<?> config, Annotated annotated) {
        JsonFormat.Value format = super.findFormat(config, annotated);
        return format == null
                ? null
                : format.withPattern("").withLocale((Locale) null).withTimeZone((TimeZone) null);
    }

    /** Sees every field of the application's classes; of the platform's own it sees what others see. */
    private static final class AllState extends VisibilityChecker {

        private static final long serialVersionUID = 1L;

        private final VisibilityChecker others;

        AllState(VisibilityChecker others) {
            super(Visibility.DEFAULT);
            this.others = others;
        }

        @Override
        public boolean isFieldVisible(AnnotatedField field) {
            return others.isFieldVisible(field) || Fields.isRecorded(field.getAnnotated());
        }

        @Override
        public boolean isGetterVisible(AnnotatedMethod getter) {
            return others.isGetterVisible(getter) && !Fields.isShownBy(getter.getAnnotated());
        }

        @Override
        public boolean isIsGetterVisible(AnnotatedMethod getter) {
            return others.isIsGetterVisible(getter) && !Fields.isShownBy(getter.getAnnotated());
        }

        @Override
        public boolean isSetterVisible(AnnotatedMethod setter) {
            return others.isSetterVisible(setter);
        }

        @Override
        public boolean isCreatorVisible(AnnotatedMember creator) {
            return others.isCreatorVisible(creator);
        }

        @Override
        public boolean isScalarConstructorVisible(AnnotatedMember creator) {
            return others.isScalarConstructorVisible(creator);
        }
    }
}
