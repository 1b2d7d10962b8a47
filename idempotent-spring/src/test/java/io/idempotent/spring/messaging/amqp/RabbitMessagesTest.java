package io.idempotent.spring.messaging.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import io.idempotent.spring.messaging.MessageKeys;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.rabbit.annotation.RabbitHandler;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.config.DirectRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Messages of AMQP: their keys, what of them counts, and the keys of those that are sent. */
class RabbitMessagesTest {

    private static Message message(String body, String trace, @Nullable String key) {
        Message message = new Message(body.getBytes(StandardCharsets.UTF_8));
        message.getMessageProperties().setMessageId("id of " + body);
        message.getMessageProperties().setHeader("trace", trace);
        if (key != null) {
            message.getMessageProperties().setHeader(MessageKeys.HEADER, key);
        }
        return message;
    }

    @Test
    void aMessageHasTheKeyOfItsHeaderOrElseItsId() {
        try (var context = new AnnotationConfigApplicationContext(Enabled.class)) {
            MessageKeys keys = context.getBean(MessageKeys.class);
            assertThat(keys.of(message("a", "x", "k"))).containsExactly("key", "k");
            assertThat(keys.of(message("a", "x", null))).containsExactly("id", "id of a");
            assertThat(keys.delivery(message("a", "x", "k"))).isNull();
        }
    }

    @Test
    void aMessageIsWhatItsBodyIsWhateverItsHeadersAre() {
        try (var context = new AnnotationConfigApplicationContext(Enabled.class, Listener.class)) {
            Listener listener = context.getBean(Listener.class);
            Message first = message("a", "x", "k");
            Message again = message("a", "y", "k");
            listener.on(first, first.getMessageProperties());
            listener.on(again, again.getMessageProperties());
            Message other = message("b", "x", "k");
            assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                    .isThrownBy(() -> listener.on(other, other.getMessageProperties()));
            assertThat(listener.seen()).containsExactly(first);
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {DeclaredBatch.class, ListOfMessages.class, ListOfSpringMessages.class})
    void aListenerOfBatchesIsRefusedWithAdvice(Class<?> listener) {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> new AnnotationConfigApplicationContext(Enabled.class, listener).close())
                .withMessageContaining("gets batches of messages")
                .withMessageContaining("call an idempotent method of another bean for each message");
    }

    @ParameterizedTest
    @ValueSource(classes = {Bodies.class, BodiesOfClass.class, BodiesOfFactory.class})
    void anIdempotentMethodIsRefusedInAContainerOfBatches(Class<?> listener) {
        new ApplicationContextRunner()
                .withConfiguration(
                        AutoConfigurations.of(IdempotencyAutoConfiguration.class, RabbitAutoConfiguration.class))
                .withPropertyValues("spring.rabbitmq.listener.simple.consumer-batch-enabled=true")
                .withUserConfiguration(OwnFactory.class)
                .withBean(listener)
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(IdempotencyConfigurationException.class)
                        .hasMessageContaining("gets batches of messages")
                        .hasMessageContaining("call an idempotent method of another bean for each message"));
    }

    @Test
    void whatAnExecutionSendsHasTheSameKeysEachTimeAndOthersForEachPlaceAndMessage() {
        try (var context = new AnnotationConfigApplicationContext(Enabled.class, Sender.class)) {
            Sender sender = context.getBean(Sender.class);
            assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> sender.send("k"));
            sender.send("k");
            List<String> keys = sender.sent();
            assertThat(keys).hasSize(8);
            assertThat(keys.subList(0, 4)).doesNotHaveDuplicates().isEqualTo(keys.subList(4, 8));
            assertThat(keys.get(3)).isEqualTo("its own");
        }
    }

    @Test
    void whatIsSentOutsideOfAnExecutionHasNone() {
        Message sent =
                new IdempotencyKeyPostProcessor().postProcessMessage(message("a", "x", null), null, "exchange", "key");
        assertThat(sent.getMessageProperties().getHeaders()).doesNotContainKey(MessageKeys.HEADER);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    static class Listener {

        private final List<Message> seen = new ArrayList<>();

        public List<Message> seen() {
            return seen;
        }

        @RabbitListener
        @Idempotent(key = "@messageKeys.of(#message)")
        public void on(Message message, MessageProperties properties) {
            seen.add(message);
        }
    }

    static class DeclaredBatch {

        @RabbitListener(batch = "true")
        @Idempotent(key = "#bodies")
        public void on(List<String> bodies) {}
    }

    static class ListOfMessages {

        @RabbitListener
        @Idempotent(key = "#messages.size()")
        public void on(List<Message> messages) {}
    }

    static class ListOfSpringMessages {

        @RabbitListener
        @Idempotent(key = "#messages.size()")
        public void on(List<org.springframework.messaging.Message<String>> messages) {}
    }

    static class Bodies {

        @RabbitListener(queues = "none")
        @Idempotent(key = "#bodies")
        public void on(List<String> bodies) {}
    }

    @RabbitListener(queues = "none")
    static class BodiesOfClass {

        @RabbitHandler
        @Idempotent(key = "#bodies")
        public void on(List<String> bodies) {}
    }

    static class BodiesOfFactory {

        @RabbitListener(queues = "none", containerFactory = "direct")
        @Idempotent(key = "#bodies")
        public void on(List<String> bodies) {}
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnFactory {

        @Bean
        DirectRabbitListenerContainerFactory direct(ConnectionFactory connections) {
            DirectRabbitListenerContainerFactory factory = new DirectRabbitListenerContainerFactory();
            factory.setConnectionFactory(connections);
            factory.setBatchListener(true);
            return factory;
        }
    }

    static class Sender {

        private final List<String> sent = new ArrayList<>();
        private final IdempotencyKeyPostProcessor keys = new IdempotencyKeyPostProcessor();
        private boolean fails = true;

        public List<String> sent() {
            return sent;
        }

        @Idempotent(key = "#key")
        public void send(String key) {
            send("here", null);
            send("here", null);
            send("there", null);
            send("there", "its own");
            if (fails) {
                fails = false;
                throw new IllegalStateException("fails");
            }
        }

        private void send(String place, @Nullable String key) {
            sent.add(keys.postProcessMessage(message("a", "x", key), null, "exchange", place)
                    .getMessageProperties()
                    .getHeader(MessageKeys.HEADER));
        }
    }
}
