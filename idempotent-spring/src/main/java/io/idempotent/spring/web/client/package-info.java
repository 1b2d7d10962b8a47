/**
 * What HTTP clients send: idempotency keys, and the same request again where its answers allow.
 *
 * <p>Depends on {@code io.idempotent}, on spring-core's retry, and on spring-web, which is optional; on nothing of servers.
 */
@NullMarked
package io.idempotent.spring.web.client;

import org.jspecify.annotations.NullMarked;
