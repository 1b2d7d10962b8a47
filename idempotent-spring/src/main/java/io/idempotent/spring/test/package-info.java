/**
 * For the tests of applications: time that a test moves, and counts of what became of calls.
 *
 * <p>Depends on the core and on Spring's context; nothing depends on it.
 */
@NullMarked
package io.idempotent.spring.test;

import org.jspecify.annotations.NullMarked;
