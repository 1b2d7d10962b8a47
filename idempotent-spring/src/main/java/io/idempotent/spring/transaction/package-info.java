/**
 * Calls that are made in a transaction: their records follow Spring's transactions, and atomic calls are claimed and
 * completed in them. The {@code @Transactional} attributes of the method, and whether a transaction is active when the
 * call begins, decide where its record goes.
 *
 * <p>Depends on {@code io.idempotent.spring.interceptor}, the core, Spring's transactions and, to record an outcome in
 * a transaction on JDBC, Spring's JDBC. Both are optional, and nobody depends on this package.
 */
@NullMarked
package io.idempotent.spring.transaction;

import org.jspecify.annotations.NullMarked;
