/**
 * The words of this library: what names a request, what it said, what running it or a step of it produced, and what can
 * go wrong.
 *
 * <p>Depends on nothing but JSpecify's annotations. Everything else in this library depends on this package.
 */
@NullMarked
package io.idempotent;

import org.jspecify.annotations.NullMarked;
