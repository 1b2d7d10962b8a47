package io.idempotent.kill;

/**
 * The end of a JVM.
 *
 * @param process its id
 * @param before a moment before it was killed, in microseconds
 * @param after a moment at which it was dead
 */
public record Kill(long process, long before, long after) {}
