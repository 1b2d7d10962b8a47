/**
 * A store in a relational database, by plain JDBC: {@link io.idempotent.store.jdbc.JdbcIdempotencyStore}.
 *
 * <p>It protects the callers of all JVMs that use the database, and keeps its records over restarts. The tables' SQL
 * lies beside the classes as {@code schema-postgresql.sql}, {@code schema-mariadb.sql} (MySQL, too) and {@code
 * schema-h2.sql}.
 *
 * <p>Depends on {@code io.idempotent.store}, {@code io.idempotent} and {@code java.sql} only.
 */
@NullMarked
package io.idempotent.store.jdbc;

import org.jspecify.annotations.NullMarked;
