/**
 * What is refused or said when an application starts, and the beans of the infrastructure.
 *
 * <p>Depends on {@code interceptor}, {@code operation} and {@code settings}.
 */
@NullMarked
package io.idempotent.spring.startup;

import org.jspecify.annotations.NullMarked;
