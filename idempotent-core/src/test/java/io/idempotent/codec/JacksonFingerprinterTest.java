package io.idempotent.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonRawValue;
import io.idempotent.Fingerprint;
import io.idempotent.codec.OutcomeExamples.Payment;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.StringWriter;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
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
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.core.type.TypeReference;

class JacksonFingerprinterTest {

    private static final String SECRET = "top-secret-4711";

    private final JacksonFingerprinter fingerprinter = JacksonFingerprinter.create();

    // The method, version 1. A change here makes every recorded request look like another: raise the version.

    @Test
    void theFingerprintsOfVersionOneAreThese() {
        assertThat(digest(null)).isEqualTo("1:dCNOmK_nSY-12vHzasLXiswzlGT5UHA7jAGYkvmCuQs");
        assertThat(digest(List.of())).isEqualTo("1:T1PNoYwrqgwDVLtfmj7L5e0Sq02OEbqHPC8RFhICuUU");
        assertThat(digest(List.of(new Request("req-1", "acc-7", new BigDecimal("12.50"), "EUR"))))
                .isEqualTo("1:27dNMcwdsR1ACNH5rsrZpYXDVMAU43lYbwpOCqzreFk");
    }

    static Stream<Arguments> canonicalTexts() throws Exception {
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
                Arguments.of(members, "{\"B\":[1,null],\"b\":1,\"😀\":3,\"\ue000\":2}"),
                Arguments.of(List.of(1, 1L, (short) 1, BigInteger.ONE, BigDecimal.ONE), "[1,1,1,1,1]"),
                Arguments.of(
                        List.of(new BigDecimal("12.50"), new BigDecimal("1E+3"), 0.1, 0.1f, 2.0E-3, 1.0, -0.0),
                        "[12.50,1E+3,0.1,0.1,0.002,1.0,-0.0]"),
                Arguments.of(List.of(2.0e22, Double.MIN_VALUE, Double.NaN), "[2.0E22,4.9E-324,NaN]"),
                Arguments.of(
                        "\"\\/\b\f\n\r\t\u0001\u007f é€😀\ud83d",
                        "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\u007f é€😀\\ud83d\""),
                Arguments.of(new byte[] {-1, 0, 1}, "\"/wAB\""),
                Arguments.of(new LinkedHashSet<>(List.of("b", "a")), "[\"a\",\"b\"]"),
                Arguments.of(Optional.of(1), "1"),
                Arguments.of(List.of(Optional.empty()), "[null]"),
                Arguments.of(OutcomeExamples.Color.RED, "\"RED\""),
                Arguments.of(Instant.EPOCH, "\"1970-01-01T00:00:00Z\""),
                Arguments.of(OffsetDateTime.parse("2026-01-01T00:00:00.5+05:30"), "\"2026-01-01T00:00:00.5+05:30\""),
                Arguments.of(LocalDate.EPOCH, "\"1970-01-01\""),
                Arguments.of(new UUID(1, 2), "\"00000000-0000-0001-0000-000000000002\""),
                Arguments.of(
                        new Request("r", null, BigDecimal.ONE, "EUR"),
                        "{\"amount\":1,\"currency\":\"EUR\",\"id\":\"r\"}"),
                Arguments.of(new Payment.Cash(), "OutcomeExamples$Payment$Cash{}"),
                Arguments.of(
                        Map.of("x", List.of(new Payment.Card("t", BigDecimal.TEN))),
                        "{\"x\":[OutcomeExamples$Payment$Card{\"limit\":10,\"type\":\"t\"}]}"),
                Arguments.of(new Raw("{}"), "{\"json\":r\"{}\"}"),
                Arguments.of(Map.of(), "{}"),
                Arguments.of(true, "true"));
    }

    @ParameterizedTest
    @MethodSource("canonicalTexts")
    void theFingerprintIsThatOfTheCanonicalText(@Nullable Object content, String canonical) throws Exception {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(canonical.getBytes(StandardCharsets.UTF_8));

        assertThat(digest(content))
                .isEqualTo("1:" + Base64.getUrlEncoder().withoutPadding().encodeToString(hash));
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
    void contentOfAnyClassIsEqualIfWhatItHoldsIs() {
        assertThat(digest(new TreeMap<>(Map.of("b", 1, "a", 2))))
                .isEqualTo(digest(new HashMap<>(Map.of("a", 2L, "b", 1))));
        assertThat(digest(new ArrayList<>(List.of("a")))).isEqualTo(digest(List.of("a")));
        assertThat(digest(new String[] {"a"})).isEqualTo(digest(List.of("a")));
        assertThat(digest(new Request("r", null, BigDecimal.ONE, "EUR")))
                .isEqualTo(digest(Map.of("currency", "EUR", "id", "r", "amount", 1)));
        assertThat(digest(Map.of("at", Optional.empty()))).isEqualTo(digest(Map.of()));
    }

    @Test
    void membersThatAnnotationsHideDoNotCount() {
        assertThat(digest(new Annotated("a", "x"))).isEqualTo(digest(new Annotated("a", "y")));
        assertThat(digest(new Annotated("a", "x"))).isEqualTo(digest(Map.of("renamed", "a")));
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
        List<Object> cyclic = new ArrayList<>();
        cyclic.add(cyclic);
        for (Object content : List.of(
                cyclic,
                new OutcomeExamples.Throwing(SECRET),
                List.of(new OutcomeExamples.Throwing(SECRET)),
                new ByteArrayInputStream(new byte[1]),
                List.of(SECRET).iterator(),
                Stream.of(SECRET),
                CompletableFuture.completedFuture(SECRET),
                Map.of(SECRET, new Thread(SECRET)),
                (Runnable) () -> Thread.currentThread().setName(SECRET),
                String.class,
                new Opaque(SECRET))) {
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
        for (int depth = 0; depth < CanonicalGenerator.MAXIMUM_DEPTH; depth++) {
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
                Raw.class,
                OutcomeExamples.Nothing.class,
                OutcomeExamples.Node.class,
                Payment.class,
                Order.class,
                Command.class,
                Marker.class,
                new TypeReference<List<?>>() {}.getType(),
                new TypeReference<Map<String, ? extends Request>>() {}.getType(),
                new TypeReference<Optional<Request>>() {}.getType(),
                Generic.class.getMethod("take", Object.class).getGenericParameterTypes()[0]);
    }

    @ParameterizedTest
    @MethodSource("supportedTypes")
    void aTypeThatHoldsContentIsSupported(Type type) {
        assertThat(fingerprinter.supports(type)).isTrue();
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
                Opaque.class,
                HoldsStream.class,
                HoldsReader[].class,
                new TypeReference<Function<String, String>>() {}.getType(),
                new TypeReference<List<InputStream>>() {}.getType(),
                new TypeReference<Map<String, List<? extends Reader>>>() {}.getType(),
                new TypeReference<Optional<Opaque>>() {}.getType(),
                new TypeReference<CompletableFuture<String>>() {}.getType(),
                Generic.class.getMethod("read", Reader.class).getGenericParameterTypes()[0]);
    }

    @ParameterizedTest
    @MethodSource("unsupportedTypes")
    void aTypeThatHoldsNoContentIsNotSupported(Type type) {
        assertThat(fingerprinter.supports(type)).isFalse();
    }

    private String digest(@Nullable Object content) {
        return ((Fingerprint.Digest) fingerprinter.fingerprint(content)).text();
    }

    record Request(String id, @Nullable String account, BigDecimal amount, String currency) {}

    record Annotated(
            @JsonProperty("renamed") String name,
            @JsonIgnore String hidden) {}

    record Raw(@JsonRawValue String json) {}

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
}
