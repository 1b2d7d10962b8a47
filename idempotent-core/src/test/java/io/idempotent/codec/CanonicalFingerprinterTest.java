package io.idempotent.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.Fingerprint;
import io.idempotent.codec.OutcomeExamples.Payment;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.StringWriter;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

@SuppressWarnings({"DoNotCallSuggester", "UnusedVariable"}) // Fields and getters that only the fingerprinter reads.
class CanonicalFingerprinterTest {

    private static final String SECRET = "top-secret-4711";

    private final CanonicalFingerprinter fingerprinter = CanonicalFingerprinter.create();

    // The method, version 1. A change here makes every recorded request look like another: raise the version.

    @Test
    void theFingerprintsOfVersionOneAreThese() {
        assertThat(digest(null)).isEqualTo("1:dCNOmK_nSY-12vHzasLXiswzlGT5UHA7jAGYkvmCuQs");
        assertThat(digest(List.of())).isEqualTo("1:T1PNoYwrqgwDVLtfmj7L5e0Sq02OEbqHPC8RFhICuUU");
        assertThat(digest(List.of(new Request("req-1", "acc-7", new BigDecimal("12.50"), "EUR"))))
                .isEqualTo("1:euntt380o1etwfTaA82YJ4mgbqq0y99RboA86jWAiVE");
    }

    static Stream<Arguments> canonicalTexts() {
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        members.put("b", 1);
        members.put("a", null);
        members.put("\ue000", 2);
        members.put("😀", 3);
        members.put("B", Arrays.asList(1, null));
        return Stream.of(
                Arguments.of(null, "null"),
                Arguments.of(List.of("a", "b"), "[\"a\",\"b\"]"),
                Arguments.of(new Object[] {"a", null}, "[\"a\",null]"),
                Arguments.of(new int[] {1, 2}, "[1,2]"),
                Arguments.of(members, "{\"B\":[1,null],\"a\":null,\"b\":1,\"\ue000\":2,\"😀\":3}"),
                Arguments.of(Map.of(1, "a", "1", "b"), "{\"1\":\"b\",1:\"a\"}"),
                Arguments.of(List.of(1, 1L, (short) 1, BigInteger.ONE, BigDecimal.ONE), "[1,1,1,1,1]"),
                Arguments.of(
                        List.of(new BigDecimal("12.50"), new BigDecimal("1E+3"), 0.1, 0.1f, 1.0, -0.0),
                        "[12.50,1E+3,d3fb999999999999a,f3dcccccd,d3ff0000000000000,d8000000000000000]"),
                Arguments.of(List.of(Double.MIN_VALUE, Double.NaN), "[d1,d7ff8000000000000]"),
                Arguments.of(
                        "\"\\/\b\f\n\r\t\u0001\u007f é€😀\ud83d",
                        "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\u007f é€😀\\ud83d\""),
                Arguments.of(new byte[] {65, 0, 44}, "b3:A\u0000,"),
                Arguments.of(new char[] {'a', 'b'}, "\"ab\""),
                Arguments.of(new LinkedHashSet<>(List.of("b", "a")), "[\"a\",\"b\"]"),
                Arguments.of(Optional.of(1), "1"),
                Arguments.of(List.of(Optional.empty()), "[null]"),
                Arguments.of(Optional.of(Optional.empty()), "[null]"),
                Arguments.of(OutcomeExamples.Color.RED, "io.idempotent.codec.OutcomeExamples$Color\"RED\""),
                Arguments.of(Instant.EPOCH, "java.time.Instant\"1970-01-01T00:00:00Z\""),
                Arguments.of(
                        OffsetDateTime.parse("2026-01-01T00:00:00.5+05:30"),
                        "java.time.OffsetDateTime\"2026-01-01T00:00:00.500+05:30\""),
                Arguments.of(LocalDate.EPOCH, "java.time.LocalDate\"1970-01-01\""),
                Arguments.of(new UUID(1, 2), "java.util.UUID\"00000000-0000-0001-0000-000000000002\""),
                Arguments.of(Pattern.compile("a", Pattern.COMMENTS), "java.util.regex.Pattern[\"a\",4]"),
                Arguments.of(Map.entry("a", 1), "[\"a\",1]"),
                Arguments.of(new IllegalStateException("a"), "java.lang.IllegalStateException[\"a\",null]"),
                Arguments.of(
                        new Request("r", null, BigDecimal.ONE, "EUR"),
                        "io.idempotent.codec.CanonicalFingerprinterTest$Request{amount:1,currency:\"EUR\",id:\"r\"}"),
                Arguments.of(new Payment.Cash(), "io.idempotent.codec.OutcomeExamples$Payment$Cash{}"),
                Arguments.of(
                        Map.of("x", List.of(new Payment.Card("t", BigDecimal.TEN))),
                        "{\"x\":[io.idempotent.codec.OutcomeExamples$Payment$Card{limit:10,type:\"t\"}]}"),
                Arguments.of(
                        basket(3, 1, 2), "io.idempotent.codec.CanonicalFingerprinterTest$Basket{[1,2],discount:3}"),
                Arguments.of(
                        new Knot("a"),
                        "io.idempotent.codec.CanonicalFingerprinterTest$Knot{name:\"a\",others:[^2],self:^1}"),
                Arguments.of(Map.of(), "{}"),
                Arguments.of(true, "true"));
    }

    @ParameterizedTest
    @MethodSource("canonicalTexts")
    void theFingerprintIsThatOfTheCanonicalText(@Nullable Object content, String canonical) {
        assertThat(digest(content)).isEqualTo(digestOf(canonical));
    }

    private static String digestOf(String canonical) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(canonical.getBytes(StandardCharsets.UTF_8));
            return "1:" + Base64.getUrlEncoder().withoutPadding().encodeToString(hash);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Test
    void contentThatDiffersHasDifferentFingerprints() {
        List<@Nullable Object> contents = Arrays.asList(
                null,
                "",
                "null",
                "1",
                1,
                1.5,
                true,
                "true",
                List.of(),
                List.of("a", "b"),
                List.of("b", "a"),
                List.of("a,b"),
                List.of("a\",\"b"),
                List.of(List.of("a", "b")),
                List.of(List.of("a"), "b"),
                Collections.singletonList(null),
                Arrays.asList(null, null),
                Map.of(),
                Map.of("a", "b"),
                Map.of("b", "a"),
                Map.of("a", Map.of("b", "c")),
                Map.of("a", Map.of(), "b", "c"),
                Map.of("a\":\"b", "c"),
                new BigDecimal("12.5"),
                new BigDecimal("12.50"),
                "\ud83d",
                "\\ud83d",
                "\ufffd",
                "?",
                new Debit(BigDecimal.ONE),
                new Credit(BigDecimal.ONE),
                List.of(new Debit(BigDecimal.ONE)),
                List.of(new Credit(BigDecimal.ONE)),
                new Order(new Debit(BigDecimal.ONE)),
                new Order(new Credit(BigDecimal.ONE)));

        assertThat(contents.stream().map(this::digest)).doesNotHaveDuplicates();
    }

    @Test
    void collectionsOfAnyClassAreEqualIfTheirElementsAre() {
        assertThat(digest(new TreeMap<>(Map.of("b", 1, "a", 2))))
                .isEqualTo(digest(new HashMap<>(Map.of("a", 2L, "b", 1))));
        assertThat(digest(new ArrayList<>(List.of("a")))).isEqualTo(digest(List.of("a")));
        assertThat(digest(new String[] {"a"})).isEqualTo(digest(List.of("a")));
        assertThat(digest(new ArrayList<>(List.of("a")) {})).isEqualTo(digest(List.of("a")));
    }

    @Test
    void aFieldThatIsAddedAndEmptyChangesNothing() {
        assertThat(digest(new Request("r", null, BigDecimal.ONE, "EUR")))
                .isEqualTo(digestOf(
                        "io.idempotent.codec.CanonicalFingerprinterTest$Request{amount:1,currency:\"EUR\",id:\"r\"}"));
        assertThat(digest(new Unsure("a", Optional.empty())))
                .isEqualTo(digestOf("io.idempotent.codec.CanonicalFingerprinterTest$Unsure{id:\"a\"}"));
    }

    @Test
    void theOrderOfAMapsValuesCountsWhereTheMapHasOne() {
        Map<Object, Integer> unordered = new HashMap<>();
        // Their hash codes, and so their order, are others in each JVM.
        OutcomeExamples.Color[] colors = OutcomeExamples.Color.values();
        for (int index = 0; index < colors.length; index++) {
            unordered.put(colors[index], index);
        }
        assertThat(digest(unordered.values())).isEqualTo(digest(List.of(0, 1)));
        assertThat(digest(Map.of("b", 1, "c", 2, "a", 0).values())).isEqualTo(digest(List.of(0, 1, 2)));
        assertThat(digest(new TreeMap<>(Map.of("b", 0, "a", 1)).values())).isEqualTo(digest(List.of(1, 0)));
    }

    @Test
    void aGraphThatHoldsItselfIsEqualToOneOfTheSameShape() {
        assertThat(digest(new Knot("a"))).isEqualTo(digest(new Knot("a"))).isNotEqualTo(digest(new Knot("b")));
        Knot longer = new Knot("a");
        longer.self = new Knot("a");
        assertThat(digest(longer)).isNotEqualTo(digest(new Knot("a")));
    }

    @Test
    void contentThatUnfoldsWithoutEndIsRefusedInTime() {
        Object content = "x".repeat(100);
        for (int depth = 0; depth < 60; depth++) {
            content = List.of(content, content);
        }
        Object folded = content;
        assertThatThrownBy(() -> fingerprinter.fingerprint(folded))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("longer than");
    }

    @Test
    void aMapWhoseKeysHaveOneTextKeepsAllItsValues() {
        Map<Object, Object> left = new LinkedHashMap<>();
        left.put(1, "a");
        left.put("1", "b");
        Map<Object, Object> right = new LinkedHashMap<>();
        right.put("1", "b");
        right.put(1, "a");

        assertThat(digest(left)).isEqualTo(digest(right)).isNotEqualTo(digest(Map.of(1, "a")));
    }

    @Test
    void theFingerprintIsTakenNow() {
        List<String> content = new ArrayList<>(List.of("a"));
        Fingerprint before = fingerprinter.fingerprint(content);
        content.add("b");

        assertThat(fingerprinter.fingerprint(content)).isNotEqualTo(before);
        assertThat(before).isEqualTo(fingerprinter.fingerprint(List.of("a")));
    }

    /** Equal content in other order is equal, and any single change is seen. */
    @Test
    void randomContentIsEqualInAnyOrderAndDifferentAfterAnyChange() {
        long seed = Long.getLong("idempotent.seed", new Random().nextLong());
        Random random = new Random(seed);
        for (int round = 0; round < 2_000; round++) {
            Object content = randomContent(random, 4);
            Object changed = changed(content, random);
            String context = "seed " + seed + ", round " + round + ": " + content + " and " + changed;

            assertThat(digest(shuffled(content, random))).as(context).isEqualTo(digest(content));
            assertThat(digest(changed)).as(context).isNotEqualTo(digest(content));
        }
    }

    private static Object randomContent(Random random, int depth) {
        int size = random.nextInt(5);
        return switch (random.nextInt(depth == 0 ? 5 : 8)) {
            case 0 -> random.nextBoolean();
            case 1 -> random.nextInt(4);
            case 2 -> BigDecimal.valueOf(random.nextInt(100), random.nextInt(3) + 1);
            case 3 -> randomText(random);
            case 4 -> random.nextDouble();
            case 5 -> randomElements(random, depth, size);
            case 6 -> new LinkedHashSet<>(randomElements(random, depth, size));
            default -> {
                Map<String, Object> map = new LinkedHashMap<>();
                for (int index = 0; index < size; index++) {
                    map.put(randomText(random), randomContent(random, depth - 1));
                }
                yield map;
            }
        };
    }

    private static List<Object> randomElements(Random random, int depth, int size) {
        List<Object> elements = new ArrayList<>();
        for (int index = 0; index < size; index++) {
            elements.add(randomContent(random, depth - 1));
        }
        return elements;
    }

    private static String randomText(Random random) {
        String letters = "ab\",:[]{}\\é€\ud83d\ude00\u0000";
        StringBuilder text = new StringBuilder();
        for (int length = random.nextInt(4); length >= 0; length--) {
            text.append(letters.charAt(random.nextInt(letters.length())));
        }
        return text.toString();
    }

    private static Object shuffled(Object content, Random random) {
        if (content instanceof List<?> list) {
            return list.stream().map(element -> shuffled(element, random)).toList();
        }
        if (content instanceof Set<?> set) {
            List<Object> elements = new ArrayList<>(set);
            Collections.shuffle(elements, random);
            Set<Object> result = new LinkedHashSet<>();
            elements.forEach(element -> result.add(shuffled(element, random)));
            return result;
        }
        if (content instanceof Map<?, ?> map) {
            List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
            Collections.shuffle(entries, random);
            Map<Object, Object> result = new LinkedHashMap<>();
            entries.forEach(entry -> result.put(entry.getKey(), shuffled(entry.getValue(), random)));
            return result;
        }
        return content;
    }

    private static Object changed(Object content, Random random) {
        if (content instanceof Boolean flag) {
            return !flag;
        }
        if (content instanceof Integer number) {
            return number + 1;
        }
        if (content instanceof BigDecimal number) {
            return random.nextBoolean()
                    ? number.setScale(number.scale() + 1)
                    : number.add(BigDecimal.ONE.movePointLeft(number.scale()));
        }
        if (content instanceof Double number) {
            return Math.nextUp(number);
        }
        if (content instanceof String text) {
            int position = random.nextInt(text.length() + 1);
            return text.substring(0, position) + 'x' + text.substring(position);
        }
        if (content instanceof List<?> list) {
            List<Object> result = new ArrayList<>(list);
            changeOne(result, random);
            return result;
        }
        if (content instanceof Set<?> set) {
            Set<Object> result = new LinkedHashSet<>(set);
            result.add("x-new");
            return result;
        }
        Map<Object, Object> result = new LinkedHashMap<>((Map<?, ?>) content);
        if (result.isEmpty() || random.nextInt(3) == 0) {
            result.put("x-new", 0);
        } else {
            Object key = new ArrayList<>(result.keySet()).get(random.nextInt(result.size()));
            if (random.nextBoolean()) {
                result.put(key, changed(result.get(key), random));
            } else {
                result.put(key + "x-new", result.remove(key));
            }
        }
        return result;
    }

    private static void changeOne(List<Object> list, Random random) {
        int position = random.nextInt(list.size() + 1);
        if (position == list.size() || random.nextInt(3) == 0) {
            list.add(position, "x-new");
        } else if (random.nextBoolean()) {
            list.remove(position);
        } else {
            list.set(position, changed(list.get(position), random));
        }
    }

    // What cannot be encoded

    @Test
    void whatCannotBeEncodedIsRefusedWithoutShowingIt() {
        for (Object content : List.of(
                new Telling(SECRET),
                List.of(new Telling(SECRET)),
                new ByteArrayInputStream(new byte[1]),
                List.of(SECRET).iterator(),
                Stream.of(SECRET),
                CompletableFuture.completedFuture(SECRET),
                Map.of(SECRET, new Thread(SECRET)),
                (Runnable) () -> Thread.currentThread().setName(SECRET),
                String.class,
                new Object(),
                new Memo(SECRET),
                Map.of(SECRET, new Holder<>(new Memo(SECRET))))) {
            assertThatThrownBy(() -> fingerprinter.fingerprint(content))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasNoCause()
                    .satisfies(thrown -> {
                        StringWriter text = new StringWriter();
                        thrown.printStackTrace(new PrintWriter(text));
                        assertThat(text.toString()).doesNotContain(SECRET);
                    });
        }
    }

    @Test
    void whatIsRefusedIsNotConsumed() {
        Iterator<String> iterator = List.of("a").iterator();

        assertThatThrownBy(() -> fingerprinter.fingerprint(List.of(iterator)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(iterator.hasNext()).isTrue();
    }

    @Test
    void contentAsDeepAsAllowedIsEncoded() {
        Object deep = "x";
        for (int depth = 0; depth < ContentWriter.MAXIMUM_DEPTH; depth++) {
            deep = List.of(deep);
        }
        Object tooDeep = List.of(deep);

        assertThat(digest(deep)).startsWith("1:");
        assertThatThrownBy(() -> fingerprinter.fingerprint(tooDeep)).isInstanceOf(IllegalArgumentException.class);
    }

    // Startup

    static Stream<Type> supportedTypes() throws NoSuchMethodException {
        return Stream.of(
                Object.class,
                String.class,
                int.class,
                byte[].class,
                Object[].class,
                Number.class,
                List.class,
                OutcomeExamples.Color.class,
                Instant.class,
                UUID.class,
                Request.class,
                OutcomeExamples.Nothing.class,
                OutcomeExamples.Node.class,
                Payment.class,
                Order.class,
                Command.class,
                Marker.class,
                Opaque.class,
                Basket.class,
                Knot.class,
                Told.class,
                Enum.class,
                Record.class,
                Comparable.class,
                Iterable.class,
                CharSequence.class,
                Exception.class,
                Ranged.class,
                JsonNode.class,
                ObjectNode.class,
                new TypeReference<Holder<? super Request>>() {}.getType(),
                new TypeReference<Nested<String>>() {}.getType(),
                new TypeReference<List<?>>() {}.getType(),
                new TypeReference<Map<String, ? extends Request>>() {}.getType(),
                new TypeReference<Optional<Request>>() {}.getType(),
                Generic.class.getMethod("take", Object.class).getGenericParameterTypes()[0]);
    }

    @ParameterizedTest
    @MethodSource("supportedTypes")
    void aTypeThatHoldsContentIsSupported(Type type) {
        assertThat(fingerprinter.refusal(type)).isNull();
    }

    static Stream<Type> unsupportedTypes() throws NoSuchMethodException {
        return Stream.of(
                InputStream.class,
                ByteArrayInputStream.class,
                Reader.class,
                Stream.class,
                Iterator.class,
                Runnable.class,
                Thread.class,
                ClassLoader.class,
                Class.class,
                Memo.class,
                Connection.class,
                ReentrantLock.class,
                Random.class,
                OverStream.class,
                HoldsStream.class,
                Storage.class,
                Streams.class,
                Sealed.class,
                Child.class,
                HoldsReader[].class,
                new TypeReference<Function<String, String>>() {}.getType(),
                new TypeReference<List<InputStream>>() {}.getType(),
                new TypeReference<Map<String, List<? extends Reader>>>() {}.getType(),
                new TypeReference<Holder<Holder<Memo>>>() {}.getType(),
                new TypeReference<CompletableFuture<String>>() {}.getType(),
                Generic.class.getMethod("read", Reader.class).getGenericParameterTypes()[0]);
    }

    @ParameterizedTest
    @MethodSource("unsupportedTypes")
    void aTypeThatHoldsNoContentIsNotSupported(Type type) {
        assertThat(fingerprinter.refusal(type)).isNotNull();
    }

    private String digest(@Nullable Object content) {
        return ((Fingerprint.Digest) fingerprinter.fingerprint(content)).text();
    }

    record Request(String id, @Nullable String account, BigDecimal amount, String currency) {}

    record Order(Command command) {}

    record HoldsStream(Optional<InputStream> stream) {}

    record HoldsReader(Reader reader) {}

    interface Command {
        BigDecimal amount();
    }

    record Debit(BigDecimal amount) implements Command {}

    record Credit(BigDecimal amount) implements Command {}

    interface Marker {}

    interface Generic {

        <T> void take(T content);

        <T extends Reader> void read(T reader);
    }

    static final class Opaque {

        private final String content;

        Opaque(String content) {
            this.content = content;
        }

        @Override
        public String toString() {
            return content;
        }
    }

    record Unsure(String id, Optional<String> note) {}

    record Holder<T>(T held) {}

    record Nested<T>(T held, @Nullable Nested<Nested<T>> next) {}

    /** Whether the memo is content or was computed, nobody can tell. */
    static final class Memo {

        private final transient String memo;

        Memo(String memo) {
            this.memo = memo;
        }

        @Override
        public String toString() {
            return memo;
        }
    }

    /** The same, with a getter. */
    static final class Told {

        private final transient String memo;

        Told(String memo) {
            this.memo = memo;
        }

        public String getMemo() {
            return memo;
        }
    }

    /** The same, with a getter that tells too much. */
    static final class Telling {

        private final transient String secret;

        Telling(String secret) {
            this.secret = secret;
        }

        public String getSecret() {
            throw new IllegalStateException("cannot tell " + secret);
        }
    }

    static final class Knot {

        private final String name;

        private final List<Knot> others;

        private Knot self;

        Knot(String name) {
            this.name = name;
            this.self = this;
            this.others = List.of(this);
        }
    }

    static final class Basket extends ArrayList<Integer> {

        private static final long serialVersionUID = 1L;

        private int discount;
    }

    private static Basket basket(int discount, Integer... lines) {
        Basket basket = new Basket();
        basket.addAll(List.of(lines));
        basket.discount = discount;
        return basket;
    }

    static final class Streams extends ArrayList<InputStream> {

        private static final long serialVersionUID = 1L;
    }

    /** Keeps its elements itself, and more. */
    static final class Storage extends AbstractList<String> {

        private final List<String> elements = new ArrayList<>();

        private int discount;

        @Override
        public String get(int index) {
            return elements.get(index);
        }

        @Override
        public int size() {
            return elements.size() + discount - discount;
        }
    }

    /** Has no state but its superclass's count of changes. */
    static final class Ranged extends AbstractList<Integer> {

        @Override
        public Integer get(int index) {
            return index;
        }

        @Override
        public int size() {
            return 2;
        }
    }

    static class OverStream extends FilterInputStream {

        OverStream(InputStream input) {
            super(input);
        }
    }

    sealed interface Sealed {

        record Fine(String text) implements Sealed {}

        record Wrong(Reader reader) implements Sealed {}
    }

    abstract static class Parent<T> {

        private @Nullable T held;

        public void hold(T content) {
            held = content;
        }
    }

    static final class Child extends Parent<List<Thread>> {}
}
