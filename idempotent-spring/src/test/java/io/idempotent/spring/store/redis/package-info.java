/** The store in Redis, tested against real servers. */
@NullMarked
package io.idempotent.spring.store.redis;

import org.jspecify.annotations.NullMarked;
