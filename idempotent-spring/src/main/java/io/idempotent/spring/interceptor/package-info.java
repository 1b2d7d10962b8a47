/**
 * How the call of a method is intercepted: one {@link io.idempotent.spring.interceptor.IdempotencySupport} runs calls,
 * under a proxy and under a woven aspect.
 *
 * <p>Depends on {@code operation}, {@code settings}, the core and Spring's AOP. Knows neither annotations nor
 * expressions nor transactions, which come in by interfaces of this package.
 */
@NullMarked
package io.idempotent.spring.interceptor;

import org.jspecify.annotations.NullMarked;
