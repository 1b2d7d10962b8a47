/**
 * The sample of a load on an HTTP endpoint, with and without the annotation, over loopback: a server in a JVM of its
 * own, and clients that keep their connections.
 */
@NullMarked
package io.idempotent.benchmarks.load;

import org.jspecify.annotations.NullMarked;
