/**
 * Transactions by JDBC alone, so that atomic operations are tested without a framework.
 *
 * <p>Depends on {@code io.idempotent}, {@code store} and {@code engine}; not on JUnit.
 */
@NullMarked
package io.idempotent.transaction;

import org.jspecify.annotations.NullMarked;
