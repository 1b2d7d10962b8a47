/**
 * What HTTP clients are answered: this library's exceptions as problem details of RFC 9457.
 *
 * <p>Depends on {@code io.idempotent} and on spring-web, which is optional.
 */
@NullMarked
package io.idempotent.spring.web;

import org.jspecify.annotations.NullMarked;
