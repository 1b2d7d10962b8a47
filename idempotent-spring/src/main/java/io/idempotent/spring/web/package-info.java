/**
 * HTTP endpoints that are idempotent for their clients, and what clients are answered: this library's exceptions as problem details
 * of RFC 9457.
 *
 * <p>A method that is annotated with {@link io.idempotent.spring.web.IdempotentEndpoint} is claimed for by an interceptor, where it
 * is known which method is to handle the request, and its response recorded by a filter, wherever that is made.
 *
 * <p>Depends on {@code io.idempotent}, its engine, the package {@code interceptor}, and on spring-webmvc and the servlet API, which
 * are optional; JSON is compared by Jackson 3 where it is there.
 */
@NullMarked
package io.idempotent.spring.web;

import org.jspecify.annotations.NullMarked;
