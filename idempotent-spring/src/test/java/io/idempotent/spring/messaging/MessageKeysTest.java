package io.idempotent.spring.messaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.idempotent.spring.annotation.EnableIdempotency;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.Message;
import org.springframework.messaging.support.GenericMessage;

/** Keys in the headers of Spring's messages, which every broker's library delivers. */
class MessageKeysTest {

    private final MessageKeys keys =
            new MessageKeys(new StaticListableBeanFactory().getBeanProvider(ListenerKind.class));

    @ParameterizedTest
    @ValueSource(strings = {"Idempotency-Key", "Idempotency_Key"})
    void theHeaderIsAText(String name) {
        assertThat(keys.header(message(Map.of(name, "4711")))).isEqualTo("4711");
    }

    @Test
    void theHeaderMayBeTheBytesOfAText() {
        byte[] bytes = "Zürich".getBytes(StandardCharsets.UTF_8);

        assertThat(keys.header(message(Map.of("Idempotency-Key", bytes)))).isEqualTo("Zürich");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ce_", "ce-", "cloudEvents:", "cloudEvents_"})
    void anEventIsIdentifiedByItsSourceAndItsId(String prefix) {
        Message<String> event =
                message(Map.of(prefix + "source", "/shop", prefix + "id", "e-1", prefix + "type", "paid"));

        assertThat(keys.event(event)).containsExactly("/shop", "e-1");
    }

    @Test
    void anIdWithoutItsSourceIdentifiesNoEvent() {
        assertThat(keys.event(message(Map.of("ce_id", "e-1")))).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"amqp_messageId", "jms_messageId"})
    void theIdIsTheOneThatTheMessageWasSentWith(String name) {
        assertThat(keys.id(message(Map.of(name, "m-1")))).isEqualTo("m-1");
    }

    @Test
    void theIdThatEachDeliveryGetsIsNoKey() {
        Message<String> message = message(Map.of());

        assertThat(message.getHeaders().getId()).isNotNull();
        assertThat(keys.id(message)).isNull();
        assertThat(keys.of(message)).isNull();
    }

    @Test
    void aDeliveryOfKafkaIsAPlace() {
        Map<String, Object> place =
                Map.of("kafka_receivedTopic", "orders", "kafka_receivedPartitionId", 3, "kafka_offset", 42L);

        assertThat(keys.delivery(message(place))).containsExactly("orders", "3", "42");
        assertThat(keys.delivery(message(Map.of("kafka_receivedTopic", "orders"))))
                .isNull();
        // Only if asked for: it recognizes no request.
        assertThat(keys.of(message(place))).isNull();
    }

    @Test
    void theKeyBeatsTheEventWhichBeatsTheIdAndNoneIsTheOther() {
        Map<String, Object> id = Map.of("amqp_messageId", "same");
        Map<String, Object> event = Map.of("amqp_messageId", "same", "ce_id", "same", "ce_source", "/shop");
        Map<String, Object> key =
                Map.of("amqp_messageId", "same", "ce_id", "same", "ce_source", "/shop", "Idempotency-Key", "same");

        assertThat(keys.of(message(key))).containsExactly("key", "same");
        assertThat(keys.of(message(event))).containsExactly("event", "/shop", "same");
        assertThat(keys.of(message(id))).containsExactly("id", "same");
    }

    @Test
    void whatIsNoMessageIsRefusedWithoutItsContent() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> keys.of("a secret"))
                .withMessageContaining("java.lang.String")
                .withMessageNotContaining("secret");
    }

    @Test
    void anApplicationThatHasItsNameKeepsIt() {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext(OwnName.class)) {
            assertThat(context.getBean("messageKeys")).isEqualTo("the application's");
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnName {

        @Bean
        String messageKeys() {
            return "the application's";
        }

        @Configuration(proxyBeanMethods = false)
        @EnableIdempotency
        static class Idempotency {}
    }

    private static Message<String> message(Map<String, Object> headers) {
        return new GenericMessage<>("content", headers);
    }
}
