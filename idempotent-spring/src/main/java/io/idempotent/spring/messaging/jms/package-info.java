/**
 * Listeners of JMS.
 *
 * <p>Depends on {@code messaging}, {@code operation}, {@code settings}, the core and spring-jms, which is optional.
 */
@NullMarked
package io.idempotent.spring.messaging.jms;

import org.jspecify.annotations.NullMarked;
