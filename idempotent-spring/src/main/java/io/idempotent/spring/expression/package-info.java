/**
 * Expressions over calls in the Spring Expression Language: parsed once, checked against the method's signature, and
 * compiled as far as that is safe and bounded.
 *
 * <p>Depends on {@code interceptor}.
 */
@NullMarked
package io.idempotent.spring.expression;

import org.jspecify.annotations.NullMarked;
