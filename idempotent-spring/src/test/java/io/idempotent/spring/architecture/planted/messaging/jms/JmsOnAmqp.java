package io.idempotent.spring.architecture.planted.messaging.jms;

import io.idempotent.spring.architecture.planted.messaging.amqp.AmqpOnInterceptor;

/** Breaks: one broker's library need not be there for another's. */
public final class JmsOnAmqp {

    AmqpOnInterceptor dependency;
}
