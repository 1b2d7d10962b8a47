package io.idempotent.spring.annotation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.codec.CanonicalFingerprinter;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.hibernate.proxy.HibernateProxy;
import org.hibernate.proxy.LazyInitializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.mockito.Mockito;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.PayloadApplicationEvent;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpEntity;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.RequestEntity;
import org.springframework.http.ResponseEntity;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.support.GenericMessage;
import org.springframework.mock.web.MockMultipartFile;
import org.springframework.mock.web.MockPart;
import org.springframework.util.MimeType;
import tools.jackson.databind.json.JsonMapper;

/** Of an envelope the payload counts, and nothing that is added anew on each delivery or request. */
class EnvelopeTest {

    record Charge(String id, BigDecimal amount) {}

    static final class Charged extends ApplicationEvent {

        private static final long serialVersionUID = 1L;

        private final String id;

        Charged(Object source, String id) {
            super(source);
            this.id = id;
        }

        @Override
        public String toString() {
            return id;
        }
    }

    record Job(Message<Charge> message) {}

    private final CanonicalFingerprinter fingerprinter = CanonicalFingerprinter.create();

    private static Charge charge(int amount) {
        return new Charge("a", new BigDecimal(amount));
    }

    private static Message<Charge> message(int amount, String header) {
        return new GenericMessage<>(charge(amount), Map.of("trace", header));
    }

    private static ConsumerRecord<String, Charge> entry(
            String topic, int partition, long offset, String key, int amount) {
        return new ConsumerRecord<>(topic, partition, offset, key, charge(amount));
    }

    private static ConsumerRecords<String, Charge> batch(List<ConsumerRecord<String, Charge>> entries) {
        return new ConsumerRecords<>(Map.of(new TopicPartition("t", 1), entries), Map.of());
    }

    private static HttpEntity<Charge> entity(int amount, String trace) {
        HttpHeaders headers = new HttpHeaders();
        headers.set("X-Trace", trace);
        return new HttpEntity<>(charge(amount), headers);
    }

    private static RequestEntity<Charge> request(String host, String path, int amount) {
        return RequestEntity.post(URI.create("http://" + host + path))
                .header("X-Host", host)
                .body(charge(amount));
    }

    private static MockPart part(String content) {
        return new MockPart("file", "a.txt", content.getBytes(StandardCharsets.UTF_8));
    }

    private static Object proxyOf(Object entity) {
        LazyInitializer initializer = Mockito.mock(LazyInitializer.class);
        Mockito.when(initializer.getImplementation()).thenReturn(entity);
        return new HibernateProxy() {
            private static final long serialVersionUID = 1L;

            @Override
            public Object writeReplace() {
                return this;
            }

            @Override
            public LazyInitializer getHibernateLazyInitializer() {
                return initializer;
            }
        };
    }

    static Stream<Arguments> envelopes() {
        Object here = new Object();
        return Stream.of(
                Arguments.of(message(1, "x"), message(1, "y"), message(2, "x")),
                Arguments.of(new Job(message(1, "x")), new Job(message(1, "y")), new Job(message(2, "x"))),
                Arguments.of(
                        List.of(message(1, "x"), message(2, "x")),
                        List.of(message(1, "y"), message(2, "y")),
                        List.of(message(2, "x"), message(1, "x"))),
                Arguments.of(entry("t", 1, 1, "k", 1), entry("retry", 2, 2, "k", 1), entry("t", 1, 1, "k", 2)),
                Arguments.of(entry("t", 1, 1, "k", 1), entry("t", 1, 1, "k", 1), entry("t", 1, 1, "other", 1)),
                Arguments.of(
                        batch(List.of(entry("t", 1, 1, "k", 1), entry("t", 1, 2, "k", 2))),
                        batch(List.of(entry("t", 1, 7, "k", 2), entry("t", 1, 8, "k", 1))),
                        batch(List.of(entry("t", 1, 1, "k", 1)))),
                Arguments.of(entity(1, "x"), entity(1, "y"), entity(2, "x")),
                Arguments.of(request("a", "/x?y", 1), request("b", "/x?y", 1), request("a", "/x?y", 2)),
                Arguments.of(request("a", "/x?y", 1), request("a", "/x?y", 1), request("a", "/x?z", 1)),
                Arguments.of(
                        new ResponseEntity<>("a", HttpStatus.OK),
                        new ResponseEntity<>("a", HttpStatus.OK),
                        new ResponseEntity<>("a", HttpStatus.CREATED)),
                Arguments.of(
                        new MockMultipartFile("file", "a.txt", "text/plain", new byte[] {1}),
                        new MockMultipartFile("file", "a.txt", "text/plain", new byte[] {1}),
                        new MockMultipartFile("file", "a.txt", "text/plain", new byte[] {2})),
                Arguments.of(part("a"), part("a"), part("b")),
                Arguments.of(new Charged(here, "a"), new Charged("there", "a"), new Charged(here, "b")),
                Arguments.of(
                        new PayloadApplicationEvent<>(here, charge(1)),
                        new PayloadApplicationEvent<>("there", charge(1)),
                        new PayloadApplicationEvent<>(here, charge(2))),
                Arguments.of(proxyOf(charge(1)), charge(1), proxyOf(charge(2))),
                Arguments.of(
                        new MimeType("text", "plain"), MimeType.valueOf("text/plain"), new MimeType("text", "html")),
                Arguments.of(
                        JsonMapper.shared().readTree("{\"a\":[1,{\"b\":null}],\"c\":1.5}"),
                        JsonMapper.shared().readTree("{\"c\":1.5,\"a\":[1,{\"b\":null}]}"),
                        JsonMapper.shared().readTree("{\"c\":1.5,\"a\":[1,{}]}")));
    }

    @ParameterizedTest
    @MethodSource("envelopes")
    void thePayloadCountsAndNothingElse(Object one, Object same, Object other) {
        assertThat(fingerprinter.refusal(one.getClass())).isNull();
        assertThat(fingerprinter.fingerprint(List.of(one)))
                .isEqualTo(fingerprinter.fingerprint(List.of(same)))
                .isNotEqualTo(fingerprinter.fingerprint(List.of(other)));
    }

    @Test
    void aPayloadThatCannotBeComparedIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> fingerprinter.fingerprint(new GenericMessage<>(new Thread("secret"))))
                .withMessageContaining("java.lang.Thread")
                .withMessageNotContaining("secret");
    }

    static class Listener {

        private final List<Object> seen = new ArrayList<>();

        public List<Object> seen() {
            return seen;
        }

        @Idempotent(key = "#entry.key()")
        public void onRecord(ConsumerRecord<String, Charge> entry) {
            seen.add(entry);
        }

        @Idempotent(key = "#message.payload.id")
        public void onMessage(Message<Charge> message, MessageHeaders headers, @Header("trace") String trace) {
            seen.add(message);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    @Test
    void aRedeliveryIsReplayedAndOtherContentIsRefused() {
        try (var context = new AnnotationConfigApplicationContext(Enabled.class, Listener.class)) {
            Listener listener = context.getBean(Listener.class);
            listener.onRecord(entry("t", 1, 1, "k", 1));
            listener.onRecord(entry("retry", 2, 2, "k", 1));
            assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                    .isThrownBy(() -> listener.onRecord(entry("t", 1, 1, "k", 2)));
            listener.onMessage(message(1, "x"), message(1, "x").getHeaders(), "x");
            listener.onMessage(message(1, "y"), message(1, "y").getHeaders(), "y");
            assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                    .isThrownBy(() ->
                            listener.onMessage(message(2, "x"), message(2, "x").getHeaders(), "x"));
            assertThat(listener.seen()).hasSize(2);
        }
    }
}
