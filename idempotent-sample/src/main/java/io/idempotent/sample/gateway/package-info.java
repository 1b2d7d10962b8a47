/**
 * The outside world, simulated: a payment gateway that does what it is asked each time it is asked, slowly or not at
 * all if told so. It knows nothing of idempotency, so a call too many shows as a charge too many. Its ledger is its
 * own, beside the store of the records: on the profiles that keep records, it keeps charges, and a process that is
 * killed takes neither along.
 */
@NullMarked
package io.idempotent.sample.gateway;

import org.jspecify.annotations.NullMarked;
