/**
 * The kill test: JVMs that share a store run operations, are killed at any moment and started again, and afterwards it
 * is looked at whether the promise held. What a JVM does on a store is a {@link io.idempotent.kill.Node}; a test of
 * another store brings its own {@link io.idempotent.kill.NodeFactory}.
 *
 * <p>Depends on {@code io.idempotent}, {@code codec}, {@code store}, {@code engine}, and of the tests' on {@code
 * server} and {@code transaction}; not on JUnit.
 */
@NullMarked
package io.idempotent.kill;

import org.jspecify.annotations.NullMarked;
