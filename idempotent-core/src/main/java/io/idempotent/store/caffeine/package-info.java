/**
 * A store that keeps its records in the memory of one JVM, in a Caffeine cache:
 * {@link io.idempotent.store.caffeine.CaffeineIdempotencyStore}.
 *
 * <p>It protects the callers of one JVM only, and forgets everything when that JVM ends.
 *
 * <p>Depends on {@code io.idempotent.store}, {@code io.idempotent} and Caffeine only.
 */
@NullMarked
package io.idempotent.store.caffeine;

import org.jspecify.annotations.NullMarked;
