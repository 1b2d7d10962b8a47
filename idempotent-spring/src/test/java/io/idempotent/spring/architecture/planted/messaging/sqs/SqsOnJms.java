package io.idempotent.spring.architecture.planted.messaging.sqs;

import io.idempotent.spring.architecture.planted.messaging.jms.JmsOnAmqp;

/** Breaks: one broker's library need not be there for another's. */
public final class SqsOnJms {

    JmsOnAmqp dependency;
}
