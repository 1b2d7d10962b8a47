/**
 * Endpoints on Spring WebFlux.
 *
 * <p>A method that is annotated with {@link io.idempotent.spring.web.IdempotentEndpoint} is claimed for by a handler
 * adapter, where it is known which method is to handle the request, and its response recorded by a filter. No thread
 * waits for the store. Once a key is held, the work no longer depends on the connection: if the client goes away, the
 * handler goes on, and its response is recorded.
 *
 * <p>Depends on {@code web}, {@code operation}, {@code settings}, the engine, and on spring-webflux and Reactor, which
 * are optional.
 */
@NullMarked
package io.idempotent.spring.web.reactive;

import org.jspecify.annotations.NullMarked;
