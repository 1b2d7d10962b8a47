/**
 * Finishes abandoned executions without their callers, and verifies what was recorded: the job of each node, and what
 * an operator asks for. How one execution is finished is known by its operation's {@link
 * io.idempotent.spring.operation.Recovery}.
 *
 * <p>Depends on {@code operation}, {@code settings}, {@code startup}, Caffeine and the core.
 */
@NullMarked
package io.idempotent.spring.recovery;

import org.jspecify.annotations.NullMarked;
