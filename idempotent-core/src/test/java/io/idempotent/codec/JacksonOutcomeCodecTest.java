package io.idempotent.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.Outcome;
import io.idempotent.RecordedOutcome;
import io.idempotent.RecordedOutcome.Encoded;
import io.idempotent.codec.OutcomeExamples.Before;
import io.idempotent.codec.OutcomeExamples.Payment;
import io.idempotent.codec.OutcomeExamples.Refused;
import io.idempotent.codec.OutcomeExamples.Throwing;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.StringWriter;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IllegalFormatWidthException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.dynamic.loading.ClassLoadingStrategy;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DefaultTyping;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.jsontype.BasicPolymorphicTypeValidator;
import tools.jackson.databind.jsontype.impl.StdTypeResolverBuilder;

class JacksonOutcomeCodecTest {

    private static final String SECRET = "top-secret-4711";

    private final JacksonOutcomeCodec codec = JacksonOutcomeCodec.create();

    // The format. A change here makes what is recorded unreadable: raise the version, and read the old one too.

    @Test
    void theBytesOfVersionTwoAreTheseForValues() {
        assertThat(text(null, void.class)).isEqualTo("1");
        assertThat(text(null, String.class)).isEqualTo("1");
        assertThat(text(0, int.class)).isEqualTo("2baiMNLoS0");
        assertThat(json("é\"😀", String.class)).isEqualTo("\"é\\\"😀\"");
        assertThat(json("\ud83d", String.class)).isEqualTo("\"\\uD83D\"");
        assertThat(json(new BigDecimal("12.50"), BigDecimal.class)).isEqualTo("12.50");
        assertThat(json(Optional.empty(), type(new TypeReference<Optional<String>>() {})))
                .isEqualTo("null");
        assertThat(json(Instant.EPOCH, Instant.class)).isEqualTo("\"1970-01-01T00:00:00Z\"");
        assertThat(json(new byte[] {-1, 0, 1}, byte[].class)).isEqualTo("{\"base64\":\"/wAB\"}");
        assertThat(json(new Before("r", "x", new BigDecimal("1.0")), Before.class))
                .isEqualTo("{\"id\":\"r\",\"lost\":\"x\",\"amount\":1.0}");
        assertThat(json(new Payment.Card("c", BigDecimal.ONE), Payment.class))
                .isEqualTo("{\"OutcomeExamples$Payment$Card\":{\"type\":\"c\",\"limit\":1}}");
        assertThat(json(12.5, double.class)).isEqualTo("12.5e0");
        assertThat(json(1e-7, double.class)).isEqualTo("1.0e-7");
        assertThat(json(0.1f, float.class)).isEqualTo("0.1e0");
        assertThat(json(new double[] {1, 2.5}, double[].class)).isEqualTo("[1.0e0,2.5e0]");
        assertThat(json(Double.NaN, double.class)).isEqualTo("\"NaN\"");
    }

    @Test
    void whatVersionOneHasRecordedIsRead() {
        assertThat(replayed("1", void.class)).isNull();
        assertThat(replayed("1", String.class)).isNull();
        assertThat(replayed("10", int.class)).isEqualTo(0);
        assertThat(replayed("1\"é\\\"😀\"", String.class)).isEqualTo("é\"😀");
        assertThat(replayed("112.50", BigDecimal.class)).isEqualTo(new BigDecimal("12.50"));
        assertThat(replayed("112.5", double.class)).isEqualTo(12.5);
        assertThat(replayed("1\"NaN\"", double.class)).isEqualTo(Double.NaN);
        assertThat(replayed("1null", type(new TypeReference<Optional<String>>() {})))
                .isEqualTo(Optional.empty());
        assertThat(replayed("1\"/wAB\"", byte[].class)).isEqualTo(new byte[] {-1, 0, 1});
        assertThat(replayed("1{\"id\":\"r\",\"lost\":\"x\",\"amount\":1.0}", Before.class))
                .isEqualTo(new Before("r", "x", new BigDecimal("1.0")));
        assertThat(replayed("1{\"OutcomeExamples$Payment$Card\":{\"type\":\"c\",\"limit\":1}}", Payment.class))
                .isEqualTo(new Payment.Card("c", BigDecimal.ONE));
    }

    @Test
    void theBytesOfVersionOneAreTheseForFailures() {
        OutcomeType type = new OutcomeType(void.class, List.of(IllegalStateException.class));

        assertThat(failureText(new IllegalStateException("no \"funds\""), type))
                .isEqualTo("1{\"type\":\"java.lang.IllegalStateException\",\"message\":\"no \\\"funds\\\"\"}");
        assertThat(failureText(new IllegalStateException((String) null), type))
                .isEqualTo("1{\"type\":\"java.lang.IllegalStateException\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0\"a\"", "2\"a\"", "3\"a\"", "\"a\"", "{}"})
    void anUnknownVersionIsRefused(String content) {
        assertRefused(Encoded.Kind.VALUE, content, OutcomeType.of(String.class));
        assertRefused(Encoded.Kind.FAILURE, content, new OutcomeType(void.class, List.of(Refused.class)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"1\"a\"b", "1\"a\" \"b\"", "1\"a\"}", "1\"a", "1[\"a\"]", "1{}", "112", "1\"a\",", "1\"a\"\u0000"
            })
    void textThatIsNotOneStringIsNoString(String content) {
        assertRefused(Encoded.Kind.VALUE, content, OutcomeType.of(String.class));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1",
                "1null",
                "1[]",
                "1{}",
                "1{\"type\":null}",
                "1{\"type\":\"java.lang.IllegalStateException\"} x",
                "1{\"type\":\"java.lang.IllegalStateException\"",
                "1{\"type\":\"java.lang.RuntimeException\"}",
                "1{\"type\":\"io.idempotent.codec.OutcomeExamples$Bomb\"}"
            })
    void whatIsNoDeclaredFailureIsRefused(String content) {
        assertRefused(Encoded.Kind.FAILURE, content, new OutcomeType(void.class, List.of(IllegalStateException.class)));
        assertThat(OutcomeExamples.EXPLOSIONS).isEmpty();
    }

    @Test
    void aPrimitiveTypeIsNeverReadAsNull() {
        assertRefused(Encoded.Kind.VALUE, "1", OutcomeType.of(int.class));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1\"five\"", "1\"\"", "1\" \"", "1\"1.5\"", "11.5", "1true", "1[5]", "199999999999"})
    void whatIsNoIntIsNotReadAsOne(String content) {
        assertRefused(Encoded.Kind.VALUE, content, OutcomeType.of(int.class));
    }

    @Test
    void whatAnAnnotationWritesAsTextIsReadFromIt() {
        AsText value = new AsText(new BigDecimal("12.50"), Long.MAX_VALUE, 1.5, true);
        OutcomeType type = OutcomeType.of(AsText.class);

        assertThat(text(value, AsText.class)).contains("\"12.50\"", "\"9223372036854775807\"", "\"1.5\"", "\"true\"");
        assertThat(codec.decode(codec.encode(new Outcome.Value(value), type), type))
                .isEqualTo(new Outcome.Value(value));
    }

    @Test
    void whatWasRecordedByReferenceIsRefused() {
        RecordedOutcome reference = new RecordedOutcome.ByReference(new Outcome.Value("a"));

        assertThatThrownBy(() -> codec.decode(reference, OutcomeType.of(String.class)))
                .isInstanceOf(OutcomeCodecException.class);
    }

    // Content that cannot be encoded

    @Test
    void encodingThrowsNothingWhateverTheValueIs() {
        List<Object> cyclic = new ArrayList<>();
        cyclic.add(cyclic);
        Map<String, Object> indirectly = new HashMap<>();
        indirectly.put(SECRET, new ArrayList<>(List.of(indirectly)));

        for (Object value : List.of(
                cyclic,
                indirectly,
                new Throwing(SECRET),
                new ThrowingError(),
                new Opaque(SECRET),
                new Overflowing(),
                new Thread(SECRET),
                List.of(List.of(SECRET).iterator()),
                Stream.of(SECRET),
                (Supplier<String>) () -> SECRET)) {
            RecordedOutcome recorded = codec.encode(new Outcome.Value(value), OutcomeType.of(Object.class));

            assertThat(recorded).isInstanceOf(RecordedOutcome.NotReplayable.class);
            assertThat(recorded.toString()).doesNotContain(SECRET);
        }
    }

    @Test
    void aValueOfAnotherTypeThanDeclaredIsNotReplayable() {
        assertThat(codec.encode(new Outcome.Value(SECRET), OutcomeType.of(Before.class)))
                .isInstanceOfSatisfying(
                        RecordedOutcome.NotReplayable.class,
                        recorded -> assertThat(recorded.reason()).doesNotContain(SECRET));
    }

    @Test
    void aValueOverTheLimitIsNotReplayableAndOneAtTheLimitIs() {
        JacksonOutcomeCodec small =
                JacksonOutcomeCodec.builder().maximumLength(21).build();
        OutcomeType type = OutcomeType.of(String.class);

        assertThat(small.encode(new Outcome.Value("0123456789"), type))
                .isInstanceOfSatisfying(
                        Encoded.class,
                        recorded -> assertThat(recorded.content()).hasSize(21));
        assertThat(small.encode(new Outcome.Value("01234567890"), type))
                .isEqualTo(new RecordedOutcome.NotReplayable("it needs more than 21 bytes"));
    }

    @Test
    void writingStopsSoonAfterTheLimit() {
        List<Integer> read = new ArrayList<>();
        List<Integer> endless = new AbstractList<>() {
            @Override
            public Integer get(int index) {
                read.add(index);
                return index;
            }

            @Override
            public int size() {
                return Integer.MAX_VALUE;
            }
        };

        RecordedOutcome recorded = JacksonOutcomeCodec.builder()
                .maximumLength(100_000)
                .build()
                .encode(new Outcome.Value(endless), OutcomeType.of(type(new TypeReference<List<Integer>>() {})));

        assertThat(recorded).isEqualTo(new RecordedOutcome.NotReplayable("it needs more than 100000 bytes"));
        assertThat(read).hasSizeLessThan(100_000);
    }

    @Test
    void theDeepestValueThatIsWrittenCanBeRead() {
        Nested deepest = new Nested(null);
        for (int depth = 1; depth < JacksonOutcomeCodec.MAXIMUM_DEPTH; depth++) {
            deepest = new Nested(deepest);
        }
        OutcomeType type = OutcomeType.of(Nested.class);

        assertThat(codec.decode(codec.encode(new Outcome.Value(deepest), type), type))
                .isEqualTo(new Outcome.Value(deepest));
        assertThat(codec.encode(new Outcome.Value(new Nested(deepest)), type))
                .isInstanceOf(RecordedOutcome.NotReplayable.class);
    }

    @Test
    void aFailureThatIsNotDeclaredIsNotReplayable() {
        assertThat(codec.encode(
                        new Outcome.Failure(new RuntimeException(SECRET)),
                        new OutcomeType(void.class, List.of(IllegalStateException.class))))
                .isInstanceOfSatisfying(
                        RecordedOutcome.NotReplayable.class,
                        recorded -> assertThat(recorded.reason())
                                .contains("java.lang.RuntimeException")
                                .doesNotContain(SECRET));
    }

    // Failures

    @Test
    void aFailureComesBackAsTheMostSpecificDeclaredTypeThatItIs() {
        OutcomeType type = new OutcomeType(
                void.class,
                List.of(RuntimeException.class, IllegalArgumentException.class, NumberFormatException.class));

        assertThat(replayed(new NumberFormatException("a"), type))
                .isExactlyInstanceOf(NumberFormatException.class)
                .hasMessage("a");
        assertThat(replayed(new IllegalFormatWidthException(1), type))
                .isExactlyInstanceOf(IllegalArgumentException.class);
        assertThat(replayed(new Refused("b"), type)).isExactlyInstanceOf(RuntimeException.class);
    }

    @Test
    void aFailureIsMadeByTheConstructorThatThereIs() {
        OutcomeType type = new OutcomeType(
                void.class, List.of(WithCause.class, WithoutMessage.class, IOException.class, Refused.class));

        assertThat(replayed(new WithCause("a", new IOException("cause")), type))
                .isExactlyInstanceOf(WithCause.class)
                .hasMessage("a")
                .hasNoCause();
        assertThat(replayed(new WithoutMessage(), type))
                .isExactlyInstanceOf(WithoutMessage.class)
                .hasMessage("always this");
        assertThat(replayed(new IOException((String) null), type))
                .isExactlyInstanceOf(IOException.class)
                .hasMessage(null);
    }

    @Test
    void aReplayedFailureHasAStackTraceOfItsOwn() {
        Throwable replayed = replayed(new Refused("a"), new OutcomeType(void.class, List.of(Refused.class)));

        assertThat(replayed.getStackTrace())
                .anySatisfy(
                        element -> assertThat(element.getClassName()).isEqualTo(JacksonOutcomeCodec.class.getName()));
    }

    @Test
    void aConstructorThatThrowsIsReportedWithoutTheMessage() {
        OutcomeType type = new OutcomeType(void.class, List.of(Picky.class));
        RecordedOutcome recorded = encoded(
                Encoded.Kind.FAILURE, "1{\"type\":\"" + Picky.class.getName() + "\",\"message\":\"" + SECRET + "\"}");

        assertThatThrownBy(() -> codec.decode(recorded, type))
                .isInstanceOf(OutcomeCodecException.class)
                .hasMessageContaining(Picky.class.getName())
                .satisfies(JacksonOutcomeCodecTest::assertKeepsTheSecret);
    }

    // Secrets

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1{\"id\":\"%s\",\"lost\":{},\"amount\":1}",
                "1{\"id\":\"x\",\"amount\":\"%s\"}",
                "1{\"id\":%s}",
                "1\"%s",
                "1[\"%s\"]",
                "1{\"%s\":{\"id\":[}",
                "1{\"id\":\"x\"} %s"
            })
    void whatCannotBeReadIsNotShown(String content) {
        String hostile = content.formatted(SECRET);
        for (Type type : List.of(
                Before.class,
                int.class,
                Payment.class,
                Instant.class,
                type(new TypeReference<Map<String, Before>>() {}))) {
            assertThatThrownBy(() -> codec.decode(encoded(Encoded.Kind.VALUE, hostile), OutcomeType.of(type)))
                    .isInstanceOf(OutcomeCodecException.class)
                    .satisfies(JacksonOutcomeCodecTest::assertKeepsTheSecret);
        }
    }

    @Test
    void theMessageOfAConstructorThatRefusesIsNotShown() {
        assertThatThrownBy(() -> codec.decode(
                        encoded(Encoded.Kind.VALUE, "1{\"code\":\"" + SECRET + "\"}"), OutcomeType.of(Validated.class)))
                .isInstanceOf(OutcomeCodecException.class)
                .hasMessageContaining(Validated.class.getName())
                .hasMessageContaining("java.lang.IllegalArgumentException")
                .satisfies(JacksonOutcomeCodecTest::assertKeepsTheSecret);
    }

    // Startup

    static Stream<Type> refusedTypes() {
        return Stream.of(
                Object.class,
                Object[].class,
                List.class,
                List[].class,
                Number.class,
                Comparable.class,
                Class.class,
                Thread.class,
                type(new TypeReference<List<?>>() {}),
                type(new TypeReference<List<? extends Before>>() {}),
                type(new TypeReference<Map<String, Object>>() {}),
                type(new TypeReference<Map<Object, String>>() {}),
                type(new TypeReference<List<Optional<Map<String, List<?>>>>>() {}),
                type(new TypeReference<Class<Before>>() {}),
                type(new TypeReference<CompletionStage<String>>() {}),
                type(new TypeReference<CompletableFuture<String>>() {}),
                type(new TypeReference<Future<String>>() {}),
                type(new TypeReference<Flow.Publisher<String>>() {}),
                type(new TypeReference<Callable<String>>() {}),
                type(new TypeReference<Supplier<String>>() {}),
                type(new TypeReference<Stream<String>>() {}),
                type(new TypeReference<Optional<Stream<String>>>() {}),
                type(new TypeReference<Iterator<String>>() {}),
                type(new TypeReference<OutcomeExamples.Box<Object>>() {}),
                OutcomeExamples.Box.class,
                IntStream.class,
                InputStream.class,
                ByteArrayInputStream.class,
                OutputStream.class,
                Reader.class,
                Runnable.class,
                Open.class,
                OpenByClassName.class,
                HoldsAny.class,
                HoldsRaw.class,
                HoldsOpen.class,
                HoldsStream.class,
                PartlyOpen.class,
                Secretive.class,
                genericMethod());
    }

    @ParameterizedTest
    @MethodSource("refusedTypes")
    void aTypeThatDoesNotSayWhatToReadIsRefusedAtStartup(Type type) {
        assertThatThrownBy(() -> codec.check(OutcomeType.of(type)))
                .isInstanceOfSatisfying(IdempotencyConfigurationException.class, refused -> {
                    assertThat(refused.description()).contains("'" + type.getTypeName() + "'");
                    assertThat(refused.action()).contains("concrete type").contains("Caffeine");
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "org.reactivestreams.Publisher",
                "io.reactivex.rxjava3.core.SingleSource",
                "io.smallrye.mutiny.Uni",
                "kotlinx.coroutines.flow.Flow",
                "org.springframework.web.context.request.async.DeferredResult"
            })
    void aReactiveTypeIsRefusedAtStartupThoughItsLibraryIsNotKnownHere(String name) {
        ByteBuddy classes = new ByteBuddy();
        var library = classes.makeInterface().name(name).make();
        var subtype = classes.makeInterface(library.getTypeDescription())
                .name("shop.Receipts")
                .make();
        Class<?> loaded = subtype.include(library)
                .load(getClass().getClassLoader(), ClassLoadingStrategy.Default.WRAPPER)
                .getLoaded();

        assertThatThrownBy(() -> codec.check(OutcomeType.of(loaded)))
                .isInstanceOf(IdempotencyConfigurationException.class)
                .hasMessageContaining("'shop.Receipts' is no content: its content comes later");
    }

    @ParameterizedTest
    @ValueSource(classes = {AbstractFailure.class, WithNumber.class})
    void aFailureThatCannotBeMadeIsRefusedAtStartup(Class<? extends Throwable> failure) {
        assertThatThrownBy(() -> codec.check(new OutcomeType(void.class, List.of(failure))))
                .isInstanceOf(IdempotencyConfigurationException.class)
                .hasMessageContaining("'" + failure.getName() + "'")
                .hasMessageContaining("Caffeine");
    }

    // Customizing

    @Test
    void aCustomizerChangesTheMapper() {
        JacksonOutcomeCodec snake = JacksonOutcomeCodec.builder()
                .customizer(mapper -> mapper.propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE))
                .build();

        RecordedOutcome recorded = snake.encode(new Outcome.Value(new Camel("a")), OutcomeType.of(Camel.class));

        assertThat(text(recorded, Encoded.Kind.VALUE)).endsWith("{\"two_words\":\"a\"}");
        assertThat(snake.decode(recorded, OutcomeType.of(Camel.class))).isEqualTo(new Outcome.Value(new Camel("a")));
    }

    @Test
    void aCustomizerThatActivatesDefaultTypingIsRefused() {
        var everything = BasicPolymorphicTypeValidator.builder()
                .allowIfBaseType(Object.class)
                .build();
        for (DefaultTyping typing : DefaultTyping.values()) {
            assertThatThrownBy(() -> JacksonOutcomeCodec.builder()
                            .customizer(mapper -> mapper.activateDefaultTyping(everything, typing))
                            .build())
                    .isInstanceOf(IdempotencyConfigurationException.class)
                    .hasMessageContaining("default typing");
        }
        assertThatThrownBy(() -> JacksonOutcomeCodec.builder()
                        .customizer(mapper -> mapper.setDefaultTyping(new StdTypeResolverBuilder()))
                        .build())
                .isInstanceOf(IdempotencyConfigurationException.class);
    }

    @Test
    void aCustomizerCannotLetContentNameClasses() {
        var everything = BasicPolymorphicTypeValidator.builder()
                .allowIfBaseType(Object.class)
                .allowIfSubType(Object.class)
                .build();
        JacksonOutcomeCodec lax = JacksonOutcomeCodec.builder()
                .customizer(mapper -> mapper.polymorphicTypeValidator(everything))
                .build();

        assertThatThrownBy(() -> lax.decode(
                        encoded(Encoded.Kind.VALUE, "1{\"@class\":\"" + OpenByClassName.Hidden.class.getName() + "\"}"),
                        OutcomeType.of(OpenByClassName.class)))
                .isInstanceOf(OutcomeCodecException.class);
    }

    @Test
    void theLimitHasToBePositive() {
        assertThatThrownBy(() -> JacksonOutcomeCodec.builder().maximumLength(0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private String text(@Nullable Object value, Type type) {
        return text(codec.encode(new Outcome.Value(value), OutcomeType.of(type)), Encoded.Kind.VALUE);
    }

    /** What is recorded after the version and what stands for the type's properties. */
    private String json(Object value, Type type) {
        String text = text(value, type);
        assertThat(text).startsWith("2");
        return text.substring(1 + OutcomeTypeCheck.SCHEMA_LENGTH);
    }

    private @Nullable Object replayed(String content, Type type) {
        Outcome outcome = codec.decode(encoded(Encoded.Kind.VALUE, content), OutcomeType.of(type));
        return ((Outcome.Value) outcome).value();
    }

    private String failureText(Throwable failure, OutcomeType type) {
        return text(codec.encode(new Outcome.Failure(failure), type), Encoded.Kind.FAILURE);
    }

    private static String text(RecordedOutcome recorded, Encoded.Kind kind) {
        assertThat(recorded).isInstanceOf(Encoded.class);
        Encoded encoded = (Encoded) recorded;
        assertThat(encoded.kind()).isEqualTo(kind);
        return new String(encoded.content(), StandardCharsets.UTF_8);
    }

    private static Encoded encoded(Encoded.Kind kind, String content) {
        return new Encoded(kind, content.getBytes(StandardCharsets.UTF_8));
    }

    private Throwable replayed(Throwable failure, OutcomeType type) {
        codec.check(type);
        Outcome replayed = codec.decode(codec.encode(new Outcome.Failure(failure), type), type);
        return ((Outcome.Failure) replayed).cause();
    }

    private void assertRefused(Encoded.Kind kind, String content, OutcomeType type) {
        assertThatThrownBy(() -> codec.decode(encoded(kind, content), type))
                .isInstanceOf(OutcomeCodecException.class)
                .hasNoCause();
    }

    private static void assertKeepsTheSecret(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        assertThat(text.toString()).doesNotContain(SECRET).doesNotContain("secret");
    }

    private static Type type(TypeReference<?> reference) {
        return reference.getType();
    }

    private static Type genericMethod() {
        try {
            return JacksonOutcomeCodecTest.class.getDeclaredMethod("generic").getGenericReturnType();
        } catch (NoSuchMethodException impossible) {
            throw new AssertionError(impossible);
        }
    }

    @SuppressWarnings({"unused", "TypeParameterUnusedInFormals"}) // Its type is what counts.
    private static <T> @Nullable T generic() {
        return null;
    }

    record Nested(@Nullable Nested inner) {}

    record Camel(String twoWords) {}

    record AsText(
            @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal amount,
            @JsonFormat(shape = JsonFormat.Shape.STRING) long number,
            @JsonFormat(shape = JsonFormat.Shape.STRING) Double ratio,
            @JsonFormat(shape = JsonFormat.Shape.STRING) boolean decided) {}

    record Validated(String code) {

        Validated {
            if (code.length() > 3) {
                throw new IllegalArgumentException("code too long: " + code);
            }
        }
    }

    record HoldsAny(Object any) {}

    @SuppressWarnings("rawtypes") // What is refused.
    record HoldsRaw(List raw) {}

    record HoldsOpen(List<Map<String, Open>> open) {}

    record HoldsStream(Optional<InputStream> stream) {}

    interface Open {
        String name();
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
    interface OpenByClassName {

        record Hidden() implements OpenByClassName {}
    }

    sealed interface PartlyOpen {

        record Closed(String name) implements PartlyOpen {}

        non-sealed interface Opened extends PartlyOpen {}
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

    /** Its only field is no part of what it is. */
    static final class Secretive {

        private final transient String content = "";

        @Override
        public String toString() {
            return content;
        }
    }

    static final class ThrowingError {

        @SuppressWarnings("DoNotCallSuggester") // Jackson calls it.
        public String getText() {
            throw new AssertionError(SECRET);
        }
    }

    static final class Overflowing {

        @SuppressWarnings("InfiniteRecursion") // What is tried out.
        public Overflowing getNext() {
            return getNext();
        }
    }

    static class WithCause extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private WithCause(String message, Throwable cause) {
            super(message, cause);
        }
    }

    static final class WithoutMessage extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private WithoutMessage() {
            super("always this");
        }
    }

    static final class WithNumber extends RuntimeException {

        private static final long serialVersionUID = 1L;

        WithNumber(int number) {
            super("number " + number);
        }
    }

    static final class Picky extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Picky(String message) {
            throw new IllegalArgumentException("not " + message);
        }
    }

    abstract static class AbstractFailure extends RuntimeException {

        private static final long serialVersionUID = 1L;

        AbstractFailure(String message) {
            super(message);
        }
    }
}
