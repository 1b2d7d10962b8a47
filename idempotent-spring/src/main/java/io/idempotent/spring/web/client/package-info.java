/**
 * What HTTP clients send: idempotency keys, and the same request again where its answers allow. And what their failures
 * say of when to try again.
 *
 * <p>Depends on {@code io.idempotent}, {@code operation}, spring-core's retry, and spring-web, which is optional; the
 * filter of {@code WebClient} on spring-webflux, which is optional too. Needs nothing of servers.
 */
@NullMarked
package io.idempotent.spring.web.client;

import org.jspecify.annotations.NullMarked;
