package io.idempotent.spring.messaging.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.awspring.cloud.sqs.annotation.SqsListener;
import io.awspring.cloud.sqs.config.SqsMessageListenerContainerFactory;
import io.awspring.cloud.sqs.listener.SqsMessageListenerContainer;
import io.awspring.cloud.sqs.operations.SqsTemplate;
import io.awspring.cloud.sqs.support.converter.SqsMessagingMessageConverter;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.OnOneJdk;
import io.idempotent.codec.CanonicalFingerprinter;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.messaging.MessageKeys;
import io.idempotent.spring.settings.MessagingSettings;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.support.MessageBuilder;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;

/** Messages of SQS: their keys, what of them counts, the keys of those that are sent, and which listeners there are. */
@OnOneJdk("what messages carry is no question of the JDK")
class SqsMessagesTest {

    private static final String ID = "3f2a6c5e-0d0e-4e55-9d55-0a2f6a3d3c01";

    private final Message message =
            Message.builder().messageId(ID).receiptHandle("handle").body("a").build();

    private final SqsMessagingMessageConverter converter = new SqsMessagingMessageConverter();

    private static MessageAttributeValue text(String value) {
        return MessageAttributeValue.builder()
                .dataType("String")
                .stringValue(value)
                .build();
    }

    private static MessageAttributeValue bytes(String value) {
        return MessageAttributeValue.builder()
                .dataType("Binary")
                .binaryValue(SdkBytes.fromUtf8String(value))
                .build();
    }

    @Test
    void aMessageIsWhatItsBodyIsWhateverItsAttributesAre() {
        CanonicalFingerprinter fingerprinter = CanonicalFingerprinter.create();
        Message again = message.toBuilder()
                .receiptHandle("another")
                .messageAttributes(Map.of("trace", text("x")))
                .build();

        assertThat(fingerprinter.fingerprint(List.of(message)))
                .isEqualTo(fingerprinter.fingerprint(List.of(again)))
                .isNotEqualTo(fingerprinter.fingerprint(
                        List.of(message.toBuilder().body("b").build())));
    }

    @Test
    void aMessageHasTheKeyOfItsAttributesOrElseItsIdAsTheSpringMessageThatIsMadeOfIt() {
        try (var context = new AnnotationConfigApplicationContext(Enabled.class)) {
            MessageKeys keys = context.getBean(MessageKeys.class);
            List<Message> withKeys = List.of(
                    message.toBuilder()
                            .messageAttributes(Map.of(MessageKeys.HEADER, text("k")))
                            .build(),
                    message.toBuilder()
                            .messageAttributes(Map.of(MessageKeys.HEADER, bytes("k")))
                            .build());
            for (Message one : withKeys) {
                assertThat(keys.of(one)).containsExactly("key", "k");
                assertThat(keys.of(converter.toMessagingMessage(one, null))).containsExactly("key", "k");
            }
            Message event = message.toBuilder()
                    .messageAttributes(Map.of("ce-source", text("/shop"), "ce-id", text("e-1")))
                    .build();
            assertThat(keys.of(event)).containsExactly("event", "/shop", "e-1");
            assertThat(keys.of(converter.toMessagingMessage(event, null))).containsExactly("event", "/shop", "e-1");

            assertThat(keys.of(message)).containsExactly("id", ID);
            assertThat(keys.delivery(message)).isNull();
            // An interceptor may make another message of it, which has another id.
            assertThat(keys.of(MessageBuilder.fromMessage(converter.toMessagingMessage(message, null))
                            .build()))
                    .containsExactly("id", ID);
        }
    }

    @Test
    void whatAnExecutionSendsHasItsKeysAndOtherMessagesHaveNone() {
        String queue = "q-" + UUID.randomUUID();
        ElasticMq.create(queue, Map.of());
        try (var context = new AnnotationConfigApplicationContext(Enabled.class, Sender.class)) {
            Sender sender = context.getBean(Sender.class);
            sender.sendAll("k", queue);
            List<String> keys = new ArrayList<>();
            for (int index = 0; index < 3; index++) {
                keys.add(received(queue).stringValue());
            }
            assertThat(keys).contains("its own").doesNotHaveDuplicates();

            sender.send(queue);
            assertThat(received(queue)).isNull();
        }
    }

    private static MessageAttributeValue received(String queue) {
        return ElasticMq.receive(queue).messageAttributes().get(MessageKeys.HEADER);
    }

    @ParameterizedTest
    @ValueSource(classes = {BatchOfMessages.class, BatchOfTexts.class})
    void anIdempotentMethodThatGetsBatchesIsRefused(Class<?> listener) {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> new AnnotationConfigApplicationContext(Enabled.class, listener))
                .withMessageContaining("gets batches of messages")
                .satisfies(refusal -> assertThat(refusal.action()).contains("BatchAcknowledgement"));
    }

    @Test
    void aContainerIsConfiguredOnce() {
        SqsMessageListenerContainerFactory<Object> factory = new SqsMessageListenerContainerFactory<>();
        factory.setSqsAsyncClient(ElasticMq.CLIENT);
        factory.setMessageListener(received -> {});
        SqsMessageListenerContainer<Object> container = IdempotencyErrorHandlers.configure(
                        factory, MessagingSettings.DEFAULTS, null)
                .createContainer("queue");
        var handler = container.getErrorHandler();
        assertThat(handler).isInstanceOf(AnsweringErrorHandler.class);

        IdempotencyErrorHandlers.configure(container, MessagingSettings.DEFAULTS, null);
        assertThat(container.getErrorHandler()).isSameAs(handler);
    }

    @Test
    void aDeadLetterQueueWithoutAClientIsRefused() {
        SqsMessageListenerContainer<Object> container = new SqsMessageListenerContainer<>(ElasticMq.CLIENT);
        container.setMessageListener(received -> {});
        MessagingSettings settings = new MessagingSettings(null, null, null, null, null, null, "dead");

        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> IdempotencyErrorHandlers.configure(container, settings, null))
                .withMessageContaining("sqs-dead-letter-queue is dead");
    }

    @Test
    void withoutSpringCloudAwsThereAreNoListenersOfIt() throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try {
            thread.setContextClassLoader(new WithoutAws(before));
            Class<?> without = Class.forName(WithoutSqs.class.getName(), true, thread.getContextClassLoader());
            assertThat(without.getMethod("run").invoke(null)).isEqualTo("paid, kinds: 3");
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /** Knows neither Spring Cloud AWS nor the SDK, and has this library's classes anew. */
    private static final class WithoutAws extends ClassLoader {

        WithoutAws(ClassLoader parent) {
            super(parent);
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("io.awspring.") || name.startsWith("software.amazon.")) {
                throw new ClassNotFoundException(name);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                if (loaded != null) {
                    return loaded;
                }
                return name.startsWith("io.idempotent.") ? findClass(name) : super.loadClass(name, resolve);
            }
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            try (InputStream file = getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (file == null) {
                    throw new ClassNotFoundException(name);
                }
                byte[] bytes = file.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException failure) {
                throw new ClassNotFoundException(name, failure);
            }
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {

        @Bean
        SqsTemplate sqsTemplate() {
            return SqsTemplate.newTemplate(ElasticMq.CLIENT);
        }
    }

    static class Sender {

        private final SqsTemplate template;

        Sender(SqsTemplate template) {
            this.template = template;
        }

        @Idempotent(key = "#key")
        public void sendAll(String key, String queue) {
            IdempotencyKeyPostProcessor keys = new IdempotencyKeyPostProcessor(queue);
            send(queue);
            template.send(
                    queue,
                    keys.postProcessMessage(MessageBuilder.withPayload("b").build()));
            template.send(
                    queue,
                    keys.postProcessMessage(MessageBuilder.withPayload("c")
                            .setHeader(MessageKeys.HEADER, "its own")
                            .build()));
        }

        public void send(String queue) {
            IdempotencyKeyPostProcessor keys = new IdempotencyKeyPostProcessor(queue);
            template.<String>send(to -> keys.add(to.queue(queue).payload("a")));
        }
    }

    static class BatchOfMessages {

        @SqsListener("any")
        @Idempotent(key = "#messages.size()")
        public void on(List<org.springframework.messaging.Message<String>> messages) {}
    }

    static class BatchOfTexts {

        @SqsListener("any")
        @Idempotent(key = "#texts.size()")
        public void on(List<String> texts) {}
    }
}
