/**
 * Listeners of Kafka.
 *
 * <p>Depends on {@code messaging}, {@code settings}, the core and spring-kafka, which is optional.
 */
@NullMarked
package io.idempotent.spring.messaging.kafka;

import org.jspecify.annotations.NullMarked;
