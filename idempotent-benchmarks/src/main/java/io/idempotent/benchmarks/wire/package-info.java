/**
 * What calls put on the wire. Knows the servers and those who claim on them, and the tests' proxy, which counts.
 */
@NullMarked
package io.idempotent.benchmarks.wire;

import org.jspecify.annotations.NullMarked;
