/**
 * Orders that are placed once, over HTTP: who sends one again with the same {@code Idempotency-Key} gets the first
 * response again. {@code OrderController} is all that a user of the library writes; callers are told apart by Spring
 * Security.
 */
@NullMarked
package io.idempotent.sample.order;

import org.jspecify.annotations.NullMarked;
