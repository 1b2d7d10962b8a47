/**
 * Alerts that are raised once: a rule that is evaluated at a time raises one, however often its evaluation is
 * delivered. {@code AlertService} is all that a user of the library writes. Evaluations and alerts go over topics of
 * Kafka in the profile {@code kafka}, and are method calls in the others.
 */
@NullMarked
package io.idempotent.sample.alert;

import org.jspecify.annotations.NullMarked;
