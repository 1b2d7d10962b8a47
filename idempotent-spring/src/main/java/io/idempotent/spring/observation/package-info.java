/**
 * Observes calls by Micrometer: one observation for each call, from before its key is known to its answer, and meters
 * of what stores keep in this JVM's memory. Spring Boot configures it where there is an {@code ObservationRegistry}.
 *
 * <p>Knows {@code operation} and {@code settings}, and nothing of how calls are intercepted.
 */
@NullMarked
package io.idempotent.spring.observation;

import org.jspecify.annotations.NullMarked;
