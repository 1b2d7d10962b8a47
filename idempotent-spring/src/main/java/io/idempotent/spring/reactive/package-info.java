/**
 * Methods that return a {@code Mono} or another type that Spring adapts to it, and suspending functions of Kotlin; what
 * repeats attempts that end later; and the way of the context to the threads that they run on.
 *
 * <p>Depends on {@code interceptor}, {@code startup}, the core and Reactor; on Micrometer's context propagation where
 * it is there.
 */
@NullMarked
package io.idempotent.spring.reactive;

import org.jspecify.annotations.NullMarked;
