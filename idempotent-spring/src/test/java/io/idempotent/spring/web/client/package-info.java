/** Clients that send idempotency keys, against a real server. */
@NullMarked
package io.idempotent.spring.web.client;

import org.jspecify.annotations.NullMarked;
