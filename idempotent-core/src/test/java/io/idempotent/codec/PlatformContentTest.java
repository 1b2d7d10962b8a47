package io.idempotent.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
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
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.Timestamp;
import java.time.DayOfWeek;
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
import java.time.chrono.IsoChronology;
import java.time.chrono.JapaneseChronology;
import java.time.chrono.JapaneseDate;
import java.time.chrono.JapaneseEra;
import java.time.chrono.ThaiBuddhistDate;
import java.util.AbstractMap.SimpleEntry;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Calendar;
import java.util.Collections;
import java.util.Currency;
import java.util.Date;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.GregorianCalendar;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.Set;
import java.util.SimpleTimeZone;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.namespace.QName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Of each type of the JDK that is content: values that are not equal, each of which has a fingerprint of its own. */
@SuppressWarnings({"JavaUtilDate", "JdkObsolete", "UnnecessaryStringBuilder"})
class PlatformContentTest {

    private final CanonicalFingerprinter fingerprinter = CanonicalFingerprinter.create();

    static Stream<Arguments> values() throws Exception {
        return Stream.of(single(), times(), legacyTimes(), others(), containers())
                .flatMap(values -> values);
    }

    private static Stream<Arguments> single() throws Exception {
        return Stream.of(
                of(String.class, "", "a", "A", "a ", "\u00e4", "a\u0308", "\ud800", "\ufffd"),
                of(char.class, 'a', 'A', '\ud800'),
                of(StringBuilder.class, new StringBuilder("a"), new StringBuilder("b")),
                of(StringBuffer.class, new StringBuffer("a"), new StringBuffer("b")),
                of(CharBuffer.class, CharBuffer.wrap("a"), CharBuffer.wrap("b")),
                of(boolean.class, true, false),
                of(Byte.class, (byte) 1, (byte) -1),
                of(Short.class, (short) 1, (short) -1),
                of(int.class, 1, -1, Integer.MIN_VALUE),
                of(Long.class, 1L, -1L, Long.MIN_VALUE, 9_007_199_254_740_993L, 9_007_199_254_740_992L),
                of(
                        double.class,
                        0.0,
                        -0.0,
                        0.1,
                        Math.nextUp(0.1),
                        Double.NaN,
                        Double.POSITIVE_INFINITY,
                        Double.MIN_VALUE),
                of(Float.class, 0f, -0f, 0.1f, Math.nextUp(0.1f), Float.NaN, Float.NEGATIVE_INFINITY),
                of(
                        BigInteger.class,
                        BigInteger.TEN.pow(40),
                        BigInteger.TEN.pow(40).add(BigInteger.ONE)),
                of(
                        BigDecimal.class,
                        new BigDecimal("1.0"),
                        new BigDecimal("1.00"),
                        new BigDecimal("1E+2"),
                        new BigDecimal("100"),
                        new BigDecimal("1E-999999999")),
                of(AtomicInteger.class, new AtomicInteger(1), new AtomicInteger(2)),
                of(AtomicLong.class, new AtomicLong(1), new AtomicLong(2)),
                of(AtomicBoolean.class, new AtomicBoolean(true), new AtomicBoolean()),
                of(MathContext.class, new MathContext(3), new MathContext(3, RoundingMode.DOWN)),
                of(RoundingMode.class, RoundingMode.UP, RoundingMode.DOWN),
                of(UUID.class, new UUID(1, 2), new UUID(2, 1)),
                of(Currency.class, Currency.getInstance("EUR"), Currency.getInstance("USD")),
                of(
                        Locale.class,
                        Locale.ROOT,
                        Locale.GERMAN,
                        Locale.GERMANY,
                        Locale.forLanguageTag("de-Latn-DE"),
                        Locale.forLanguageTag("de-DE-1996"),
                        Locale.forLanguageTag("de-DE-u-ca-buddhist"),
                        Locale.forLanguageTag("de-DE-x-a"),
                        new Locale.Builder().setVariant("posix").build()));
    }

    private static Stream<Arguments> times() {
        LocalDateTime local = LocalDateTime.of(2026, 10, 25, 2, 30, 0, 1);
        ZonedDateTime twice = ZonedDateTime.of(local, ZoneId.of("Europe/Paris"));
        return Stream.of(
                of(Instant.class, Instant.EPOCH, Instant.EPOCH.plusNanos(1)),
                of(Duration.class, Duration.ofNanos(1), Duration.ofNanos(-1), Duration.ofSeconds(-1, 1)),
                of(Period.class, Period.ofMonths(12), Period.ofYears(1), Period.ZERO),
                of(LocalDate.class, LocalDate.EPOCH, LocalDate.MIN),
                of(LocalTime.class, LocalTime.NOON, LocalTime.NOON.plusNanos(1)),
                of(LocalDateTime.class, local, local.plusNanos(1)),
                of(
                        OffsetDateTime.class,
                        local.atOffset(ZoneOffset.UTC),
                        local.plusHours(1).atOffset(ZoneOffset.ofHours(1))),
                of(
                        OffsetTime.class,
                        OffsetTime.of(LocalTime.NOON, ZoneOffset.UTC),
                        OffsetTime.of(LocalTime.NOON, ZoneOffset.MAX)),
                of(
                        ZonedDateTime.class,
                        twice.withEarlierOffsetAtOverlap(),
                        twice.withLaterOffsetAtOverlap(),
                        twice.withZoneSameInstant(ZoneId.of("Europe/Berlin")),
                        twice.withFixedOffsetZone()),
                of(Year.class, Year.of(1), Year.of(2)),
                of(YearMonth.class, YearMonth.of(1, 2), YearMonth.of(1, 3)),
                of(MonthDay.class, MonthDay.of(1, 2), MonthDay.of(2, 1)),
                of(DayOfWeek.class, DayOfWeek.MONDAY, DayOfWeek.SUNDAY),
                of(ZoneId.class, ZoneOffset.UTC, ZoneId.of("UTC"), ZoneId.of("UTC+1"), ZoneId.of("GMT+1")),
                of(JapaneseDate.class, JapaneseDate.of(2026, 1, 1), JapaneseDate.of(2026, 1, 2)),
                of(HijrahDate.class, HijrahDate.of(1445, 1, 1), HijrahDate.of(1445, 1, 2)),
                of(java.time.chrono.ChronoLocalDate.class, ThaiBuddhistDate.of(2569, 1, 1), LocalDate.of(2569, 1, 1)),
                of(java.time.chrono.Chronology.class, IsoChronology.INSTANCE, JapaneseChronology.INSTANCE),
                of(JapaneseEra.class, JapaneseEra.HEISEI, JapaneseEra.REIWA),
                of(FileTime.class, FileTime.from(Instant.EPOCH), FileTime.from(Instant.EPOCH.plusNanos(1))));
    }

    private static Stream<Arguments> legacyTimes() {
        Timestamp stamp = new Timestamp(1);
        stamp.setNanos(1_000_001);
        TimeZone moved = TimeZone.getTimeZone("Europe/Paris");
        moved.setRawOffset(0);
        return Stream.of(
                of(Date.class, new Date(0), new Date(1)),
                of(java.sql.Date.class, new java.sql.Date(0), new java.sql.Date(1)),
                of(java.sql.Time.class, new java.sql.Time(0), new java.sql.Time(86_400_000)),
                of(Timestamp.class, new Timestamp(1), stamp),
                of(
                        TimeZone.class,
                        TimeZone.getTimeZone("Europe/Paris"),
                        TimeZone.getTimeZone("Europe/Berlin"),
                        moved,
                        new SimpleTimeZone(3_600_000, "Europe/Paris"),
                        new SimpleTimeZone(3_600_000, "Europe/Paris", 1, 1, 1, 1, 2, 1, 1, 1)),
                of(
                        Calendar.class,
                        calendar(change -> {}),
                        calendar(change -> change.setTimeInMillis(1)),
                        calendar(change -> change.setTimeZone(TimeZone.getTimeZone("Europe/Paris"))),
                        calendar(change -> change.setLenient(false)),
                        calendar(change -> change.setFirstDayOfWeek(3)),
                        calendar(change -> change.setMinimalDaysInFirstWeek(3)),
                        calendar(change -> change.setGregorianChange(new Date(Long.MIN_VALUE))),
                        new Calendar.Builder()
                                .setCalendarType("buddhist")
                                .setInstant(0)
                                .build()));
    }

    private static Calendar calendar(Consumer<GregorianCalendar> change) {
        GregorianCalendar calendar = new GregorianCalendar(TimeZone.getTimeZone("UTC"), Locale.ROOT);
        calendar.setTimeInMillis(0);
        change.accept(calendar);
        return calendar;
    }

    private static Stream<Arguments> others() throws Exception {
        BitSet bits = new BitSet();
        bits.set(64);
        DatatypeFactory datatypes = DatatypeFactory.newInstance();
        return Stream.of(
                of(URI.class, URI.create("a:b"), URI.create("a:B"), URI.create("")),
                of(URL.class, new URL("http://localhost/a"), new URL("http://localhost/a#b")),
                of(File.class, new File("a"), new File("a").getAbsoluteFile()),
                of(Path.class, Path.of("a"), Path.of("a").toAbsolutePath(), Path.of("b", "..", "a")),
                of(
                        InetAddress.class,
                        InetAddress.getByAddress(new byte[] {127, 0, 0, 1}),
                        InetAddress.getByAddress(new byte[16])),
                of(
                        InetSocketAddress.class,
                        InetSocketAddress.createUnresolved("127.0.0.1", 1),
                        new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 1),
                        InetSocketAddress.createUnresolved("127.0.0.1", 2)),
                of(
                        Pattern.class,
                        Pattern.compile("a"),
                        Pattern.compile("a", Pattern.CASE_INSENSITIVE),
                        Pattern.compile("b")),
                of(java.nio.charset.Charset.class, StandardCharsets.UTF_8, StandardCharsets.UTF_16),
                of(BitSet.class, new BitSet(), bits),
                of(ByteBuffer.class, ByteBuffer.wrap(new byte[] {1, 2}), ByteBuffer.wrap(new byte[] {1, 2}, 1, 1)),
                of(QName.class, new QName("a", "b"), new QName("b", "a"), new QName("b")),
                of(
                        javax.xml.datatype.XMLGregorianCalendar.class,
                        datatypes.newXMLGregorianCalendar("2026-01-01"),
                        datatypes.newXMLGregorianCalendar("2026-01-01Z"),
                        datatypes.newXMLGregorianCalendar("2026-01-01T00:00:00.001")),
                of(javax.xml.datatype.Duration.class, datatypes.newDuration("P1Y"), datatypes.newDuration("P13M")),
                of(Exception.class, new Exception("a"), new Exception("a", new Exception("b"))));
    }

    private static Stream<Arguments> containers() {
        Properties defaults = new Properties();
        defaults.setProperty("a", "b");
        return Stream.of(
                of(
                        Optional.class,
                        Optional.empty(),
                        Optional.of(1),
                        Optional.of(Optional.empty()),
                        Optional.of(Optional.of(1))),
                of(OptionalInt.class, OptionalInt.empty(), OptionalInt.of(0)),
                of(OptionalLong.class, OptionalLong.empty(), OptionalLong.of(0)),
                of(OptionalDouble.class, OptionalDouble.empty(), OptionalDouble.of(0)),
                of(AtomicReference.class, new AtomicReference<>(), new AtomicReference<>("a")),
                of(Map.Entry.class, Map.entry("a", "b"), Map.entry("b", "a"), new SimpleEntry<>("a", null)),
                of(Properties.class, new Properties(), new Properties(defaults)),
                of(HashMap.class, new HashMap<>(), new HashMap<>(Collections.singletonMap("a", null))),
                of(TreeMap.class, new TreeMap<>(Map.of("a", "b")), new TreeMap<>(Map.of("b", "a"))),
                of(Map.class, Map.of(1, "a"), Map.of("1", "a"), Map.of(1L, "a", 2, "b")),
                of(
                        EnumMap.class,
                        new EnumMap<>(Map.of(DayOfWeek.MONDAY, 1)),
                        new EnumMap<>(Map.of(DayOfWeek.SUNDAY, 1))),
                of(List.class, List.of(), List.of(1, 2), List.of(2, 1), List.of(List.of(1), 2)),
                of(LinkedList.class, new LinkedList<>(List.of(1, 2)), new LinkedList<>(List.of(2, 1))),
                of(ArrayDeque.class, new ArrayDeque<>(List.of(1, 2)), new ArrayDeque<>(List.of(2, 1))),
                of(Set.class, Set.of(1), Set.of(2), Set.of(1, 2), Set.of(Set.of(1), 2)),
                of(TreeSet.class, new TreeSet<>(List.of(1)), new TreeSet<>(List.of(1, 2))),
                of(LinkedHashSet.class, new LinkedHashSet<>(List.of(1)), new LinkedHashSet<>(List.of(1, 2))),
                of(EnumSet.class, EnumSet.of(DayOfWeek.MONDAY), EnumSet.of(DayOfWeek.SUNDAY)),
                of(byte[].class, new byte[0], new byte[] {1}, new byte[] {1, 0}),
                of(char[].class, new char[0], new char[] {'a'}),
                of(int[].class, new int[] {1, 2}, new int[] {2, 1}),
                of(double[][].class, new double[][] {{1}, {2}}, new double[][] {{1, 2}}),
                of(String[].class, new String[] {"a"}, new String[] {"a", null}));
    }

    private static Arguments of(Class<?> type, Object... values) {
        return Arguments.of(type, List.of(values));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("values")
    void valuesThatAreNotEqualHaveDifferentFingerprints(Class<?> type, List<Object> values) {
        assertThat(fingerprinter.refusal(type)).isNull();
        assertThat(values.stream().map(fingerprinter::fingerprint)).doesNotHaveDuplicates();
        assertThat(values.stream().map(fingerprinter::fingerprint).toList())
                .isEqualTo(values.stream().map(fingerprinter::fingerprint).toList());
    }
}
