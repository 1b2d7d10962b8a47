/**
 * Listeners of messages: what an answer of an idempotent method means to the container that delivers the message, where
 * keys stand in messages, and the keys of messages that are sent. What is of one broker's library alone is in a package
 * of its own below.
 *
 * <p>Depends on {@code operation}, {@code settings}, the core and spring-messaging, which is optional.
 */
@NullMarked
package io.idempotent.spring.messaging;

import org.jspecify.annotations.NullMarked;
