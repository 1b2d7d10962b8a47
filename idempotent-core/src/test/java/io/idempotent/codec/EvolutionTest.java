package io.idempotent.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonTypeName;
import com.fasterxml.jackson.annotation.OptBoolean;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What becomes of an outcome that another version of its class has recorded: the table in {@code docs/outcomes.md}, row
 * by row, and in both directions, since a new version's records are read by the old one too while it is rolled out.
 */
@SuppressWarnings("JavaUtilDate") // Dates are among what applications record.
class EvolutionTest {

    private static final String SECRET = "top-secret-4711";

    private static final Instant AT = Instant.parse("2026-01-02T03:04:05.123456789Z");

    private final JacksonOutcomeCodec codec = JacksonOutcomeCodec.create();

    /** What one version recorded, and what the other reads from it. */
    record Row(
            String name,
            Type before,
            Object value,
            Type now,
            @Nullable Object read) {

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Row> read() {
        Base base = new Base("i");
        return Stream.of(
                row("a member was removed", new BaseAndText("i", "t"), base),
                row("@Nullable was added", base, new WithNullable("i", null)),
                row("@Nullable was removed", new WithNullable("i", "t"), base),
                row("Nullable of the application was added", base, new WithOwnNullable("i", null)),
                row("Optional was added", base, new WithOptional("i", Optional.empty(), OptionalInt.empty())),
                row("required = false was added", base, new WithNotRequired("i", null, 0, null)),
                row("a default of the constructor was added", base, new WithOwnDefault("i", "EUR")),
                row("a default of the constructor was removed", new WithOwnDefault("i", "USD"), base),
                row("a default of a field was added", new Fields("i"), new FieldsAndMore("i")),
                row("int became long", new Int(5), new Long_(5)),
                row("long became int", new Long_(5), new Int(5)),
                row("int became a decimal", new Int(5), new Decimal(new BigDecimal("5"))),
                row("a whole decimal became a long", new Decimal(new BigDecimal("5")), new Long_(5)),
                row("long became BigInteger", new Long_(5), new Big(BigInteger.valueOf(5))),
                row("float became double", new Float_(0.5f), new Floating(0.5)),
                row("text became an enum", new Text("RED"), new Constant(Color.RED)),
                row("an enum became text", new Constant(Color.RED), new Text("RED")),
                row("text became a UUID", new Text(new UUID(1, 2).toString()), new Unique(new UUID(1, 2))),
                row("an Instant became an OffsetDateTime", new At(AT), new Offset(AT.atOffset(ZoneOffset.UTC))),
                row("a value became optional", new Text("t"), new Maybe(Optional.of("t"))),
                row("an optional value became one", new Maybe(Optional.of("t")), new Text("t")),
                row("null became an empty Optional", new Boxed(null), new MaybeInt(Optional.empty())),
                row("int became Integer", new Int(5), new Boxed(5)),
                row("Integer became int", new Boxed(5), new Int(5)),
                row("a list became a set", new Listed(List.of("b", "a")), new Sets(Set.of("a", "b"))),
                row("a set became a list", new Sets(Set.of("a")), new Listed(List.of("a"))),
                row(
                        "HashSet",
                        new Hashed(new HashSet<>(List.of("a", "b", "Aa", "BB"))),
                        new Hashed2(new HashSet<>(List.of("a", "b", "Aa", "BB")), null)),
                row(
                        "a permitted class was renamed, and says its name",
                        new Shape.Round(1),
                        new Figure.Circle(1),
                        Shape.class,
                        Figure.class),
                row(
                        "the inner gained and lost",
                        new Outer(List.of(base), Map.of(SECRET, base)),
                        new OuterNow(
                                List.of(new WithNullable("i", null)), Map.of(SECRET, new WithNullable("i", null)))),
                row("a computed member was added", base, new Computed("i")));
    }

    static Stream<Row> refused() {
        Base base = new Base("i");
        return Stream.of(
                refusal("a member was added", base, BaseAndText.class),
                refusal("a primitive member was added", base, BaseAndInt.class),
                refusal("a boolean member was added", base, BaseAndFlag.class),
                refusal("a field was added", new Fields("i"), FieldsAndText.class),
                refusal("a member with a name of its own was added", base, WithName.class),
                refusal("a default that nobody applies was added", base, WithSaidDefault.class),
                refusal("a required member was added", base, WithRequired.class),
                refusal("a member was renamed", new BaseAndText("i", "t"), BaseAndOther.class),
                refusal("a member was renamed, and may be missing", new BaseAndText("i", "t"), WithNullableOther.class),
                refusal(
                        "one was removed and another added, with a default",
                        new BaseAndText("i", "t"),
                        OwnDefaultOther.class),
                refusal("another class", new Text("t"), Int.class),
                refusal("another class, all of it optional", new Text("t"), AllOptional.class),
                refusal("another class, without members", new Text("t"), Nothing.class),
                refusal("a member of a sealed type became empty", new Shape.Round(1), Empty.class, Shape.class),
                refusal("a sealed type became one of its classes", new Shape.Round(1), Shape.Round.class, Shape.class),
                refusal("a sealed type became an empty class", new Shape.Round(1), Nothing.class, Shape.class),
                refusal("a class became sealed", new Shape.Round(1), Shape.class),
                refusal("a permitted class is gone", new Shape.Angular(4), OnlyRound.class, Shape.class),
                refusal("an Instant became a LocalDateTime", new At(AT), Local.class),
                refusal("a LocalDateTime became an Instant", new Local(LocalDateTime.MAX), At.class),
                refusal("a LocalDate became a LocalDateTime", new Day(LocalDate.EPOCH), Local.class),
                refusal("a LocalDateTime became a LocalDate", new Local(LocalDateTime.MAX), Day.class),
                refusal("an OffsetDateTime became an Instant", new Offset(AT.atOffset(ZoneOffset.MAX)), At.class),
                refusal("a number became a Date", new Long_(5), OldDate.class),
                refusal("a Date became a number", new OldDate(new Date(5)), Long_.class),
                refusal("a number became a Duration", new Long_(5), Lasting.class),
                refusal("a Duration became a number", new Lasting(Duration.ofDays(1)), Long_.class),
                refusal("a number became an Instant", new Long_(5), At.class),
                refusal("an Instant became a number", new At(AT), Long_.class),
                refusal("a number became a LocalDate", new Long_(5), Day.class),
                refusal("a decimal became floating", new Decimal(new BigDecimal("12.5")), Floating.class),
                refusal("a whole decimal became floating", new Decimal(new BigDecimal("12")), Floating.class),
                refusal("a tiny decimal became floating", new Decimal(new BigDecimal("1.0E-7")), Floating.class),
                refusal("floating became a decimal", new Floating(12.5), Decimal.class),
                refusal("floating became whole", new Floating(12), Long_.class),
                refusal("decimals became floating", new Decimals(new BigDecimal[] {BigDecimal.ONE}), Floatings.class),
                refusal("floating became decimals", new Floatings(new double[] {1}), Decimals.class),
                refusal("a fraction became whole", new Decimal(new BigDecimal("12.5")), Int.class),
                refusal("a long became too small an int", new Long_(Long.MAX_VALUE), Int.class),
                refusal("null became primitive", new Boxed(null), Int.class),
                refusal("null became a flag", new BoxedFlag(null), Flag.class),
                refusal("text became bytes", new Text("abcd"), Bytes.class),
                refusal("bytes became text", new Bytes(new byte[] {1}), Text.class),
                refusal("text became a buffer", new Text("abcd"), Buffer.class),
                refusal("text became a number", new Text("5"), Int.class),
                refusal("a number became text", new Int(5), Text.class),
                refusal("a flag became a number", new Flag(true), Int.class),
                refusal("a number became a flag", new Int(1), Flag.class),
                refusal("an enum constant is gone", new Constant(Color.GREEN), Constant2.class),
                refusal("an ordinal became a constant", new Int(0), Constant.class),
                refusal("a value became a list", new Text("t"), Listed.class),
                refusal("a list became a value", new Listed(List.of("t")), Text.class),
                refusal("a list with duplicates became a set", new Listed(List.of("a", "a")), Sets.class),
                refusal("inside of a list", new Outer(List.of(base), Map.of()), OuterBroken.class),
                refusal("inside of a map", new Outer(List.of(), Map.of(SECRET, base)), OuterBroken.class));
    }

    @ParameterizedTest
    @MethodSource("read")
    void isRead(Row row) {
        RecordedOutcome recorded = recorded(row);

        Object read = ((Outcome.Value) codec.decode(recorded, OutcomeType.of(row.now()))).value();

        assertThat(read).isEqualTo(row.read());
    }

    @ParameterizedTest
    @MethodSource("refused")
    void isRefused(Row row) {
        RecordedOutcome recorded = recorded(row);

        assertThatThrownBy(() -> codec.decode(recorded, OutcomeType.of(row.now())))
                .isInstanceOf(OutcomeCodecException.class)
                .hasNoCause()
                .hasMessageNotContaining(SECRET);
    }

    @ParameterizedTest
    @MethodSource({"read", "refused"})
    void itsOwnVersionReadsIt(Row row) {
        assertThat(((Outcome.Value) codec.decode(recorded(row), OutcomeType.of(row.before()))).value())
                .usingRecursiveComparison()
                .isEqualTo(row.value());
    }

    @Test
    void whatIsMissingAndWhereIsSaid() {
        RecordedOutcome recorded = codec.encode(
                new Outcome.Value(new Outer(List.of(new Base(SECRET)), Map.of())), OutcomeType.of(Outer.class));

        assertThatThrownBy(() -> codec.decode(recorded, OutcomeType.of(OuterBroken.class)))
                .hasMessageContaining(OuterBroken.class.getName())
                .hasMessageContaining("property 'list'")
                .hasMessageContaining("'text'")
                .hasMessageNotContaining(SECRET);
    }

    @Test
    void theTopmostTypeIsComparedToo() {
        RecordedOutcome decimal =
                codec.encode(new Outcome.Value(new BigDecimal("1.5")), OutcomeType.of(BigDecimal.class));

        assertThat(codec.decode(decimal, OutcomeType.of(BigDecimal.class)))
                .isEqualTo(new Outcome.Value(new BigDecimal("1.5")));
        assertThatThrownBy(() -> codec.decode(decimal, OutcomeType.of(double.class)))
                .isInstanceOf(OutcomeCodecException.class);
    }

    /** As many texts in another order as there may be. */
    @Test
    void aLargeSetIsReadInWhateverOrderItIs() {
        Set<String> texts =
                IntStream.range(0, 20_000).mapToObj(index -> "text " + index).collect(Collectors.toSet());
        RecordedOutcome recorded = codec.encode(
                new Outcome.Value(new Listed(new ArrayList<>(texts))), new OutcomeType(Listed.class, List.of()));
        assertThat(codec.decode(recorded, new OutcomeType(Sorted.class, List.of())))
                .isEqualTo(new Outcome.Value(new Sorted(new TreeSet<>(texts))));
    }

    record Sorted(SortedSet<String> value) {}

    record Rows(List<List<Text>> rows) {}

    record Ordered(UUID value) implements Comparable<Ordered> {

        @Override
        public int compareTo(Ordered other) {
            return value.compareTo(other.value);
        }
    }

    record SortedRows(List<SortedSet<Ordered>> rows) {}

    /** Every element of a set might be any other, and every set too: that is not tried for ever. */
    @Test
    void setsOfSetsThatDifferAreRefusedSoon() {
        List<Text> row = new ArrayList<>();
        IntStream.range(0, 450).forEach(index -> row.add(new Text(new UUID(1, 450 - index).toString())));
        row.add(new Text(new UUID(-1, 0).toString().toUpperCase(Locale.ROOT)));
        RecordedOutcome recorded = codec.encode(
                new Outcome.Value(new Rows(Collections.nCopies(450, row))), new OutcomeType(Rows.class, List.of()));
        assertTimeoutPreemptively(
                Duration.ofSeconds(20),
                () -> assertThatThrownBy(() -> codec.decode(recorded, new OutcomeType(SortedRows.class, List.of())))
                        .isInstanceOf(OutcomeCodecException.class)
                        .hasMessageContaining("another meaning"));
    }

    @Test
    void whatTheFirstVersionOfTheFormHasRecordedIsComparedToo() {
        RecordedOutcome recorded = new RecordedOutcome.Encoded(
                RecordedOutcome.Encoded.Kind.VALUE, "1{\"id\":\"i\"}".getBytes(StandardCharsets.UTF_8));

        assertThat(codec.decode(recorded, OutcomeType.of(WithNullable.class)))
                .isEqualTo(new Outcome.Value(new WithNullable("i", null)));
        assertThatThrownBy(() -> codec.decode(recorded, OutcomeType.of(BaseAndText.class)))
                .isInstanceOf(OutcomeCodecException.class);
    }

    private RecordedOutcome recorded(Row row) {
        RecordedOutcome recorded = codec.encode(new Outcome.Value(row.value()), OutcomeType.of(row.before()));
        assertThat(recorded).isInstanceOf(RecordedOutcome.Encoded.class);
        return recorded;
    }

    private static Row row(String name, Object value, Object read) {
        return new Row(name, value.getClass(), value, read.getClass(), read);
    }

    private static Row row(String name, Object value, Object read, Type before, Type now) {
        return new Row(name, before, value, now, read);
    }

    private static Row refusal(String name, Object value, Type now) {
        return new Row(name, value.getClass(), value, now, null);
    }

    private static Row refusal(String name, Object value, Type now, Type before) {
        return new Row(name, before, value, now, null);
    }

    record Base(String id) {}

    record BaseAndText(String id, String text) {}

    record BaseAndOther(String id, String other) {}

    record BaseAndInt(String id, int count) {}

    record BaseAndFlag(String id, boolean flag) {}

    record WithNullable(String id, @Nullable String text) {}

    record WithNullableOther(String id, @Nullable String other) {}

    record WithOwnNullable(String id, @Own.Nullable String text) {}

    /** Holds an annotation of the application's. */
    static final class Own {

        @Retention(RetentionPolicy.RUNTIME)
        @interface Nullable {}
    }

    record WithOptional(String id, Optional<String> text, OptionalInt count) {}

    record WithNotRequired(
            String id,
            @JsonProperty(required = false) @Nullable String text,
            @JsonProperty(required = false) int count,

            @JsonProperty(value = "n", isRequired = OptBoolean.FALSE) @Nullable
            String named) {}

    record WithName(String id, @JsonProperty("a_text") String text) {}

    record WithRequired(
            String id, @JsonProperty(required = true) String text) {}

    record WithSaidDefault(
            String id, @JsonProperty(defaultValue = "EUR") String currency) {}

    record WithOwnDefault(String id, String currency) {

        WithOwnDefault {
            currency = Objects.requireNonNullElse(currency, "EUR");
        }
    }

    record OwnDefaultOther(String id, String currency) {

        OwnDefaultOther {
            currency = Objects.requireNonNullElse(currency, "EUR");
        }
    }

    static class Fields {

        final String id;

        Fields() {
            this("");
        }

        Fields(String id) {
            this.id = id;
        }

        @Override
        public final boolean equals(@Nullable Object other) {
            return other instanceof Fields fields && told().equals(fields.told());
        }

        @Override
        public final int hashCode() {
            return id.hashCode();
        }

        String told() {
            return id;
        }
    }

    static final class FieldsAndMore extends Fields {

        private final List<String> more = new ArrayList<>();

        private final String currency = String.valueOf("EUR");

        FieldsAndMore() {}

        FieldsAndMore(String id) {
            super(id);
        }

        @Override
        String told() {
            return id + more + currency;
        }
    }

    static final class FieldsAndText extends Fields {

        @SuppressWarnings("unused") // What counts is that it is there.
        private String text;
    }

    record Computed(String id) {

        @JsonProperty("length")
        int length() {
            return id.length();
        }

        @JsonIgnore
        int ignored() {
            return 1;
        }

        @JsonCreator
        static Computed of(@JsonProperty("id") String id) {
            return new Computed(id);
        }
    }

    record AllOptional(@Nullable String one, Optional<String> two) {}

    record Nothing() {}

    record Int(int value) {}

    record Long_(long value) {}

    record Boxed(@Nullable Integer value) {}

    record MaybeInt(Optional<Integer> value) {}

    record Flag(boolean value) {}

    record BoxedFlag(@Nullable Boolean value) {}

    record Decimal(BigDecimal value) {}

    record Big(BigInteger value) {}

    record Floating(double value) {}

    record Float_(float value) {}

    record Decimals(
            @SuppressWarnings("ArrayRecordComponent") BigDecimal[] value) {}

    record Floatings(
            @SuppressWarnings("ArrayRecordComponent") double[] value) {}

    record Text(String value) {}

    record Maybe(Optional<String> value) {}

    record Bytes(@SuppressWarnings("ArrayRecordComponent") byte[] value) {}

    record Buffer(ByteBuffer value) {}

    record Unique(UUID value) {}

    record At(Instant value) {}

    record Local(LocalDateTime value) {}

    record Day(LocalDate value) {}

    record Offset(OffsetDateTime value) {}

    record OldDate(Date value) {}

    record Lasting(Duration value) {}

    record Listed(List<String> value) {}

    record Sets(Set<String> value) {}

    record Hashed(HashSet<String> value) {}

    record Hashed2(HashSet<String> value, @Nullable String more) {}

    enum Color {
        RED,
        GREEN
    }

    enum Color2 {
        RED
    }

    record Constant(Color value) {}

    record Constant2(Color2 value) {}

    record Outer(List<Base> list, Map<String, Base> map) {}

    record OuterNow(List<WithNullable> list, Map<String, WithNullable> map) {}

    record OuterBroken(List<BaseAndText> list, Map<String, BaseAndText> map) {}

    sealed interface Shape {

        @JsonTypeName("round")
        record Round(int radius) implements Shape {}

        record Angular(int corners) implements Shape {}
    }

    sealed interface Figure {

        @JsonTypeName("round")
        record Circle(int radius) implements Figure {}
    }

    sealed interface OnlyRound {

        @JsonTypeName("round")
        record Round(int radius) implements OnlyRound {}
    }

    sealed interface Empty {

        @JsonTypeName("round")
        record Round() implements Empty {}
    }
}
