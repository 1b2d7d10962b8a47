/** Acceptance tests: the sample as a client and as an audience see it, over HTTP and in a browser. */
@NullMarked
package io.idempotent.sample;

import org.jspecify.annotations.NullMarked;
