/**
 * Which operations there are, however they are declared. The
 * {@link io.idempotent.spring.operation.OperationRegistry} makes them of what is declared and what is configured, and
 * chooses their stores; people work with their records by {@link io.idempotent.engine.IdempotencyRecords}.
 *
 * <p>Depends on {@code settings}, the core and Spring's beans and context.
 */
@NullMarked
package io.idempotent.spring.operation;

import org.jspecify.annotations.NullMarked;
