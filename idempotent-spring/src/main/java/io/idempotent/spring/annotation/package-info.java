/**
 * What users type: {@link io.idempotent.spring.annotation.Idempotent} on methods, and
 * {@link io.idempotent.spring.annotation.EnableIdempotency} on a configuration without Spring Boot.
 *
 * <p>Depends on {@code interceptor} and {@code expression}.
 */
@NullMarked
package io.idempotent.spring.annotation;

import org.jspecify.annotations.NullMarked;
