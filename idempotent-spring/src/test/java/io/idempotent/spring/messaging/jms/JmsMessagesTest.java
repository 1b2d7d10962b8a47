package io.idempotent.spring.messaging.jms;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.codec.CanonicalFingerprinter;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.messaging.MessageKeys;
import jakarta.jms.BytesMessage;
import jakarta.jms.MapMessage;
import jakarta.jms.Message;
import jakarta.jms.TextMessage;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jms.core.JmsClient;
import org.springframework.jms.core.JmsTemplate;
import org.springframework.jms.core.MessageCreator;

/** Messages of JMS: their keys, what of them counts, and the keys of those that are sent. */
class JmsMessagesTest {

    private final String queue = "q-" + UUID.randomUUID();
    private final JmsTemplate template = new JmsTemplate(ArtemisBroker.connections());

    @BeforeEach
    void create() {
        ArtemisBroker.create(queue);
        template.setReceiveTimeout(10_000);
    }

    private Message received(MessageCreator creator, String trace) {
        template.send(queue, session -> {
            Message message = creator.createMessage(session);
            message.setStringProperty("trace", trace);
            return message;
        });
        return template.receive(queue);
    }

    static Stream<List<MessageCreator>> bodies() {
        return Stream.of(
                List.of(session -> session.createTextMessage("a"), session -> session.createTextMessage("b")),
                List.of(
                        session -> bytes(session.createBytesMessage(), 1),
                        session -> bytes(session.createBytesMessage(), 2)),
                List.of(
                        session -> map(session.createMapMessage(), "a"),
                        session -> map(session.createMapMessage(), "b")),
                List.of(session -> session.createObjectMessage("a"), session -> session.createObjectMessage("b")));
    }

    private static Message bytes(BytesMessage message, int content) throws jakarta.jms.JMSException {
        message.writeBytes(new byte[] {7, (byte) content});
        return message;
    }

    private static Message map(MapMessage message, String content) throws jakarta.jms.JMSException {
        message.setString("name", content);
        return message;
    }

    @ParameterizedTest
    @MethodSource("bodies")
    void aMessageIsWhatItsBodyIsWhateverItsPropertiesAre(List<MessageCreator> bodies) {
        CanonicalFingerprinter fingerprinter = CanonicalFingerprinter.create();
        Message one = received(bodies.get(0), "x");
        assertThat(fingerprinter.refusal(one.getClass())).isNull();
        assertThat(fingerprinter.fingerprint(List.of(one)))
                .isEqualTo(fingerprinter.fingerprint(List.of(received(bodies.get(0), "y"))))
                .isNotEqualTo(fingerprinter.fingerprint(List.of(received(bodies.get(1), "x"))));
    }

    @Test
    void aListenerReadsTheBytesOfAMessageThoughTheyWereReadForItsFingerprint() throws Exception {
        BytesMessage message = (BytesMessage) received(session -> bytes(session.createBytesMessage(), 1), "x");
        CanonicalFingerprinter.create().fingerprint(List.of(message));
        assertThat(message.readByte()).isEqualTo((byte) 7);
    }

    @Test
    void aMessageHasTheKeyOfItsPropertyOrElseItsId() throws Exception {
        try (var context = new AnnotationConfigApplicationContext(Enabled.class)) {
            MessageKeys keys = context.getBean(MessageKeys.class);
            Message none = received(session -> session.createTextMessage("a"), "x");
            assertThat(keys.of(none)).containsExactly("id", none.getJMSMessageID());
            Message one = received(
                    session -> {
                        TextMessage message = session.createTextMessage("a");
                        message.setStringProperty(MessageKeys.PROPERTY, "k");
                        return message;
                    },
                    "x");
            assertThat(keys.of(one)).containsExactly("key", "k");
        }
    }

    @Test
    void whatAnExecutionSendsByEitherClientHasItsKeysAndOthersNone() throws Exception {
        try (var context = new AnnotationConfigApplicationContext(Enabled.class, Sender.class)) {
            Sender sender = context.getBean(Sender.class);
            sender.sendAll("k", queue);
            String first = template.receive(queue).getStringProperty(MessageKeys.PROPERTY);
            String second = template.receive(queue).getStringProperty(MessageKeys.PROPERTY);
            String own = template.receive(queue).getStringProperty(MessageKeys.PROPERTY);
            assertThat(first).isNotNull().isNotEqualTo(second);
            assertThat(second).isNotNull();
            assertThat(own).isEqualTo("its own");

            sender.send(queue);
            assertThat(template.receive(queue).propertyExists(MessageKeys.PROPERTY))
                    .isFalse();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {

        @Bean
        JmsTemplate jmsTemplate() {
            return new JmsTemplate(ArtemisBroker.connections());
        }
    }

    static class Sender {

        private final JmsTemplate template;

        Sender(JmsTemplate template) {
            this.template = template;
        }

        @Idempotent(key = "#key")
        public void sendAll(String key, String queue) {
            send(queue);
            template.convertAndSend(queue, "b", new IdempotencyKeyPostProcessor(queue));
            template.convertAndSend(queue, (Object) "c", message -> {
                message.setStringProperty(MessageKeys.PROPERTY, "its own");
                return new IdempotencyKeyPostProcessor(queue).postProcessMessage(message);
            });
        }

        public void send(String queue) {
            JmsClient.builder(template.getConnectionFactory())
                    .messagePostProcessor(new IdempotencyKeyPostProcessor(queue))
                    .build()
                    .destination(queue)
                    .send("a");
        }
    }
}
