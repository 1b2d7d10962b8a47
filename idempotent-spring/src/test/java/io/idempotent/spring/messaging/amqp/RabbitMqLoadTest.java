package io.idempotent.spring.messaging.amqp;

import io.idempotent.OnOneJdk;
import org.junit.jupiter.api.condition.EnabledIf;

@OnOneJdk("what a container does is no question of the JDK")
@EnabledIf("io.idempotent.spring.messaging.amqp.AmqpBroker#isRabbitMqInstalled")
class RabbitMqLoadTest extends RabbitLoadContract {

    RabbitMqLoadTest() {
        super(AmqpBroker.RABBITMQ);
    }
}
