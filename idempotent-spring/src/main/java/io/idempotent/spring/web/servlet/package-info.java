/**
 * Endpoints on Spring MVC and a servlet container.
 *
 * <p>A method that is annotated with {@link io.idempotent.spring.web.IdempotentEndpoint} is claimed for by an
 * interceptor, where it is known which method is to handle the request, and its response recorded by a filter, wherever
 * that is made.
 *
 * <p>Depends on {@code web}, {@code operation}, {@code settings}, the engine, and on spring-webmvc and the servlet API,
 * which are optional.
 */
@NullMarked
package io.idempotent.spring.web.servlet;

import org.jspecify.annotations.NullMarked;
