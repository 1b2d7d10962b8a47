/**
 * The kill test of steps: orders of four steps are placed by JVMs that are killed in and between the steps, and an
 * independent ledger counts what was really done. A test of another store brings its own {@link
 * io.idempotent.kill.order.StoreFactory}.
 *
 * <p>Depends on {@code io.idempotent}, {@code store}, {@code engine}, and of the tests' on {@code kill}; not on JUnit.
 */
@NullMarked
package io.idempotent.kill.order;

import org.jspecify.annotations.NullMarked;
