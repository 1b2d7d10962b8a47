/**
 * The real servers that tests run on, started by whoever asks first and stopped when the JVM ends, and a proxy that
 * cuts and delays the connections to them.
 *
 * <p>Depends on the servers' libraries and drivers; only {@link io.idempotent.server.NeedsServer} knows JUnit, so that
 * a program that is not a test can start a server, too.
 */
@NullMarked
package io.idempotent.server;

import org.jspecify.annotations.NullMarked;
