/**
 * The kill test of the recovery: orders of five steps are placed once by Spring applications that are killed in and
 * between the steps and while steps are undone. Nobody asks for an order again, and an independent ledger counts what
 * was really done and undone.
 */
@NullMarked
package io.idempotent.spring.recovery.kill;

import org.jspecify.annotations.NullMarked;
