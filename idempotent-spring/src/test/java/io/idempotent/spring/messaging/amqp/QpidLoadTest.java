package io.idempotent.spring.messaging.amqp;

import io.idempotent.OnOneJdk;

@OnOneJdk("what a container does is no question of the JDK")
class QpidLoadTest extends RabbitLoadContract {

    QpidLoadTest() {
        super(AmqpBroker.QPID);
    }
}
