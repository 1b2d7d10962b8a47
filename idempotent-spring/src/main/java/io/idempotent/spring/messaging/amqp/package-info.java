/**
 * Listeners of AMQP 0-9-1.
 *
 * <p>Depends on {@code messaging}, {@code operation}, {@code settings}, the core and spring-rabbit, which is optional.
 */
@NullMarked
package io.idempotent.spring.messaging.amqp;

import org.jspecify.annotations.NullMarked;
