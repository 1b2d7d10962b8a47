/** Whole applications, processed ahead of time and then run by what was generated, each in a JVM of its own. */
@NullMarked
package io.idempotent.spring.aot;

import org.jspecify.annotations.NullMarked;
