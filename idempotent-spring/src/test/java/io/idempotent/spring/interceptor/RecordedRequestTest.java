package io.idempotent.spring.interceptor;

import static io.idempotent.spring.interceptor.RecoveringApplication.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyKey;
import io.idempotent.spring.DurableBackend;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.Recovery.Result;
import io.idempotent.spring.operation.Recovery.UnreadableRequestException;
import io.idempotent.spring.operation.RequestEncryption;
import io.idempotent.store.RecordedRequest;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** What a call records of itself: who can read it, and in which versions of the application. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.idempotent.spring.DurableBackend#wanted")
@ExtendWith(OutputCaptureExtension.class)
class RecordedRequestTest {

    private static final String SECRET = "4111 1111 1111 1111";

    /** The first version of the application. */
    static class First {

        record Card(String number, String holder) {}

        @Idempotent(key = "#id", operation = "pay", recover = @Idempotent.Recover(after = "1m"))
        public String pay(String id, Card card) {
            return "first";
        }

        @Idempotent(key = "#id", operation = "count", fingerprint = "#id", recover = @Idempotent.Recover(after = "1m"))
        public String count(String id, int number) {
            return "first";
        }
    }

    /** What a later version was called with. */
    abstract static class Later {

        private final List<Object> paid = new CopyOnWriteArrayList<>();

        String paidBy(Object card) {
            paid.add(card);
            return "later";
        }

        public List<Object> paid() {
            return paid;
        }
    }

    /** A field more, which may be missing. */
    static class WithOneMore extends Later {

        record Card(String number, String holder, @Nullable String currency) {}

        @Idempotent(key = "#id", operation = "pay", recover = @Idempotent.Recover(after = "1m"))
        public String pay(String id, Card card) {
            return paidBy(card);
        }
    }

    /** A field less. */
    static class WithOneLess extends Later {

        record Card(String number) {}

        @Idempotent(key = "#id", operation = "pay", recover = @Idempotent.Recover(after = "1m"))
        public String pay(String id, Card card) {
            return paidBy(card);
        }
    }

    /** Another type of the second parameter. */
    static class WithAnotherType {
        @Idempotent(key = "#id", operation = "count", fingerprint = "#id", recover = @Idempotent.Recover(after = "1m"))
        public String count(String id, String number) {
            return "second";
        }
    }

    /** A parameter more. */
    static class WithAnotherParameter {
        @Idempotent(key = "#id", operation = "count", fingerprint = "#id", recover = @Idempotent.Recover(after = "1m"))
        public String count(String id, int number, @Nullable String note) {
            return "second";
        }
    }

    /** Something to load the argument with. */
    static class WithLoading {
        @Idempotent(
                key = "#id",
                operation = "count",
                fingerprint = "#id",
                recover = @Idempotent.Recover(after = "1m", arguments = "#id", loadWith = "load"))
        public String count(String id) {
            return "second";
        }

        String load(String id) {
            return id;
        }
    }

    /** Turns each bit around: what is not to be read as it is cannot be, and all else is the test's. */
    static class Turning implements RequestEncryption {

        final List<String> operations = new CopyOnWriteArrayList<>();
        volatile boolean broken;

        @Override
        public byte[] encrypt(String operation, byte[] content) {
            operations.add("encrypt " + operation);
            return turned(content);
        }

        @Override
        public byte[] decrypt(String operation, byte[] content) {
            operations.add("decrypt " + operation);
            return turned(content);
        }

        private byte[] turned(byte[] content) {
            if (broken) {
                throw new IllegalStateException("no key for " + SECRET);
            }
            byte[] turned = content.clone();
            for (int index = 0; index < turned.length; index++) {
                turned[index] = (byte) ~turned[index];
            }
            return turned;
        }
    }

    private final DurableBackend backend;
    private final String address;

    RecordedRequestTest(DurableBackend backend) {
        this.backend = backend;
        this.address = backend.newAddress();
    }

    private RecoveringApplication start(Class<?>... beans) {
        return RecoveringApplication.start(backend, address, context -> register(context, beans));
    }

    private static void register(AnnotationConfigApplicationContext context, Class<?>... beans) {
        Stream.of(beans).forEach(bean -> context.registerBean(bean));
    }

    private static String text(RecordedRequest request) {
        return new String(request.content(), StandardCharsets.ISO_8859_1);
    }

    private static First.Card card() {
        return new First.Card(SECRET, "Ann");
    }

    @Test
    void whatIsEncryptedCannotBeReadInTheStore() {
        IdempotencyKey key = key("pay", "1");
        try (RecoveringApplication application = start(First.class, Turning.class)) {
            application.cutOff(() -> application.bean(First.class).pay("1", card()));
            RecordedRequest request = Objects.requireNonNull(application.store().request(key));
            assertThat(text(request))
                    .doesNotContain(SECRET)
                    .doesNotContain("Ann")
                    .doesNotContain("Card");
            assertThat(request.toString()).doesNotContain(SECRET);
            assertThat(application.recover(key)).isEqualTo(Result.FINISHED);
            assertThat(application.bean(Turning.class).operations).containsExactly("encrypt pay", "decrypt pay");
        }
    }

    @Test
    void whatIsNotEncryptedIsThereAsItIs() {
        IdempotencyKey key = key("pay", "1");
        try (RecoveringApplication application = start(First.class)) {
            application.cutOff(() -> application.bean(First.class).pay("1", card()));
            assertThat(text(Objects.requireNonNull(application.store().request(key))))
                    .contains(SECRET);
        }
        // Encryption that came later reads what is there.
        try (RecoveringApplication application = start(First.class, Turning.class)) {
            assertThat(application.recover(key)).isEqualTo(Result.FINISHED);
            assertThat(application.bean(Turning.class).operations).isEmpty();
        }
    }

    @Test
    void whatCannotBeDecryptedIsUnreadable() {
        IdempotencyKey key = key("pay", "1");
        try (RecoveringApplication application = start(First.class, Turning.class)) {
            application.cutOff(() -> application.bean(First.class).pay("1", card()));
            application.bean(Turning.class).broken = true;
            assertUnreadable(application, key, "could not be decrypted (java.lang.IllegalStateException)");
        }
        try (RecoveringApplication application = start(First.class)) {
            assertUnreadable(application, key, "is encrypted, and there is no bean of type");
        }
    }

    @Test
    void aCallThatCannotBeEncryptedRuns(CapturedOutput output) {
        try (RecoveringApplication application = start(First.class, Turning.class)) {
            application.bean(Turning.class).broken = true;
            application.cutOff(() -> application.bean(First.class).pay("1", card()));
            assertThat(application.store().record(key("pay", "1")).isAbandoned())
                    .isTrue();
            assertThat(application.store().request(key("pay", "1"))).isNull();
            assertThat(output)
                    .contains("A call of operation 'pay' runs, and cannot be recovered")
                    .doesNotContain(SECRET);
        }
    }

    static Stream<Arguments> evolved() {
        return Stream.of(
                Arguments.of(WithOneMore.class, new WithOneMore.Card(SECRET, "Ann", null)),
                Arguments.of(WithOneLess.class, new WithOneLess.Card(SECRET)));
    }

    @ParameterizedTest
    @MethodSource("evolved")
    void aFieldThatCameOrWentIsNoHindrance(Class<? extends Later> later, Object expected) {
        IdempotencyKey key = key("pay", "1");
        try (RecoveringApplication first = start(First.class)) {
            first.cutOff(() -> first.bean(First.class).pay("1", card()));
        }
        try (RecoveringApplication second = start(later)) {
            RecordedRequest request = Objects.requireNonNull(second.store().request(key));
            assertThat(second.recovery("pay").recover(second.store().record(key), renamed(request, later)))
                    .isEqualTo(Result.FINISHED);
            assertThat(second.bean(Later.class).paid()).containsExactly(expected);
        }
    }

    /** As the first version would have recorded it, had the class the name that it has here in the second. */
    private static RecordedRequest renamed(RecordedRequest request, Class<?> later) {
        byte[] content = request.content();
        RequestForm form = RequestForm.read(Arrays.copyOfRange(content, 1, content.length));
        List<RequestForm.Part> parts = form.parts().stream()
                .map(part -> new RequestForm.Part(
                        part.type().replace(First.class.getSimpleName(), later.getSimpleName()), part.content()))
                .toList();
        byte[] bytes = new RequestForm(form.reloaded(), form.context(), parts).bytes();
        byte[] marked = new byte[bytes.length + 1];
        System.arraycopy(bytes, 0, marked, 1, bytes.length);
        return new RecordedRequest(marked);
    }

    @ParameterizedTest
    @MethodSource("others")
    void anotherSignatureIsUnreadable(Class<?> other) {
        IdempotencyKey key = key("count", "1");
        try (RecoveringApplication first = start(First.class)) {
            first.cutOff(() -> first.bean(First.class).count("1", 4711));
        }
        try (RecoveringApplication second = start(other)) {
            assertThatExceptionOfType(UnreadableRequestException.class)
                    .isThrownBy(() -> second.recover(key))
                    .withMessageContaining("[java.lang.String, int]")
                    .withMessageContaining("[java.lang.String")
                    .withMessageNotContaining("4711");
            assertThat(second.store().record(key).takeovers()).isZero();
        }
        // The node that knows it finishes it.
        try (RecoveringApplication first = start(First.class)) {
            assertThat(first.recover(key)).isEqualTo(Result.FINISHED);
        }
    }

    static Stream<Class<?>> others() {
        return Stream.of(WithAnotherType.class, WithAnotherParameter.class, WithLoading.class);
    }

    @Test
    void whatNobodyWroteIsUnreadable() {
        IdempotencyKey key = key("count", "1");
        try (RecoveringApplication application = start(First.class)) {
            application.cutOff(() -> application.bean(First.class).count("1", 4711));
            byte[] content =
                    Objects.requireNonNull(application.store().request(key)).content();
            for (int length = 0; length < content.length; length++) {
                assertUnreadable(application, key, Arrays.copyOf(content, length));
            }
            assertUnreadable(application, key, Arrays.copyOf(content, content.length + 1));
            byte[] otherVersion = content.clone();
            otherVersion[1] = 2;
            assertUnreadable(application, key, otherVersion);
            otherVersion[0] = 7;
            assertUnreadable(application, key, otherVersion);
        }
    }

    private static void assertUnreadable(RecoveringApplication application, IdempotencyKey key, byte[] content) {
        assertThatExceptionOfType(UnreadableRequestException.class)
                .isThrownBy(() -> application
                        .recovery(key.operation())
                        .recover(application.store().record(key), new RecordedRequest(content)));
    }

    private static void assertUnreadable(RecoveringApplication application, IdempotencyKey key, String problem) {
        assertThatExceptionOfType(UnreadableRequestException.class)
                .isThrownBy(() -> application.recover(key))
                .withMessageContaining(problem)
                .satisfies(failure -> {
                    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                        assertThat(String.valueOf(cause.getMessage())).doesNotContain(SECRET);
                    }
                });
        assertThat(application.store().record(key).takeovers()).isZero();
    }
}
