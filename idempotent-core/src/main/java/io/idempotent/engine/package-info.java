/**
 * The state machine: claim a key, then replay its outcome, or run the operation and complete, release or abandon the
 * key. Usable without Spring: {@link io.idempotent.engine.IdempotencyEngine} is the entrance.
 *
 * <p>Inside, a call is admitted ({@code Admission}), opened ({@code OpenExecution}), run by a driver ({@code
 * BlockingCall}) and ended: {@code Ending} decides how, and {@code Settlement} tells the store. An atomic call ({@code
 * AtomicCalls}) does all of this in one transaction of the store's.
 *
 * <p>Depends on {@code io.idempotent}, {@code io.idempotent.store} and {@code io.idempotent.codec}. Nothing else in
 * this module may depend on it.
 */
@NullMarked
package io.idempotent.engine;

import org.jspecify.annotations.NullMarked;
