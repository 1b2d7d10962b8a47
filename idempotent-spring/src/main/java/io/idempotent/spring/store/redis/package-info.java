/**
 * Keeps records in Redis, on the application's own connections.
 *
 * <p>Depends on {@code io.idempotent.store}, {@code io.idempotent} and on spring-data-redis, which is optional.
 */
@NullMarked
package io.idempotent.spring.store.redis;

import org.jspecify.annotations.NullMarked;
