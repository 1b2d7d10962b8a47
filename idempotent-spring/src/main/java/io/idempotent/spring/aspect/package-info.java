/**
 * Interception by an aspect that is woven into classes, for {@code @EnableIdempotency(mode = ASPECTJ)}. The aspect
 * steps aside unless that mode has configured it.
 *
 * <p>Depends on {@code interceptor} and on AspectJ, which is optional.
 */
@NullMarked
package io.idempotent.spring.aspect;

import org.jspecify.annotations.NullMarked;
