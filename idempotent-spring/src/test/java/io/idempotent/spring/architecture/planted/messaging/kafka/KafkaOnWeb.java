package io.idempotent.spring.architecture.planted.messaging.kafka;

import io.idempotent.spring.architecture.planted.web.WebOnExpression;

/** Breaks: listeners of Kafka know no endpoints. */
public final class KafkaOnWeb {

    WebOnExpression dependency;
}
