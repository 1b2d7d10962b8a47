/**
 * The story: payments that are charged once. {@code PaymentService} is all that a user of the library writes; the
 * gateway that it calls, the page that shows it happening, orders that are placed once, and alerts that are raised once
 * have packages of their own.
 */
@NullMarked
package io.idempotent.sample;

import org.jspecify.annotations.NullMarked;
