/**
 * What is kept in the memory of one JVM, in a Caffeine cache.
 *
 * <ul>
 *   <li>{@link io.idempotent.store.caffeine.CaffeineIdempotencyStore} is a store: it protects the callers of one JVM
 *       only, and forgets everything when that JVM ends.
 *   <li>{@link io.idempotent.store.caffeine.CompletedRecordCache} stands in front of another store, so that a replay
 *       costs no round trip.
 * </ul>
 *
 * <p>Depends on {@code io.idempotent.store}, {@code io.idempotent} and Caffeine only.
 */
@NullMarked
package io.idempotent.store.caffeine;

import org.jspecify.annotations.NullMarked;
