package io.idempotent.spring.messaging.amqp;

import static org.awaitility.Awaitility.await;

import io.idempotent.OnOneJdk;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.boot.amqp.autoconfigure.SimpleRabbitListenerContainerFactoryConfigurer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** With transactions, too: a transaction that Qpid rolls back does not end with what was delivered in it. */
@OnOneJdk("what a container does is no question of the JDK")
@EnabledIf("io.idempotent.spring.messaging.amqp.AmqpBroker#isRabbitMqInstalled")
class RabbitMqAnswersTest extends RabbitAnswersContract {

    RabbitMqAnswersTest() {
        super(AmqpBroker.RABBITMQ);
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "manual"})
    void aTransactedChannelGivesBackAndRejects(String mode) {
        AcknowledgingCaller listener = application
                .with("spring.rabbitmq.listener.simple.acknowledge-mode=" + mode, "mode=" + mode)
                .with(Transacted.class)
                .with(Slow.Service.class)
                .start(AcknowledgingCaller.class);
        Slow.Service service = application.bean(Slow.Service.class);
        application.send("same", "key");
        await().until(() -> service.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> listener.calls.get() > 10);
        service.end.countDown();
        await().until(() -> service.done.get() == 1);
        application.send("other", "key");

        assertDeadLetter("other");
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "manual"})
    void aTransactionOfAManagerIsRolledBackAndTheMessageDeliveredAgainOrRejected(String mode) {
        AcknowledgingCaller listener = application
                // The container acknowledges in either mode.
                .with("spring.rabbitmq.listener.simple.acknowledge-mode=" + mode, "mode=auto")
                .with(Managed.class)
                .with(Slow.Service.class)
                .start(AcknowledgingCaller.class);
        Slow.Service service = application.bean(Slow.Service.class);
        application.send("same", "key");
        await().until(() -> service.begun.get() == 1);
        application.send("same", "key");
        await().until(() -> listener.calls.get() > 10);
        service.end.countDown();
        await().until(() -> service.done.get() == 1);
        application.send("other", "key");

        assertDeadLetter("other");
    }

    @Configuration(proxyBeanMethods = false)
    static class Managed {

        @Bean
        SimpleRabbitListenerContainerFactory rabbitListenerContainerFactory(
                SimpleRabbitListenerContainerFactoryConfigurer configurer, ConnectionFactory connections) {
            SimpleRabbitListenerContainerFactory factory = new SimpleRabbitListenerContainerFactory();
            configurer.configure(factory, connections);
            factory.setTransactionManager(new DataSourceTransactionManager(
                    new DriverManagerDataSource("jdbc:h2:mem:managed;DB_CLOSE_DELAY=-1")));
            factory.setChannelTransacted(true);
            return factory;
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Transacted {

        @Bean
        SimpleRabbitListenerContainerFactory rabbitListenerContainerFactory(
                SimpleRabbitListenerContainerFactoryConfigurer configurer, ConnectionFactory connections) {
            SimpleRabbitListenerContainerFactory factory = new SimpleRabbitListenerContainerFactory();
            configurer.configure(factory, connections);
            factory.setChannelTransacted(true);
            return factory;
        }
    }
}
