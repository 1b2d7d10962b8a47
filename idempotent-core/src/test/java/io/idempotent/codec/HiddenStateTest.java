package io.idempotent.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.JsonBackReference;
import com.fasterxml.jackson.annotation.JsonFilter;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonIdentityInfo;
import com.fasterxml.jackson.annotation.JsonIdentityReference;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonIgnoreType;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonIncludeProperties;
import com.fasterxml.jackson.annotation.JsonManagedReference;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.annotation.JsonView;
import com.fasterxml.jackson.annotation.ObjectIdGenerators;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.annotation.JsonNaming;
import tools.jackson.databind.annotation.JsonSerialize;
import tools.jackson.databind.ser.std.ToStringSerializer;

/** Whatever an annotation makes of an object in JSON, its fingerprint is that of what it holds. */
@SuppressWarnings({"unused", "ArrayRecordComponent", "NullableOptional"})
class HiddenStateTest {

    private final CanonicalFingerprinter fingerprinter = CanonicalFingerprinter.create();

    static Stream<Arguments> different() {
        Instant morning = Instant.parse("2026-01-01T08:00:00Z");
        Instant evening = Instant.parse("2026-01-01T20:00:00Z");
        return Stream.of(
                pair("access = WRITE_ONLY", new WriteOnly("1"), new WriteOnly("2")),
                pair("access = READ_ONLY", new ReadOnly("1"), new ReadOnly("2")),
                pair("@JsonIgnore", new Ignored("1"), new Ignored("2")),
                pair("@JsonIgnoreProperties", new IgnoredByName("1"), new IgnoredByName("2")),
                pair("@JsonIgnoreType", new HoldsIgnoredType(new Pin("1")), new HoldsIgnoredType(new Pin("2"))),
                pair("@JsonIncludeProperties", new Included("a", "1"), new Included("a", "2")),
                pair("@JsonInclude(NON_DEFAULT)", new NotDefault(0), new NotDefault(null)),
                pair("@JsonInclude(NON_EMPTY)", new NotEmpty(List.of()), new NotEmpty(null)),
                pair("@JsonFormat without time", new Dated(morning), new Dated(evening)),
                pair("@JsonFormat as number", new Shaped(Color.RED), new Shaped(Color.DARK_RED)),
                pair("@JsonValue", new Valued("a", "1"), new Valued("a", "2")),
                pair("@JsonSerialize(using)", new Masked("1"), new Masked("2")),
                pair("@JsonSerialize on the class", new Opaque("1"), new Opaque("2")),
                pair("@JsonFilter", new Filtered("1"), new Filtered("2")),
                pair("@JsonView", new Viewed("1"), new Viewed("2")),
                pair(
                        "@JsonUnwrapped",
                        new Unwrapped(new Pin("1"), new Pin("2")),
                        new Unwrapped(new Pin("2"), new Pin("1"))),
                pair("@JsonIdentityInfo", new Identified(new Named("a", "1")), new Identified(new Named("a", "2"))),
                pair("@JsonBackReference", new Child(new Parent("1")), new Child(new Parent("2"))),
                pair("@JsonRawValue", new Raw("1"), new Raw("2")),
                pair("@JsonRawValue and not", new Raw("{}"), new Pin("{}")),
                pair("@JsonAnyGetter", new Any(Map.of("a", 1)), new Any(Map.of("a", 2))),
                pair("@JsonTypeInfo(NONE)", new Typed(new Cash("1")), new Typed(new Card("1"))),
                pair("names that collide", new Colliding("1", "2"), new Colliding("2", "1")),
                pair("@JsonNaming", new Snake("1"), new Snake("2")),
                pair("@JsonProperty of constants", Color.RED, Color.DARK_RED),
                pair("@JsonAutoDetect", new Undetected("1"), new Undetected("2")),
                pair("no getter", new Silent("1"), new Silent("2")),
                pair("a getter of another name", new Renaming("1"), new Renaming("2")),
                pair("a getter that masks", new Masking("4711"), new Masking("4712")),
                pair("an accessor of a record that masks", new MaskingRecord("4711"), new MaskingRecord("4712")),
                pair("a transient field with a getter", new Transient("1"), new Transient("2")),
                pair("a field of a superclass", new Sub("1", "a"), new Sub("2", "a")),
                pair("a field that hides another", new Hiding("1", "a"), new Hiding("2", "a")),
                pair("what a collection adds", new Lines("1"), new Lines("2")),
                pair("what a class captures", captured("1"), captured("2")),
                pair("what a class is within", new Around("1").new Within(), new Around("2").new Within()),
                pair("classes without kin", new Pin("1"), new Puk("1")),
                pair("constants of two enums", Color.RED, Alarm.RED),
                pair("a constant and its name", Color.RED, "RED"),
                pair("null and absent in a map", java.util.Collections.singletonMap("a", null), Map.of()),
                pair("the message of an exception", new IllegalStateException("1"), new IllegalStateException("2")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("different")
    void whatIsHiddenCounts(String what, Object one, Object other) {
        assertThat(fingerprinter.refusal(one.getClass())).isNull();
        assertThat(fingerprinter.fingerprint(one))
                .isEqualTo(fingerprinter.fingerprint(one))
                .isNotEqualTo(fingerprinter.fingerprint(other));
    }

    static Stream<Arguments> same() {
        return Stream.of(
                pair("a getter without a field", new Derived("1"), new Derived("1")),
                pair("empty and absent", new Maybe(Optional.empty()), new Maybe(null)),
                pair("a static field", new Counted("1"), new Counted("1")),
                pair("@JsonPropertyOrder", new Ordered("1", "2"), new Ordered("1", "2")),
                pair("a back reference", new Parent("1"), new Parent("1")),
                pair("where an exception was thrown", new IllegalStateException("1"), thrownElsewhere()),
                pair("an anonymous collection", new ArrayList<>(List.of("1")) {}, List.of("1")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("same")
    void whatIsNoStateDoesNotCount(String what, Object one, Object other) {
        assertThat(fingerprinter.fingerprint(one)).isEqualTo(fingerprinter.fingerprint(other));
    }

    private static Arguments pair(String what, Object one, Object other) {
        return Arguments.of(what, one, other);
    }

    private static Object captured(String pin) {
        return new Object() {
            @Override
            public String toString() {
                return pin;
            }
        };
    }

    private static Exception thrownElsewhere() {
        return new IllegalStateException("1");
    }

    record WriteOnly(
            @JsonProperty(access = JsonProperty.Access.WRITE_ONLY)
            String pin) {}

    record ReadOnly(
            @JsonProperty(access = JsonProperty.Access.READ_ONLY)
            String pin) {}

    record Ignored(@JsonIgnore String pin) {}

    @JsonIgnoreProperties("pin")
    record IgnoredByName(String pin) {}

    @JsonIgnoreType
    record Pin(String pin) {}

    record Puk(String pin) {}

    record HoldsIgnoredType(Pin pin) {}

    @JsonIncludeProperties("id")
    record Included(String id, String pin) {}

    @JsonInclude(JsonInclude.Include.NON_DEFAULT)
    record NotDefault(@Nullable Integer amount) {}

    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    record NotEmpty(@Nullable List<String> lines) {}

    record Dated(
            @JsonFormat(pattern = "yyyy-MM-dd", timezone = "UTC")
            Instant at) {}

    record Shaped(
            @JsonFormat(shape = JsonFormat.Shape.STRING) Color color) {}

    enum Color {
        @JsonProperty("red")
        RED,
        @JsonProperty("red ")
        DARK_RED;

        @JsonValue
        String shown() {
            return "red";
        }
    }

    enum Alarm {
        RED
    }

    record Valued(String id, String pin) {
        @JsonValue
        String shown() {
            return id;
        }
    }

    record Masked(@JsonSerialize(using = Stars.class) String pin) {}

    static final class Stars extends ValueSerializer<String> {
        @Override
        public void serialize(String value, JsonGenerator generator, SerializationContext context) {
            generator.writeString("****");
        }
    }

    @JsonSerialize(using = ToStringSerializer.class)
    record Opaque(String pin) {
        @Override
        public String toString() {
            return "****";
        }
    }

    @JsonFilter("none")
    record Filtered(String pin) {}

    record Viewed(@JsonView(Viewed.class) String pin) {}

    record Unwrapped(
            @JsonUnwrapped Pin first, @JsonUnwrapped Pin second) {}

    record Identified(
            @JsonIdentityReference(alwaysAsId = true) Named named) {}

    @JsonIdentityInfo(generator = ObjectIdGenerators.PropertyGenerator.class, property = "id")
    record Named(String id, String pin) {}

    static final class Parent {
        private final String pin;

        @JsonManagedReference
        private final List<Child> children = new ArrayList<>();

        Parent(String pin) {
            this.pin = pin;
            children.add(new Child(this));
        }
    }

    record Child(@JsonBackReference Parent parent) {}

    record Raw(@JsonRawValue String pin) {}

    static final class Any {
        private final Map<String, Integer> others;

        Any(Map<String, Integer> others) {
            this.others = others;
        }

        @JsonAnyGetter
        Map<String, Integer> others() {
            return others;
        }
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NONE)
    interface Means {}

    record Cash(String pin) implements Means {}

    record Card(String pin) implements Means {}

    record Typed(Means means) {}

    record Colliding(
            @JsonProperty("a") String b, @JsonProperty("b") String a) {}

    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Snake(String thePin) {}

    @JsonAutoDetect(fieldVisibility = JsonAutoDetect.Visibility.NONE, getterVisibility = JsonAutoDetect.Visibility.NONE)
    static final class Undetected {
        public final String pin;

        Undetected(String pin) {
            this.pin = pin;
        }
    }

    static final class Silent {
        private final String pin;

        Silent(String pin) {
            this.pin = pin;
        }
    }

    static final class Renaming {
        private final String pin;

        Renaming(String pin) {
            this.pin = pin;
        }

        public int getLength() {
            return pin.length();
        }
    }

    static final class Masking {
        private final String pin;

        Masking(String pin) {
            this.pin = pin;
        }

        public String getPin() {
            return pin.charAt(0) + "***";
        }
    }

    record MaskingRecord(String pin) {
        @Override
        public String pin() {
            return pin.charAt(0) + "***";
        }
    }

    static final class Transient {
        private final transient String pin;

        Transient(String pin) {
            this.pin = pin;
        }

        public String getPin() {
            return pin;
        }
    }

    static class Base {
        private final String pin;

        Base(String pin) {
            this.pin = pin;
        }
    }

    static final class Sub extends Base {
        private final String id;

        Sub(String pin, String id) {
            super(pin);
            this.id = id;
        }
    }

    @SuppressWarnings("HidingField")
    static final class Hiding extends Base {
        private final String pin;

        Hiding(String hidden, String pin) {
            super(hidden);
            this.pin = pin;
        }
    }

    static final class Lines extends ArrayList<String> {
        private static final long serialVersionUID = 1L;

        private final String pin;

        Lines(String pin) {
            this.pin = pin;
        }
    }

    static final class Around {
        private final String pin;

        Around(String pin) {
            this.pin = pin;
        }

        final class Within {
            @Override
            public String toString() {
                return pin;
            }
        }
    }

    static final class Derived {
        private static int calls;

        private final String pin;

        Derived(String pin) {
            this.pin = pin;
        }

        public int getCalls() {
            return ++calls;
        }
    }

    record Maybe(@Nullable Optional<String> note) {}

    static final class Counted {
        private static int made;

        private final String pin;

        Counted(String pin) {
            this.pin = pin;
            made++;
        }
    }

    @JsonPropertyOrder({"b", "a"})
    record Ordered(String a, String b) {}
}
