/**
 * The outside world, simulated: a payment gateway that does what it is asked each time it is asked, slowly or not at all
 * if told so. It knows nothing of idempotency, so a call too many shows as a charge too many.
 */
@NullMarked
package io.idempotent.sample.gateway;

import org.jspecify.annotations.NullMarked;
