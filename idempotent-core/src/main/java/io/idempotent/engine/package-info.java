/**
 * The state machine: claim a key, then replay its outcome, or run the operation and complete, release or abandon the key;
 * reconcile what was abandoned, or let people resolve it; record the steps of an operation; or do all but these in one transaction
 * of the store's. Usable without Spring: {@link io.idempotent.engine.IdempotencyEngine} is the entrance.
 *
 * <p>Depends on {@code io.idempotent}, {@code io.idempotent.store} and {@code io.idempotent.codec}. Nothing else in this
 * module may depend on it.
 */
@NullMarked
package io.idempotent.engine;

import org.jspecify.annotations.NullMarked;
