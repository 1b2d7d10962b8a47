package io.idempotent.spring.messaging.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.autoconfigure.IdempotencyAutoConfiguration;
import io.idempotent.spring.settings.IdempotencySettings;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.kafka.autoconfigure.KafkaAutoConfiguration;
import org.springframework.boot.kafka.autoconfigure.KafkaProperties;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.KafkaHandler;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.kafka.retrytopic.RetryTopicConfiguration;
import org.springframework.kafka.retrytopic.RetryTopicConfigurationBuilder;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.util.backoff.FixedBackOff;

/** What is refused or said of containers of Kafka when the application starts. No broker is needed for that. */
@ExtendWith(OutputCaptureExtension.class)
class KafkaContainersTest {

    private static final String GIVES_UP = "a record whose key is in progress may be lost";

    private static final String TRANSACTIONS = "has Kafka transactions";

    private final ApplicationContextRunner application = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(IdempotencyAutoConfiguration.class, KafkaAutoConfiguration.class))
            .withPropertyValues(
                    "spring.kafka.bootstrap-servers=localhost:1",
                    "spring.kafka.listener.auto-startup=false",
                    "spring.kafka.consumer.group-id=group");

    /** Other tests' applications turn the log off, which outlives them. */
    @BeforeAll
    static void log() {
        LoggingSystem.get(KafkaContainersTest.class.getClassLoader())
                .setLogLevel(KafkaContainers.class.getName(), LogLevel.WARN);
    }

    @ParameterizedTest
    @ValueSource(classes = {Texts.class, OfClass.class})
    void anIdempotentMethodIsRefusedInAContainerOfBatches(Class<?> listener) {
        application
                .withBean(listener)
                .withPropertyValues("spring.kafka.listener.type=batch")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOfSatisfying(IdempotencyConfigurationException.class, refusal -> {
                            assertThat(refusal)
                                    .hasMessageContaining(listener.getName() + ".on(List)")
                                    .hasMessageContaining("gets batches of messages");
                            assertThat(refusal.action()).contains("BatchListenerFailedException");
                        }));
    }

    @Test
    void anotherMethodIsNot() {
        application
                .withBean(Plain.class)
                .withBean(One.class)
                .withPropertyValues("spring.kafka.listener.type=batch", "batch=true")
                .run(context -> assertThat(context).hasNotFailed());
    }

    @ParameterizedTest
    @ValueSource(classes = {OwnInterval.class, OwnFactory.class})
    void pausesAreComparedWithTheIntervalOfTheContainersOwnConsumers(Class<?> listener) {
        application
                .withBean(listener)
                .withUserConfiguration(ShortInterval.class)
                .withPropertyValues("interval=10000", "idempotent.messaging.redelivery-max-delay=10s")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(IdempotencyConfigurationException.class)
                        .hasMessageContaining("max.poll.interval.ms = 10000"));
    }

    @Test
    void aHandlerThatGivesUpWhatIsInProgressIsSaidOnceForEachIdempotentMethod(CapturedOutput log) {
        application
                .withBean(One.class)
                .withBean(Plain.class)
                .withBean(DefaultErrorHandler.class)
                .run(context -> assertThat(warnings(log, GIVES_UP))
                        .singleElement()
                        .asString()
                        .contains(One.class.getName() + ".on(String)", DefaultErrorHandler.class.getName()));
    }

    @ParameterizedTest
    @ValueSource(classes = {OwnHandler.class, RetryTopics.class})
    void nothingIsSaidOfAHandlerThatIsMadeHereNorOfRetryTopics(Class<?> configuration, CapturedOutput log) {
        application
                .withUserConfiguration(configuration)
                .withBean(One.class)
                .run(context -> assertThat(context).hasNotFailed());

        assertThat(log).doesNotContain(GIVES_UP);
    }

    @Test
    void kafkaTransactionsThatTheRecordDoesNotFollowAreSaid(CapturedOutput log) {
        application
                .withBean(One.class)
                .withBean(Plain.class)
                .withPropertyValues("spring.kafka.producer.transaction-id-prefix=transaction")
                .run(context -> assertThat(context).hasNotFailed());

        assertThat(warnings(log, TRANSACTIONS))
                .singleElement()
                .asString()
                .contains(One.class.getName() + ".on(String)", "outbox");
        assertThat(log).doesNotContain(GIVES_UP);
    }

    private static List<String> warnings(CapturedOutput log, String part) {
        return log.toString().lines().filter(line -> line.contains(part)).toList();
    }

    static class Texts {
        @KafkaListener(topics = "topic")
        @Idempotent(key = "#all[0]")
        public void on(List<String> all) {}
    }

    @KafkaListener(topics = "topic")
    static class OfClass {
        @KafkaHandler
        @Idempotent(key = "#all[0]")
        public void on(List<String> all) {}
    }

    static class Plain {
        @KafkaListener(topics = "topic")
        public void on(List<String> all) {}
    }

    /** Spring Kafka does not resolve the placeholder, and takes it for false. */
    static class One {
        @KafkaListener(topics = "topic", batch = "${batch}")
        @Idempotent(key = "#one")
        public void on(String one) {}
    }

    static class OwnInterval {
        @KafkaListener(topics = "topic", properties = "max.poll.interval.ms=${interval}")
        @Idempotent(key = "#one")
        public void on(String one) {}
    }

    static class OwnFactory {
        @KafkaListener(topics = "topic", containerFactory = "own")
        @Idempotent(key = "#one")
        public void on(String one) {}
    }

    @Configuration(proxyBeanMethods = false)
    static class ShortInterval {

        @Bean
        ConcurrentKafkaListenerContainerFactory<Object, Object> own(
                KafkaProperties properties, @Value("${interval}") int interval) {
            Map<String, Object> consumer = properties.buildConsumerProperties();
            consumer.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, interval);
            ConcurrentKafkaListenerContainerFactory<Object, Object> factory =
                    new ConcurrentKafkaListenerContainerFactory<>();
            factory.setConsumerFactory(new DefaultKafkaConsumerFactory<>(consumer));
            factory.setAutoStartup(false);
            return factory;
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnHandler {

        @Bean
        DefaultErrorHandler handler(IdempotencySettings settings) {
            return IdempotencyErrorHandlers.errorHandler(null, new FixedBackOff(1, 1), settings.messaging());
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class RetryTopics {

        @Bean
        TaskScheduler scheduler() {
            return new ThreadPoolTaskScheduler();
        }

        @Bean
        RetryTopicConfiguration retries(KafkaTemplate<?, ?> template) {
            return RetryTopicConfigurationBuilder.newInstance()
                    .doNotAutoCreateRetryTopics()
                    .create(template);
        }
    }
}
