/**
 * How a call is intercepted: an {@link io.idempotent.spring.interceptor.OperationSource} says what is declared for a
 * method, {@link io.idempotent.spring.interceptor.IdempotencySettings} what is configured, and one
 * {@link io.idempotent.spring.interceptor.IdempotencySupport} runs calls by it, under a proxy and under a woven aspect.
 *
 * <p>Depends on the core and on Spring's beans, context and AOP. Knows neither annotations nor expressions, which come in
 * by interfaces of this package.
 */
@NullMarked
package io.idempotent.spring.interceptor;

import org.jspecify.annotations.NullMarked;
