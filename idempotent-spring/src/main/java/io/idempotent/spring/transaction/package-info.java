/**
 * What calls that are made in a transaction need: their records follow Spring's transactions, and atomic ones are
 * claimed and completed in them. Where a call's record goes is decided by the {@code @Transactional} attributes of its
 * method and by whether a transaction is active when it begins.
 *
 * <p>Depends on {@code io.idempotent.spring.interceptor}, the core, Spring's transactions and, where an outcome is
 * recorded in a transaction on JDBC, Spring's JDBC; both are optional, and nobody depends on this package.
 */
@NullMarked
package io.idempotent.spring.transaction;

import org.jspecify.annotations.NullMarked;
