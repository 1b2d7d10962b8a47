/** Tests of calls in transactions. */
@NullMarked
package io.idempotent.spring.transaction;

import org.jspecify.annotations.NullMarked;
