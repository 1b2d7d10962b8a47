package io.idempotent.codec;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonTypeName;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Month;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.Collections;
import java.util.Currency;
import java.util.Date;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;

/** Values of the types that operations return, for {@link OutcomeFidelityContract} and whoever else needs them. */
public final class OutcomeExamples {

    /** What {@link Bomb} did. */
    static final List<String> EXPLOSIONS = new CopyOnWriteArrayList<>();

    private OutcomeExamples() {}

    /**
     * A value that an operation returns.
     *
     * @param type the type that the operation declares
     * @param value the value
     */
    public record Example(Type type, @Nullable Object value) {

        @Override
        public String toString() {
            String text = value instanceof Object[] array ? Arrays.deepToString(array) : String.valueOf(value);
            return type.getTypeName() + ": " + text.replaceAll("\\p{Cntrl}|\\p{Cs}", "?");
        }
    }

    /** A type with a value of it for each kind that has to survive. */
    public static Stream<Example> all() {
        return Stream.of(
                        nothing(),
                        scalars(),
                        numbers(),
                        dates(),
                        optionals(),
                        collections(),
                        arrays(),
                        beans(),
                        sealedTypes())
                .flatMap(examples -> examples);
    }

    private static Stream<Example> nothing() {
        return Stream.of(
                new Example(void.class, null),
                new Example(Void.class, null),
                new Example(String.class, null),
                new Example(Integer.class, null),
                example(new TypeReference<Optional<String>>() {}, null),
                example(new TypeReference<List<String>>() {}, null));
    }

    private static Stream<Example> scalars() {
        return Stream.of(
                new Example(boolean.class, false),
                new Example(boolean.class, true),
                new Example(Boolean.class, false),
                new Example(char.class, 'é'),
                new Example(char.class, '\0'),
                new Example(String.class, ""),
                new Example(String.class, "null"),
                new Example(String.class, "\"quoted\" \\ \u0000\u001f\u007f\u2028 é € 😀"),
                new Example(String.class, "unpaired \ud83d and \ude00 surrogates\ud83d"),
                new Example(UUID.class, new UUID(1, 2)),
                new Example(Color.class, Color.RED),
                new Example(Color.class, Color.GREEN),
                new Example(Currency.class, Currency.getInstance("EUR")),
                new Example(Locale.class, Locale.GERMANY),
                new Example(URI.class, URI.create("https://example.org/a?b=c")));
    }

    private static Stream<Example> numbers() {
        return Stream.of(
                new Example(int.class, 0),
                new Example(Integer.class, 0),
                new Example(int.class, Integer.MIN_VALUE),
                new Example(long.class, Long.MAX_VALUE),
                new Example(short.class, (short) -1),
                new Example(byte.class, (byte) -128),
                new Example(double.class, 0.1),
                new Example(double.class, -0.0),
                new Example(double.class, Double.MIN_VALUE),
                new Example(double.class, Double.MAX_VALUE),
                new Example(double.class, 2.0E-3),
                new Example(double.class, Double.NaN),
                new Example(Double.class, Double.POSITIVE_INFINITY),
                new Example(double.class, Double.NEGATIVE_INFINITY),
                new Example(float.class, Float.NaN),
                new Example(float.class, Float.NEGATIVE_INFINITY),
                new Example(float.class, 0.1f),
                new Example(float.class, Float.MIN_VALUE),
                new Example(BigDecimal.class, new BigDecimal("12.50")),
                new Example(BigDecimal.class, new BigDecimal("0.00")),
                new Example(BigDecimal.class, new BigDecimal("1E+10")),
                new Example(BigDecimal.class, new BigDecimal("1E-400")),
                new Example(BigDecimal.class, new BigDecimal("-123456789012345678901234567890.123456789012345678900")),
                new Example(BigInteger.class, BigInteger.TWO.pow(4_000).negate()));
    }

    @SuppressWarnings("JavaUtilDate") // Applications have it, and so it has to survive.
    private static Stream<Example> dates() {
        LocalDateTime local = LocalDateTime.of(2026, 10, 25, 2, 30, 0, 123_456_789);
        return Stream.of(
                new Example(Instant.class, Instant.parse("2026-02-28T23:59:59.123456789Z")),
                new Example(Instant.class, Instant.EPOCH.minusNanos(1)),
                new Example(OffsetDateTime.class, OffsetDateTime.of(local, ZoneOffset.ofHoursMinutes(5, 30))),
                new Example(OffsetDateTime.class, OffsetDateTime.of(local, ZoneOffset.UTC)),
                new Example(ZonedDateTime.class, ZonedDateTime.of(local, ZoneId.of("UTC"))),
                new Example(ZonedDateTime.class, ZonedDateTime.of(local, ZoneOffset.UTC)),
                // In the hour that there is twice: both of them.
                new Example(
                        ZonedDateTime.class,
                        ZonedDateTime.of(local, ZoneId.of("Europe/Paris")).withEarlierOffsetAtOverlap()),
                new Example(
                        ZonedDateTime.class,
                        ZonedDateTime.of(local, ZoneId.of("Europe/Paris")).withLaterOffsetAtOverlap()),
                new Example(LocalDate.class, LocalDate.of(-1, 1, 1)),
                new Example(LocalDateTime.class, local),
                new Example(LocalTime.class, LocalTime.of(0, 0)),
                new Example(LocalTime.class, local.toLocalTime()),
                new Example(OffsetTime.class, OffsetTime.of(LocalTime.NOON, ZoneOffset.ofHours(-3))),
                new Example(Duration.class, Duration.ofSeconds(-1, 1)),
                new Example(Duration.class, Duration.ZERO),
                new Example(Period.class, Period.of(1, -2, 3)),
                new Example(Year.class, Year.of(2026)),
                new Example(YearMonth.class, YearMonth.of(2026, 2)),
                new Example(MonthDay.class, MonthDay.of(2, 29)),
                new Example(Month.class, Month.JANUARY),
                new Example(DayOfWeek.class, DayOfWeek.SUNDAY),
                new Example(ZoneId.class, ZoneId.of("Europe/Paris")),
                new Example(ZoneOffset.class, ZoneOffset.ofHours(2)),
                new Example(Date.class, new Date(1_234_567_890_123L)));
    }

    private static Stream<Example> optionals() {
        return Stream.of(
                example(new TypeReference<Optional<String>>() {}, Optional.empty()),
                example(new TypeReference<Optional<String>>() {}, Optional.of("")),
                example(new TypeReference<Optional<BigDecimal>>() {}, Optional.of(new BigDecimal("1.0"))),
                example(new TypeReference<Optional<List<Foo>>>() {}, Optional.of(List.of(foo("a")))),
                example(new TypeReference<Optional<Payment>>() {}, Optional.of(new Payment.Cash())),
                new Example(OptionalInt.class, OptionalInt.empty()),
                new Example(OptionalInt.class, OptionalInt.of(0)),
                new Example(OptionalLong.class, OptionalLong.of(Long.MIN_VALUE)),
                new Example(OptionalDouble.class, OptionalDouble.of(0.1)),
                new Example(OptionalDouble.class, OptionalDouble.empty()));
    }

    private static Stream<Example> collections() {
        Map<String, @Nullable Foo> withNull = new LinkedHashMap<>();
        withNull.put("b", foo("1"));
        withNull.put("a", null);
        return Stream.of(
                example(new TypeReference<List<Map<String, Foo>>>() {}, List.of(withNull, Map.of())),
                example(new TypeReference<List<String>>() {}, List.of()),
                example(new TypeReference<List<String>>() {}, Arrays.asList("a", null)),
                example(new TypeReference<Set<Long>>() {}, Set.of(3L, 1L, 2L)),
                example(new TypeReference<Map<Color, BigDecimal>>() {}, Map.of(Color.RED, new BigDecimal("1.10"))),
                example(
                        new TypeReference<EnumMap<Color, Integer>>() {},
                        new EnumMap<>(Collections.singletonMap(Color.RED, 1))),
                example(new TypeReference<TreeMap<Integer, String>>() {}, new TreeMap<>(Map.of(10, "a", 9, "b"))),
                example(
                        new TypeReference<Map<LocalDate, List<Optional<Integer>>>>() {},
                        Map.of(LocalDate.EPOCH, List.of(Optional.of(1), Optional.empty()))),
                example(new TypeReference<Map<UUID, Double>>() {}, Map.of(new UUID(1, 2), Double.NaN)));
    }

    private static Stream<Example> arrays() {
        return Stream.of(
                new Example(byte[].class, new byte[] {0, -1, 127, -128, 1}),
                new Example(byte[].class, new byte[0]),
                new Example(int[].class, new int[] {1, 0, -1}),
                new Example(double[].class, new double[] {0.1, Double.NaN}),
                new Example(char[].class, new char[] {'a', '\n'}),
                new Example(String[].class, new String[] {"a", null}),
                new Example(BigDecimal[].class, new BigDecimal[] {new BigDecimal("1.00")}),
                new Example(Foo[][].class, new Foo[][] {{foo("a")}, {}}),
                example(new TypeReference<List<Foo>[]>() {}, new List<?>[] {List.of(foo("a")), List.of()}));
    }

    private static Stream<Example> beans() {
        Bean bean = new Bean();
        bean.setName("x");
        bean.setAmount(new BigDecimal("1.20"));
        return Stream.of(
                new Example(Foo.class, foo("a")),
                new Example(Nothing.class, new Nothing()),
                new Example(Bean.class, bean),
                example(new TypeReference<Box<Foo>>() {}, new Box<>(foo("a"), List.of(foo("b")))),
                example(
                        new TypeReference<Box<Box<BigDecimal>>>() {},
                        new Box<>(new Box<>(new BigDecimal("1.0"), List.of()), List.of())),
                example(new TypeReference<Box<Optional<Payment>>>() {}, new Box<>(Optional.of(card()), List.of())),
                new Example(Node.class, new Node("root", List.of(new Node("leaf", List.of())))));
    }

    private static Stream<Example> sealedTypes() {
        return Stream.of(
                new Example(Payment.class, card()),
                new Example(Payment.class, new Payment.Cash()),
                new Example(Payment.class, new Payment.Voucher.Paper("v", Color.GREEN)),
                new Example(Payment.class, Payment.Other.INVOICE),
                new Example(Payment.Card.class, card()),
                new Example(Payment.Voucher.class, new Payment.Voucher.Electronic(new BigDecimal("5.00"))),
                example(new TypeReference<List<Payment>>() {}, List.of(card(), new Payment.Cash())),
                example(new TypeReference<Map<String, Payment>>() {}, Map.of("a", card())),
                example(new TypeReference<Box<Payment>>() {}, new Box<>(card(), List.of(new Payment.Cash()))),
                new Example(Animal.class, new Animal.Dog(new BigDecimal("1.50"))),
                new Example(Deduced.class, new Deduced.Right(new BigDecimal("1.50"), "r")),
                example(new TypeReference<List<Animal>>() {}, List.of(new Animal.Cat(9))),
                new Example(Shape.class, new Shape("plain")),
                new Example(Shape.class, new Shape.Square("square", 2)));
    }

    private static Example example(TypeReference<?> type, @Nullable Object value) {
        return new Example(type.getType(), value);
    }

    private static Foo foo(String name) {
        return new Foo(name, new BigDecimal("12.50"), Instant.EPOCH, new byte[] {1, 2}, Color.GREEN, null);
    }

    private static Payment card() {
        return new Payment.Card("4711", new BigDecimal("10.00"));
    }

    enum Color {
        RED {
            @Override
            boolean isWarm() {
                return true;
            }
        },
        GREEN;

        boolean isWarm() {
            return false;
        }

        // Not what it is recorded by.
        @Override
        public String toString() {
            return "some color";
        }
    }

    record Foo(
            String name,
            BigDecimal amount,
            Instant at,
            @SuppressWarnings("ArrayRecordComponent") byte[] bytes,
            Color color,
            @Nullable String absent) {

        public boolean isExpensive() {
            if (name.isEmpty()) {
                return false;
            }
            throw new UnsupportedOperationException("not a component");
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Foo foo
                    && name.equals(foo.name)
                    && amount.equals(foo.amount)
                    && at.equals(foo.at)
                    && Arrays.equals(bytes, foo.bytes)
                    && color == foo.color
                    && Objects.equals(absent, foo.absent);
        }

        @Override
        public int hashCode() {
            return name.hashCode();
        }
    }

    record Box<T>(T content, List<T> more) {}

    record Node(String name, List<Node> children) {}

    record Nothing() {}

    static final class Bean {

        private @Nullable String name;

        private @Nullable BigDecimal amount;

        public @Nullable String getName() {
            return name;
        }

        public void setName(@Nullable String name) {
            this.name = name;
        }

        public @Nullable BigDecimal getAmount() {
            return amount;
        }

        public void setAmount(@Nullable BigDecimal amount) {
            this.amount = amount;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Bean bean && Objects.equals(name, bean.name) && Objects.equals(amount, bean.amount);
        }

        @Override
        public int hashCode() {
            return Objects.hash(name, amount);
        }
    }

    /** Sealed, and without annotations. */
    sealed interface Payment {

        record Card(String type, BigDecimal limit) implements Payment {}

        record Cash() implements Payment {}

        enum Other implements Payment {
            INVOICE
        }

        sealed interface Voucher extends Payment {

            record Paper(String code, Color color) implements Voucher {}

            @JsonTypeName("e-voucher")
            record Electronic(BigDecimal amount) implements Voucher {}
        }
    }

    /** Sealed, with the type information that Jackson asks for. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    sealed interface Animal {

        record Dog(BigDecimal weight) implements Animal {}

        record Cat(int lives) implements Animal {}
    }

    /** Read to a buffer first. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.DEDUCTION)
    sealed interface Deduced {

        record Left(BigDecimal amount, String left) implements Deduced {}

        record Right(BigDecimal amount, String right) implements Deduced {}
    }

    /** Sealed, and not abstract. */
    static sealed class Shape {

        private final String name;

        Shape(@JsonProperty("name") String name) {
            this.name = name;
        }

        public String getName() {
            return name;
        }

        @Override
        @SuppressWarnings("EqualsGetClass") // A square is not its shape.
        public boolean equals(@Nullable Object other) {
            return other != null && other.getClass() == getClass() && ((Shape) other).name.equals(name);
        }

        @Override
        public int hashCode() {
            return name.hashCode();
        }

        static final class Square extends Shape {

            private final int side;

            Square(@JsonProperty("name") String name, @JsonProperty("side") int side) {
                super(name);
                this.side = side;
            }

            public int getSide() {
                return side;
            }

            @Override
            public boolean equals(@Nullable Object other) {
                return super.equals(other) && ((Square) other).side == side;
            }

            @Override
            public int hashCode() {
                return super.hashCode() + side;
            }
        }
    }

    record Before(String id, String lost, BigDecimal amount) {}

    record Lost(String id, BigDecimal amount) {}

    record Gained(
            String id,
            String lost,
            BigDecimal amount,
            @Nullable String gained) {}

    record Changed(List<String> id, BigDecimal amount) {}

    record Throwing(String text) {

        @Override
        public String text() {
            throw new IllegalStateException("cannot tell " + text);
        }
    }

    /** A failure that an operation declares final. */
    static final class Refused extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    /** Tells when it is made. */
    public static final class Bomb {

        static {
            EXPLOSIONS.add("loaded");
        }

        /** Explodes. */
        public Bomb() {
            EXPLOSIONS.add("made");
        }
    }
}
