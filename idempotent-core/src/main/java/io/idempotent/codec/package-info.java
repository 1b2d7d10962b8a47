/**
 * Turns outcomes into the form in which a store keeps them and back, and requests into fingerprints.
 *
 * <p>Depends on {@code io.idempotent} only. {@code JacksonOutcomeCodec} and {@code CanonicalJson} need Jackson 3.
 */
@NullMarked
package io.idempotent.codec;

import org.jspecify.annotations.NullMarked;
