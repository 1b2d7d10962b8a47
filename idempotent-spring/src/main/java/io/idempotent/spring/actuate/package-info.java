/**
 * What operators ask and decide through Spring Boot's Actuator: an endpoint that lists, shows and settles records, and
 * the health of stores. Optional: needs {@code spring-boot-actuator} and {@code spring-boot-health}. Knows the
 * operations by their registry alone, however they are declared.
 */
@NullMarked
package io.idempotent.spring.actuate;

import org.jspecify.annotations.NullMarked;
