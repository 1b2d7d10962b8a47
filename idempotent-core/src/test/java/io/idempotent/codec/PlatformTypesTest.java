package io.idempotent.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import java.io.File;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.IntBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Time;
import java.sql.Timestamp;
import java.time.Clock;
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
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.chrono.HijrahDate;
import java.time.chrono.JapaneseDate;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.AbstractList;
import java.util.AbstractMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.BitSet;
import java.util.Calendar;
import java.util.Collection;
import java.util.Comparator;
import java.util.Currency;
import java.util.Date;
import java.util.Deque;
import java.util.DoubleSummaryStatistics;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.GregorianCalendar;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Hashtable;
import java.util.IdentityHashMap;
import java.util.IntSummaryStatistics;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.PriorityQueue;
import java.util.Properties;
import java.util.Queue;
import java.util.Random;
import java.util.Scanner;
import java.util.Set;
import java.util.SimpleTimeZone;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.Stack;
import java.util.StringJoiner;
import java.util.StringTokenizer;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.Vector;
import java.util.WeakHashMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Values of the platform's types, and what becomes of each: none comes back as something else. */
@SuppressWarnings("UnnecessaryStringBuilder") // It is one of the types.
class PlatformTypesTest {

    /** What is to become of a value: it comes back, it cannot be replayed, or its type is refused at startup. */
    private enum Fate {
        KEPT,
        NOT_REPLAYABLE,
        REFUSED
    }

    private record Example(Fate fate, Type type, Object value) {

        @Override
        public String toString() {
            return type.getTypeName() + ": " + fate;
        }
    }

    private enum Color {
        RED
    }

    private record Point(int x, int y) {}

    private final JacksonOutcomeCodec codec = JacksonOutcomeCodec.create();

    @ParameterizedTest
    @MethodSource("examples")
    void aValueComesBackAsItWasOrIsRefused(Example example) {
        OutcomeType type = OutcomeType.of(example.type());
        if (example.fate() == Fate.REFUSED) {
            assertThatThrownBy(() -> codec.check(type)).isInstanceOf(IdempotencyConfigurationException.class);
            return;
        }
        codec.check(type);
        RecordedOutcome recorded = codec.encode(new Outcome.Value(example.value()), type);
        if (example.fate() == Fate.NOT_REPLAYABLE) {
            assertThat(recorded).isInstanceOf(RecordedOutcome.NotReplayable.class);
            return;
        }
        assertThat(recorded).isInstanceOf(RecordedOutcome.Encoded.class);
        Object replayed = Objects.requireNonNull(((Outcome.Value) codec.decode(recorded, type)).value());
        assertThat(isSame(replayed, example.value())).isTrue();
    }

    /** Not as the codec tells it: by equals, or by what is to be seen of values that have none. */
    private static boolean isSame(Object replayed, Object value) {
        return Objects.deepEquals(replayed, value)
                || ((replayed.getClass() == value.getClass() || value instanceof Collection)
                        && withoutIdentity(replayed).equals(withoutIdentity(value)));
    }

    private static String withoutIdentity(Object value) {
        return value instanceof Pattern pattern
                ? pattern + " " + pattern.flags()
                : value.toString().replaceAll("@[0-9a-f]+", "");
    }

    private static Example kept(Type type, Object value) {
        return new Example(Fate.KEPT, type, value);
    }

    private static Example kept(TypeReference<?> type, Object value) {
        return kept(type.getType(), value);
    }

    private static Example lost(Type type, Object value) {
        return new Example(Fate.NOT_REPLAYABLE, type, value);
    }

    private static Example lost(TypeReference<?> type, Object value) {
        return lost(type.getType(), value);
    }

    private static Example refused(Type type, Object value) {
        return new Example(Fate.REFUSED, type, value);
    }

    private static Example refused(TypeReference<?> type, Object value) {
        return refused(type.getType(), value);
    }

    @SuppressWarnings({"JavaUtilDate", "JdkObsolete", "deprecation"}) // Applications have them.
    static Stream<Example> examples() throws Exception {
        List<Example> rows = new ArrayList<>();
        TreeSet<String> reversed = new TreeSet<>(Comparator.reverseOrder());
        reversed.addAll(List.of("a", "b"));
        TreeMap<String, Integer> insensitive = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        insensitive.put("a", 1);
        Calendar berlin = new GregorianCalendar(TimeZone.getTimeZone("Europe/Berlin"), Locale.ROOT);
        berlin.setTimeInMillis(1234567890123L);
        Calendar utc = new GregorianCalendar(TimeZone.getTimeZone("UTC"), Locale.ROOT);
        utc.setTimeInMillis(1234567890123L);
        Timestamp micros = Timestamp.from(Instant.parse("2026-01-02T03:04:05.123456789Z"));
        IdentityHashMap<String, Integer> identity = new IdentityHashMap<>();
        identity.put(new String("a"), 1);
        Properties defaults = new Properties();
        defaults.setProperty("a", "b");
        Properties props = new Properties(defaults);
        props.setProperty("c", "d");
        Properties plainProps = new Properties();
        plainProps.setProperty("c", "d");
        BitSet bits = new BitSet();
        bits.set(3);
        StringJoiner joiner = new StringJoiner(",");
        joiner.add("a");
        LongAdder adder = new LongAdder();
        adder.add(5);
        DoubleAdder dadder = new DoubleAdder();
        dadder.add(1.5);
        rows.addAll(List.of(
                kept(Timestamp.class, micros),
                lost(Date.class, micros),
                lost(new TypeReference<List<Date>>() {}, List.<Date>of(micros)),
                kept(java.sql.Date.class, java.sql.Date.valueOf("2026-01-02")),
                kept(java.sql.Date.class, new java.sql.Date(1234567890123L)),
                kept(Time.class, Time.valueOf("10:11:12")),
                lost(Time.class, new Time(1234567890123L)),
                kept(Date.class, new Date(-1)),
                kept(Date.class, new Date(Long.MIN_VALUE)),
                kept(Date.class, new Date(Long.MAX_VALUE)),
                kept(Timestamp.class, new Timestamp(Long.MAX_VALUE)),
                kept(Pattern.class, Pattern.compile("a+")),
                lost(Pattern.class, Pattern.compile("a+", Pattern.CASE_INSENSITIVE)),
                lost(Calendar.class, berlin),
                lost(GregorianCalendar.class, berlin),
                kept(Calendar.class, utc),
                kept(Path.class, Path.of("a/b")),
                kept(Path.class, Path.of("/a/b")),
                kept(File.class, new File("a/b")),
                kept(File.class, new File("/a/b")),
                kept(URI.class, URI.create("a+b")),
                kept(URL.class, URI.create("http://example.org/a?b").toURL()),
                kept(InetAddress.class, InetAddress.getByAddress(new byte[] {10, 0, 0, 1})),
                kept(InetAddress.class, InetAddress.getByAddress("host.example", new byte[] {10, 0, 0, 1})),
                lost(
                        InetSocketAddress.class,
                        new InetSocketAddress(InetAddress.getByAddress(new byte[] {10, 0, 0, 1}), 80)),
                kept(InetSocketAddress.class, InetSocketAddress.createUnresolved("h.example", 80)),
                kept(Charset.class, StandardCharsets.UTF_16),
                kept(TimeZone.class, TimeZone.getTimeZone("Europe/Berlin")),
                lost(TimeZone.class, new SimpleTimeZone(3600000, "X")),
                kept(Locale.class, Locale.forLanguageTag("zh-Hant-TW")),
                kept(Locale.class, Locale.forLanguageTag("de-DE-u-co-phonebk")),
                kept(Locale.class, Locale.ROOT),
                lost(Locale.class, new Locale("no", "NO", "NY")),
                kept(Currency.class, Currency.getInstance("JPY")),
                kept(UUID.class, new UUID(1, 2)),
                refused(BitSet.class, bits),
                refused(Optional.class, Optional.of("x")),
                kept(OptionalInt.class, OptionalInt.of(1)),
                kept(AtomicInteger.class, new AtomicInteger(3)),
                kept(AtomicLong.class, new AtomicLong(3)),
                kept(AtomicBoolean.class, new AtomicBoolean(true)),
                kept(new TypeReference<AtomicReference<String>>() {}, new AtomicReference<>("x")),
                refused(AtomicIntegerArray.class, new AtomicIntegerArray(new int[] {1})),
                refused(LongAdder.class, adder),
                refused(DoubleAdder.class, dadder),
                kept(StringBuilder.class, new StringBuilder("x")),
                kept(StringBuffer.class, new StringBuffer("x")),
                kept(CharSequence.class, "x"),
                lost(CharSequence.class, new StringBuilder("x")),
                refused(CharBuffer.class, CharBuffer.wrap("x")),
                refused(StringJoiner.class, joiner),
                kept(ByteBuffer.class, ByteBuffer.wrap(new byte[] {1, 2, -1})),
                kept(ByteBuffer.class, ByteBuffer.wrap(new byte[] {1, 2, -1}, 1, 2)),
                refused(IntBuffer.class, IntBuffer.wrap(new int[] {1}))));
        rows.addAll(List.of(
                lost(new TypeReference<SortedSet<String>>() {}, reversed),
                lost(new TypeReference<TreeSet<String>>() {}, reversed),
                lost(new TypeReference<Set<String>>() {}, reversed),
                kept(new TypeReference<TreeSet<String>>() {}, new TreeSet<>(Set.of("a", "b"))),
                kept(new TypeReference<NavigableSet<String>>() {}, new TreeSet<>(Set.of("a", "b"))),
                lost(new TypeReference<TreeMap<String, Integer>>() {}, insensitive),
                lost(new TypeReference<Map<String, Integer>>() {}, insensitive),
                kept(new TypeReference<NavigableMap<String, Integer>>() {}, new TreeMap<>(Map.of("a", 1))),
                kept(new TypeReference<SortedMap<String, Integer>>() {}, new TreeMap<>(Map.of("a", 1))),
                kept(new TypeReference<ConcurrentMap<String, Integer>>() {}, new ConcurrentHashMap<>(Map.of("a", 1))),
                kept(
                        new TypeReference<ConcurrentSkipListMap<String, Integer>>() {},
                        new ConcurrentSkipListMap<>(Map.of("a", 1))),
                kept(new TypeReference<HashSet<String>>() {}, new HashSet<>(List.of("b", "a", "Aa", "BB"))),
                kept(new TypeReference<LinkedHashSet<String>>() {}, new LinkedHashSet<>(List.of("b", "a"))),
                kept(new TypeReference<HashMap<String, Integer>>() {}, new HashMap<>(Map.of("a", 1))),
                kept(new TypeReference<Hashtable<String, Integer>>() {}, new Hashtable<>(Map.of("a", 1))),
                lost(new TypeReference<IdentityHashMap<String, Integer>>() {}, identity),
                kept(new TypeReference<WeakHashMap<String, Integer>>() {}, new WeakHashMap<>(Map.of("a", 1))),
                kept(new TypeReference<EnumMap<Color, Integer>>() {}, new EnumMap<>(Map.of(Color.RED, 1))),
                kept(new TypeReference<EnumSet<Color>>() {}, EnumSet.of(Color.RED)),
                kept(new TypeReference<Set<Color>>() {}, EnumSet.of(Color.RED)),
                kept(Properties.class, plainProps),
                lost(Properties.class, props),
                kept(new TypeReference<Collection<String>>() {}, List.of("a")),
                lost(new TypeReference<Collection<String>>() {}, Set.of("a")),
                kept(new TypeReference<Collection<Integer>>() {}, new HashMap<>(Map.of("a", 1)).values()),
                kept(new TypeReference<Iterable<String>>() {}, List.of("a")),
                kept(new TypeReference<Queue<String>>() {}, new ArrayDeque<>(List.of("a"))),
                kept(new TypeReference<Deque<String>>() {}, new ArrayDeque<>(List.of("a"))),
                kept(new TypeReference<ArrayDeque<String>>() {}, new ArrayDeque<>(List.of("a"))),
                kept(new TypeReference<PriorityQueue<String>>() {}, new PriorityQueue<>(List.of("b", "a"))),
                refused(new TypeReference<BlockingQueue<String>>() {}, new LinkedBlockingQueue<>(List.of("a"))),
                refused(new TypeReference<ArrayBlockingQueue<String>>() {}, new ArrayBlockingQueue<>(3)),
                kept(new TypeReference<LinkedBlockingDeque<String>>() {}, new LinkedBlockingDeque<>(List.of("a"))),
                kept(new TypeReference<CopyOnWriteArrayList<String>>() {}, new CopyOnWriteArrayList<>(List.of("a"))),
                kept(new TypeReference<Vector<String>>() {}, new Vector<>(List.of("a"))),
                kept(new TypeReference<Stack<String>>() {}, new Stack<>()),
                kept(new TypeReference<LinkedList<String>>() {}, new LinkedList<>(List.of("a"))),
                kept(new TypeReference<AbstractList<String>>() {}, new ArrayList<>(List.of("a")))));
        rows.addAll(List.of(
                kept(new TypeReference<Map.Entry<String, Integer>>() {}, Map.entry("a", 1)),
                refused(
                        new TypeReference<AbstractMap.SimpleEntry<String, Integer>>() {},
                        new AbstractMap.SimpleEntry<>("a", 1)),
                refused(
                        new TypeReference<AbstractMap.SimpleImmutableEntry<String, Integer>>() {},
                        new AbstractMap.SimpleImmutableEntry<>("a", 1)),
                kept(new TypeReference<List<Map.Entry<String, Integer>>>() {}, List.of(Map.entry("a", 1))),
                refused(StackTraceElement.class, new StackTraceElement("a", "b", "c", 1)),
                refused(Exception.class, new Exception("x")),
                refused(Throwable.class, new IllegalStateException("x")),
                refused(RuntimeException.class, new RuntimeException("x", new Exception("y"))),
                kept(Period.class, Period.of(1, 2, 3)),
                kept(MonthDay.class, MonthDay.of(2, 29)),
                kept(ZoneOffset.class, ZoneOffset.ofHours(3)),
                kept(ZoneId.class, ZoneId.of("UTC+1")),
                refused(Clock.class, Clock.systemUTC()),
                refused(JapaneseDate.class, JapaneseDate.of(2020, 1, 1)),
                refused(HijrahDate.class, HijrahDate.of(1440, 1, 1)),
                refused(DateTimeFormatter.class, DateTimeFormatter.ISO_DATE),
                kept(ChronoUnit.class, ChronoUnit.DAYS),
                kept(TimeUnit.class, TimeUnit.DAYS),
                refused(java.time.temporal.WeekFields.class, java.time.temporal.WeekFields.ISO),
                refused(java.time.temporal.ValueRange.class, java.time.temporal.ValueRange.of(1, 2)),
                kept(LocalDate.class, LocalDate.MAX),
                kept(LocalDateTime.class, LocalDateTime.MIN),
                kept(Instant.class, Instant.MAX),
                kept(Instant.class, Instant.MIN),
                kept(OffsetDateTime.class, OffsetDateTime.MAX),
                kept(Year.class, Year.of(-5)),
                kept(YearMonth.class, YearMonth.of(12345, 1)),
                kept(Year.class, Year.of(12345)),
                kept(Duration.class, Duration.ofSeconds(Long.MAX_VALUE, 999_999_999)),
                kept(LocalTime.class, LocalTime.MAX),
                kept(OffsetTime.class, OffsetTime.MAX),
                kept(
                        ZonedDateTime.class,
                        ZonedDateTime.of(LocalDateTime.MIN.plusYears(1), ZoneOffset.ofHoursMinutesSeconds(1, 2, 3))),
                refused(MathContext.class, MathContext.DECIMAL64),
                kept(RoundingMode.class, RoundingMode.UP),
                kept(BigDecimal.class, new BigDecimal("1E+3")),
                kept(BigInteger.class, BigInteger.TEN),
                kept(Thread.State.class, Thread.State.NEW),
                refused(ProcessHandle.Info.class, ProcessHandle.current().info()),
                refused(Runtime.Version.class, Runtime.version()),
                refused(java.lang.ProcessBuilder.class, new ProcessBuilder("x")),
                refused(DoubleSummaryStatistics.class, Stream.of(1.0).collect(Collectors.summarizingDouble(x -> x))),
                refused(IntSummaryStatistics.class, new IntSummaryStatistics()),
                refused(Random.class, new Random(1)),
                refused(SplittableRandom.class, new SplittableRandom(1)),
                refused(StringTokenizer.class, new StringTokenizer("a b")),
                refused(Scanner.class, new Scanner("a")),
                refused(Base64.Encoder.class, Base64.getEncoder()),
                refused(java.text.SimpleDateFormat.class, new java.text.SimpleDateFormat("yyyy")),
                lost(java.text.DecimalFormat.class, new java.text.DecimalFormat("0")),
                refused(java.security.Principal.class, new java.security.Principal() {
                    @Override
                    public String getName() {
                        return "x";
                    }
                }),
                kept(char[].class, new char[] {'a'}),
                kept(char[][].class, new char[][] {{'a'}}),
                kept(float[].class, new float[] {1.5f, Float.NaN}),
                kept(double[][].class, new double[][] {{1.5}}),
                kept(boolean[].class, new boolean[] {true}),
                kept(Byte[].class, new Byte[] {1, -1}),
                kept(byte[][].class, new byte[][] {{1}}),
                kept(short[].class, new short[] {1}),
                kept(long[].class, new long[] {Long.MIN_VALUE}),
                kept(Character[].class, new Character[] {'a'}),
                refused(Optional[].class, new Optional<?>[] {Optional.of("x")}),
                kept(UUID[].class, new UUID[] {new UUID(1, 2)}),
                refused(Object.class, "x"),
                refused(Number.class, 1)));
        rows.addAll(List.of(
                kept(new TypeReference<Map<Double, String>>() {}, Map.of(1.0, "a")),
                kept(new TypeReference<Map<BigDecimal, String>>() {}, Map.of(new BigDecimal("1.00"), "a")),
                kept(new TypeReference<Map<Instant, String>>() {}, Map.of(Instant.EPOCH.plusNanos(1), "a")),
                lost(new TypeReference<Map<Timestamp, String>>() {}, Map.of(micros, "a")),
                kept(new TypeReference<Map<Date, String>>() {}, Map.of(new Date(5), "a")),
                kept(new TypeReference<Map<Locale, String>>() {}, Map.of(Locale.GERMANY, "a")),
                kept(new TypeReference<Map<Color, String>>() {}, Map.of(Color.RED, "a")),
                refused(new TypeReference<Map<Point, String>>() {}, Map.of(new Point(1, 2), "a")),
                kept(
                        new TypeReference<Map<ZonedDateTime, String>>() {},
                        Map.of(ZonedDateTime.of(2026, 1, 1, 1, 1, 1, 1, ZoneId.of("Europe/Paris")), "a")),
                refused(new TypeReference<Map<Class<?>, String>>() {}, Map.of(String.class, "a")),
                kept(new TypeReference<Map<URI, String>>() {}, Map.of(URI.create("a"), "a")),
                kept(new TypeReference<Map<Character, String>>() {}, Map.of('a', "a")),
                kept(new TypeReference<Map<Boolean, String>>() {}, Map.of(true, "a")),
                kept(
                        new TypeReference<Map<OffsetDateTime, String>>() {},
                        Map.of(OffsetDateTime.of(2026, 1, 1, 1, 1, 1, 1, ZoneOffset.ofHours(2)), "a")),
                kept(new TypeReference<Map<Duration, String>>() {}, Map.of(Duration.ofMillis(5), "a")),
                kept(new TypeReference<Map<Currency, String>>() {}, Map.of(Currency.getInstance("EUR"), "a")),
                refused(new TypeReference<Map<Optional<String>, String>>() {}, Map.of(Optional.of("x"), "a")),
                kept(new TypeReference<Map<Float, String>>() {}, Map.of(0.1f, "a")),
                kept(
                        new TypeReference<Map<String, Map<String, List<Set<Optional<BigDecimal>>>>>>() {},
                        Map.of("a", Map.of("b", List.of(Set.of(Optional.of(BigDecimal.ONE)))))),
                kept(
                        JsonNode.class,
                        JsonNodeFactory.instance.objectNode().put("a", 1).put("b", "x")),
                kept(ObjectNode.class, JsonNodeFactory.instance.objectNode().put("a", 0.1)),
                kept(ArrayNode.class, JsonNodeFactory.instance.arrayNode().add(1)),
                lost(JsonNode.class, JsonNodeFactory.instance.numberNode(5L)),
                kept(JsonNode.class, JsonNodeFactory.instance.numberNode(0.5)),
                lost(JsonNode.class, JsonNodeFactory.instance.binaryNode(new byte[] {1})),
                kept(JsonNode.class, JsonNodeFactory.instance.numberNode(new BigDecimal("1.50")))));
        return rows.stream();
    }
}
