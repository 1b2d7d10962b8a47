/** What many records cost: the room that they take, and what it does to others when they are purged. */
@NullMarked
package io.idempotent.benchmarks.scale;

import org.jspecify.annotations.NullMarked;
