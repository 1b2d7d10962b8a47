/**
 * What a store of idempotency records has to do: {@link io.idempotent.store.IdempotencyStore}, whose documentation
 * holds the state machine, and the values that it takes and gives.
 *
 * <p>Depends on {@code io.idempotent} only.
 */
@NullMarked
package io.idempotent.store;

import org.jspecify.annotations.NullMarked;
